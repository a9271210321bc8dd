/// The distinct strings of a column, sorted by their bytes.
///
/// The pointers belong to the column that the dictionary is part of, and are valid as long as it.
@safe
package struct StringDictionary: @unchecked Sendable {
  private let narrow: UnsafeBufferPointer<UInt32>
  private let wide: UnsafeBufferPointer<UInt64>
  private let bytes: UnsafeRawBufferPointer
  /// Strings.
  package let count: Int

  /// No strings.
  init() {
    unsafe narrow = UnsafeBufferPointer(start: nil, count: 0)
    unsafe wide = UnsafeBufferPointer(start: nil, count: 0)
    unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    count = 0
  }

  /// Strings at `count + 1` offsets, which must ascend and end at the end of `bytes`; the other kind is empty.
  init(
    count: Int, narrow: UnsafeBufferPointer<UInt32>, wide: UnsafeBufferPointer<UInt64>,
    bytes: UnsafeRawBufferPointer
  ) {
    self.count = count
    unsafe self.narrow = narrow
    unsafe self.wide = wide
    unsafe self.bytes = bytes
  }

  /// The string of a code.
  ///
  /// Precondition: `code` is at least 0 and below `count`.
  package subscript(code: Int) -> UnsafeRawBufferPointer {
    precondition(code >= 0 && code < count)
    if unsafe !narrow.isEmpty {
      return unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(narrow[code])..<Int(narrow[code + 1])])
    }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(wide[code])..<Int(wide[code + 1])])
  }

  /// The first code whose string is at or after `text`; `count` when all are before.
  ///
  /// - Complexity: O(log count) comparisons.
  package func lowerBound(_ text: UnsafeRawBufferPointer) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if unsafe compareBytes(self[middle], text) == .less { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The first code whose string is after `text`; `count` when none is.
  package func upperBound(_ text: UnsafeRawBufferPointer) -> Int {
    let low = unsafe lowerBound(text)
    return unsafe low < count && compareBytes(self[low], text) == .equal ? low + 1 : low
  }

  /// The code of a string, nil when no row has it.
  package func code(of text: UnsafeRawBufferPointer) -> UInt32? {
    let low = unsafe lowerBound(text)
    return unsafe low < count && compareBytes(self[low], text) == .equal ? UInt32(low) : nil
  }

  /// The code of a string, nil when no row has it.
  package func code(of text: [UInt8]) -> UInt32? {
    unsafe text.withUnsafeBytes { unsafe code(of: $0) }
  }
}
