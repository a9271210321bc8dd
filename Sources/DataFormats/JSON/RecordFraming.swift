import FileStorage

/// Cuts a text into blocks of whole records, piece after piece as the text comes in.
///
/// `frame` is given the text from where it stopped the last time, and takes as many whole records as there are.
protocol RecordFraming {
  /// What was cut off the text.
  typealias Cut = (blocks: [FramedBlock], consumed: Int, fault: RecordBlock.Fault?)
  /// Cuts `text` into blocks of about `blockBytes`; `isEnd` says that no more text comes.
  ///
  /// A fault in the text between records comes behind all blocks.
  mutating func frame(_ text: UnsafeRawBufferPointer, blockBytes: Int, isEnd: Bool) -> Cut
}

/// A range of the text with whole records.
struct FramedBlock {
  var range: Range<Int>
  /// Records of an array, relative to the range; nil where each line is a record.
  var pieces: [RecordBlock.Piece]?
  /// Lines that are begun before the block and after the one before.
  var linesBefore: UInt64 = 0
  /// Lines that the range ends; nil where the parser counts them.
  var lines: UInt64?
  /// Records that are left out before the block.
  var recordsBefore: UInt64 = 0
}

/// Every line that is not blank is a record.
struct LineFraming: RecordFraming {
  /// Records to leave out.
  var skip: UInt64

  mutating func frame(_ text: UnsafeRawBufferPointer, blockBytes: Int, isEnd: Bool) -> Cut {
    let end = isEnd ? text.count : unsafe TextSearch.lastNewline(text, before: text.count) + 1
    var blocks: [FramedBlock] = []
    var start = 0
    var linesBefore: UInt64 = 0
    var recordsBefore: UInt64 = 0
    while skip > 0, start < end {
      let newline = unsafe TextSearch.newline(text, from: start)
      linesBefore += 1
      if unsafe !TextSearch.isBlank(text, from: start, to: newline) {
        skip -= 1
        recordsBefore += 1
      }
      start = min(end, newline + 1)
    }
    while start < end {
      let target = start.addingReportingOverflow(blockBytes)
      var stop = end
      if !target.overflow, target.partialValue < end {
        stop = min(end, unsafe TextSearch.newline(text, from: target.partialValue) + 1)
      }
      blocks.append(FramedBlock(range: start..<stop, linesBefore: linesBefore, recordsBefore: recordsBefore))
      (linesBefore, recordsBefore) = (0, 0)
      start = stop
    }
    if linesBefore > 0 {
      blocks.append(FramedBlock(range: end..<end, linesBefore: linesBefore, recordsBefore: recordsBefore))
    }
    return (blocks, end, nil)
  }
}

/// The text is one array of objects.
struct ArrayFraming: RecordFraming {
  private enum State { case start, first, behindElement, behindComma, end }

  /// Records to leave out.
  var skip: UInt64
  private var state = State.start
  private var records: UInt64 = 0

  init(skip: UInt64) { self.skip = skip }

  mutating func frame(_ text: UnsafeRawBufferPointer, blockBytes: Int, isEnd: Bool) -> Cut {
    var blocks: [FramedBlock] = []
    var open: FramedBlock?
    // Lines ended since the last finished block, and of those the ones before the open block.
    var lines: UInt64 = 0
    var recordsBefore: UInt64 = 0
    var place = 0
    var consumed = 0
    func close() {
      guard var block = open else { return }
      block.lines = lines - block.linesBefore
      blocks.append(block)
      open = nil
      lines = 0
    }
    func finish(_ fault: RecordFailure?) -> Cut {
      close()
      if lines > 0 || recordsBefore > 0 {
        blocks.append(
          FramedBlock(
            range: consumed..<consumed, pieces: [], linesBefore: lines, lines: 0, recordsBefore: recordsBefore
          ))
      }
      let record: UInt64 = fault?.code == .recordNotObject ? 1 : 0
      return (
        blocks, consumed,
        fault.map { RecordBlock.Fault(failure: $0, start: consumed, line: 1, record: record) }
      )
    }
    while true {
      while place < text.count, unsafe TextSearch.isSpace(text[place]) {
        if unsafe text[place] == 0x0A { lines += 1 }
        place += 1
      }
      consumed = place
      guard place < text.count else { return finish(isEnd ? endFailure() : nil) }
      let byte = unsafe text[place]
      switch (state, byte) {
      case (.start, UInt8(ascii: "[")): state = .first
      case (.first, UInt8(ascii: "]")), (.behindElement, UInt8(ascii: "]")): state = .end
      case (.behindElement, UInt8(ascii: ",")): state = .behindComma
      case (.first, UInt8(ascii: "{")), (.behindComma, UInt8(ascii: "{")):
        let linesAtStart = lines
        guard
          let stop = unsafe ArrayFraming.elementEnd(text, from: place, &lines) ?? (isEnd ? text.count : nil)
        else {
          lines = linesAtStart
          return finish(nil)
        }
        state = .behindElement
        records += 1
        if skip > 0 {
          skip -= 1
          recordsBefore += 1
        } else {
          if open == nil {
            open = FramedBlock(
              range: place..<stop, pieces: [], linesBefore: linesAtStart, recordsBefore: recordsBefore)
            recordsBefore = 0
          }
          if var block = open {
            let start = block.range.lowerBound
            block.pieces?.append(
              RecordBlock.Piece(range: place - start..<stop - start, line: linesAtStart - block.linesBefore))
            block.range = start..<stop
            open = block
            if block.range.count >= blockBytes { close() }
          }
        }
        place = stop
        consumed = place
        continue
      default: return finish(unsafe failure(UnsafeRawBufferPointer(rebasing: text[place...])))
      }
      place += 1
      consumed = place
    }
  }

  private func endFailure() -> RecordFailure? {
    switch state {
    case .end: nil
    case .start:
      RecordFailure(.emptyFile, at: 0, expected: "an array of records", found: "nothing but white space")
    case .first, .behindElement, .behindComma:
      RecordFailure(
        .truncatedFile, at: 0, expected: "the closing bracket of the array",
        found: "the end of the file after \(records) records", hint: "the file was not written to its end")
    }
  }

  private func failure(_ rest: UnsafeRawBufferPointer) -> RecordFailure {
    let scanner = unsafe JSONScanner(rest)
    let found = scanner.excerpt(from: 0)
    switch state {
    case .start:
      return RecordFailure(
        .jsonSyntax, at: 0, expected: "the opening bracket of an array of records", found: found,
        hint: unsafe rest.first == UInt8(ascii: "{") ? "for one record on each line say --from jsonl" : nil)
    case .end: return RecordFailure(.jsonTrailing, at: 0, expected: "the end of the file", found: found)
    case .behindElement: return RecordFailure(.jsonSyntax, at: 0, expected: "',' or ']'", found: found)
    case .first, .behindComma:
      return RecordFailure(
        .recordNotObject, at: 0, expected: "a record: a JSON object with id and vector", found: found)
    }
  }

  /// Finds the end of the object that begins at `start`, by braces outside strings; nil when the text ends first.
  ///
  /// What lies in it is for the parser to judge. Adds the newlines on the way to `lines`.
  private static func elementEnd(_ text: UnsafeRawBufferPointer, from start: Int, _ lines: inout UInt64)
    -> Int?
  {
    let count = text.count
    var place = start
    var depth = 0
    while place < count {
      // Numbers and most text hold none of the bytes that matter.
      if count &- place >= 8 {
        let word = unsafe UInt64(littleEndian: text.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        let marks =
          TextSearch.zeroBytes(word ^ 0x2222_2222_2222_2222)
          | TextSearch.zeroBytes(word ^ 0x7B7B_7B7B_7B7B_7B7B)
          | TextSearch.zeroBytes(word ^ 0x7D7D_7D7D_7D7D_7D7D)
          | TextSearch.zeroBytes(word ^ 0x0A0A_0A0A_0A0A_0A0A)
        if marks == 0 {
          place &+= 8
          continue
        }
        place &+= marks.trailingZeroBitCount >> 3
      }
      switch unsafe text[place] {
      case UInt8(ascii: "{"): depth &+= 1
      case UInt8(ascii: "}"):
        depth &-= 1
        if depth == 0 { return place &+ 1 }
      case UInt8(ascii: "\""):
        guard let end = unsafe stringEnd(text, from: place &+ 1, &lines) else { return nil }
        place = end
      case 0x0A: lines &+= 1
      default: break
      }
      place &+= 1
    }
    return nil
  }

  /// The closing quote of the string that begins at `start`; nil when the text ends first.
  private static func stringEnd(_ text: UnsafeRawBufferPointer, from start: Int, _ lines: inout UInt64)
    -> Int?
  {
    var place = start
    while place < text.count {
      switch unsafe text[place] {
      case UInt8(ascii: "\""): return place
      case UInt8(ascii: "\\"): place &+= 1
      case 0x0A: lines &+= 1
      default: break
      }
      place &+= 1
    }
    return nil
  }
}
