package import FileStorage

/// Another encoding's text as UTF-8.
///
/// UTF-16 comes with or without a byte-order mark, which is dropped. A lone surrogate is delivered as the three bytes
/// that UTF-8 forbids, and half a unit at the end as 0xFF, so that the reader of the text reports both as invalid
/// with line and record.
///
/// `Sendable`: one reader uses it at a time.
package final class DecodedSource: ByteSource, @unchecked Sendable {
  /// What the bytes of the underlying source mean.
  package enum Encoding: Equatable, Sendable { case latin1, utf16LittleEndian, utf16BigEndian }

  private let source: any ByteSource
  private let encoding: Encoding
  private var input = [UInt8](repeating: 0, count: 1 << 16)
  private var inputStart = 0
  private var inputEnd = 0
  private var output: [UInt8] = []
  private var outputStart = 0
  private var isAtStart = true
  private var isAtEnd = false

  /// Reads `source` as `encoding`.
  package init(_ source: any ByteSource, _ encoding: Encoding) {
    self.source = source
    self.encoding = encoding
  }

  package var name: String { source.name }
  package var size: UInt64? { nil }
  package var isSeekable: Bool { false }
  package func checkUnchanged() throws(FileError) { try source.checkUnchanged() }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    0
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    guard unsafe !buffer.isEmpty else { return 0 }
    while outputStart == output.count {
      guard !isAtEnd else { return 0 }
      try decodeMore()
    }
    let count = min(buffer.count, output.count - outputStart)
    unsafe buffer.copyBytes(from: output[outputStart..<outputStart + count])
    outputStart += count
    return count
  }

  private func decodeMore() throws(FileError) {
    // At most three bytes are left over: they move to the front.
    let left = inputEnd - inputStart
    for index in 0..<left { input[index] = input[inputStart + index] }
    inputStart = 0
    inputEnd = left
    let count = unsafe try input.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
      unsafe try source.read(
        into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(all)[left...]))
    }
    inputEnd += count
    isAtEnd = count == 0
    output.removeAll(keepingCapacity: true)
    outputStart = 0
    switch encoding {
    case .latin1:
      while inputStart < inputEnd {
        append(UInt32(input[inputStart]))
        inputStart += 1
      }
    case .utf16LittleEndian, .utf16BigEndian: decodeUTF16()
    }
  }

  private func unit(_ index: Int) -> UInt32 {
    let first = UInt32(input[index])
    let second = UInt32(input[index + 1])
    return encoding == .utf16BigEndian ? first << 8 | second : second << 8 | first
  }

  private func decodeUTF16() {
    while inputEnd - inputStart >= 2 {
      let value = unit(inputStart)
      if isAtStart {
        isAtStart = false
        if value == 0xFEFF {
          inputStart += 2
          continue
        }
      }
      if value & 0xFC00 == 0xD800 {
        if inputEnd - inputStart >= 4 {
          let low = unit(inputStart + 2)
          if low & 0xFC00 == 0xDC00 {
            append(0x10000 + (value & 0x3FF) << 10 + (low & 0x3FF))
            inputStart += 4
            continue
          }
        } else if !isAtEnd {
          return
        }
      }
      append(value)
      inputStart += 2
    }
    if isAtEnd, inputStart < inputEnd {
      output.append(0xFF)
      inputStart = inputEnd
    }
  }

  private func append(_ scalar: UInt32) {
    switch scalar {
    case ..<0x80: output.append(UInt8(scalar))
    case ..<0x800:
      output.append(UInt8(0xC0 | scalar >> 6))
      output.append(UInt8(0x80 | scalar & 0x3F))
    case ..<0x10000:
      output.append(UInt8(0xE0 | scalar >> 12))
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(0x80 | scalar & 0x3F))
    default:
      output.append(UInt8(0xF0 | scalar >> 18 & 7))
      output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(0x80 | scalar & 0x3F))
    }
  }
}
