import FileStorage
import MetadataFilters

/// A piece of a source with whole records, and the rows that one thread makes of it.
///
/// `Sendable`: the reader fills it before the parallel loop and reads it afterwards; in between one thread uses it.
@safe
final class RecordBlock: @unchecked Sendable {
  /// One record of a JSON array.
  struct Piece {
    var range: Range<Int>
    /// The line on which it begins, from 0 at the start of the block.
    var line: UInt64
  }

  /// The first fault of a block.
  struct Fault {
    var failure: RecordFailure
    /// Where the failure's offset 0 lies in the block.
    var start: Int
    /// The line of `start`, from 1 at the start of the block.
    var line: UInt64
    /// From 1 in the block; 0 where no record is concerned.
    var record: UInt64
  }

  /// The text; valid until the reader fills its buffer again.
  var text = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where the text begins in the source.
  var base: UInt64 = 0
  /// Records of an array in order; nil where each line is a record.
  var pieces: [Piece]?
  /// The rows before the first fault.
  var rows = RecordRows()
  /// The first fault.
  var fault: Fault?
  /// Lines in the text; known only without a fault.
  var lineCount: UInt64 = 0
  /// Records in the text, skipped ones included; known only without a fault.
  var recordCount: UInt64 = 0
  private var parser: RecordParser

  init(_ shape: RecordShape) { parser = RecordParser(shape) }

  /// Makes rows of the text.
  func parse(dimension: Int?) {
    rows.reset(dimension: dimension, idType: parser.shape.idType)
    fault = nil
    if let pieces { parsePieces(pieces) } else { parseLines() }
  }

  private func parseLines() {
    lineCount = 0
    recordCount = 0
    var start = 0
    while unsafe start < text.count {
      let end = unsafe TextSearch.newline(text, from: start)
      lineCount += 1
      if unsafe !TextSearch.isBlank(text, from: start, to: end) {
        recordCount += 1
        guard parse(start..<end, line: lineCount) else { return }
      }
      start = end + 1
    }
  }

  private func parsePieces(_ pieces: [Piece]) {
    recordCount = 0
    for piece in pieces {
      recordCount += 1
      guard parse(piece.range, line: piece.line + 1) else { return }
    }
  }

  /// Makes a row of one record; false when it has a fault.
  private func parse(_ range: Range<Int>, line: UInt64) -> Bool {
    guard range.count <= parser.shape.maximumRecordBytes else {
      let failure = RecordFailure(
        .lineTooLong, at: 0, expected: "a record of at most \(parser.shape.maximumRecordBytes) bytes",
        found: "a longer one",
        hint: "is each record on a line of its own?")
      fault = Fault(failure: failure, start: range.lowerBound, line: line, record: recordCount)
      return false
    }
    do throws(RecordFailure) {
      try unsafe parser.parse(
        UnsafeRawBufferPointer(rebasing: text[range]),
        position: SourcePosition(line: line, record: recordCount),
        into: &rows)
      return true
    } catch {
      if error.code == .notFinite, parser.shape.rules.skipsNotFinite {
        rows.skipped += 1
        return true
      }
      var failure = error
      if pieces == nil, failure.hint == nil, failure.offset >= range.count {
        failure.hint = "each record stands on one line; for a JSON array of records say --from json"
      }
      fault = Fault(failure: failure, start: range.lowerBound, line: line, record: recordCount)
      return false
    }
  }
}

/// Finds line ends and blank lines.
enum TextSearch {
  /// The first newline at or after `start`, or the end of the text.
  static func newline(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
    let count = text.count
    var place = start
    while count &- place >= 8 {
      let word = unsafe UInt64(littleEndian: text.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      let marks = zeroBytes(word ^ 0x0A0A_0A0A_0A0A_0A0A)
      if marks != 0 { return place &+ marks.trailingZeroBitCount >> 3 }
      place &+= 8
    }
    while place < count, unsafe text[place] != 0x0A { place &+= 1 }
    return place
  }

  /// The last newline before `end`, or -1.
  static func lastNewline(_ text: UnsafeRawBufferPointer, before end: Int) -> Int {
    var place = end - 1
    while place >= 0, unsafe text[place] != 0x0A { place -= 1 }
    return place
  }

  /// Newlines from `start` to `end`.
  static func countNewlines(_ text: UnsafeRawBufferPointer, from start: Int, to end: Int) -> UInt64 {
    var count: UInt64 = 0
    for place in start..<max(start, end) where unsafe text[place] == 0x0A { count += 1 }
    return count
  }

  /// Whether only white space stands from `start` to `end`.
  @inline(__always)
  static func isBlank(_ text: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Bool {
    var place = start
    while place < end, unsafe isSpace(text[place]) { place &+= 1 }
    return place >= end
  }

  /// Whether a byte is white space of JSON.
  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  /// Marks the high bit of the first zero byte; bits above the lowest mark mean nothing.
  @inline(__always)
  static func zeroBytes(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }
}
