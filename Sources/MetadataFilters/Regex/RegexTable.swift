/// The transitions of the deterministic machine: a row of entries for each state, one for each class of bytes and one for
/// the end of the text.
///
/// A state is known by the first entry of its row. An entry is another state, or one of the negative marks.
@safe
final class RegexTable {
  /// The transition has not been made yet.
  static let unknown: Int32 = -1
  /// Nothing can match any more.
  static let dead: Int32 = -2
  /// The text matches.
  static let matched: Int32 = -3

  /// Entries of a row.
  let width: Int
  /// How many rows there is room for; at least two.
  let rows: Int
  private let entries: UnsafeMutablePointer<Int32>
  private let classes: UnsafeMutablePointer<UInt8>

  /// Makes a table for about so many entries.
  init(classes: [UInt8], width: Int, entries limit: Int) {
    self.width = width
    rows = max(limit / width, 2)
    unsafe entries = .allocate(capacity: rows * width)
    unsafe entries.initialize(repeating: RegexTable.unknown, count: rows * width)
    unsafe self.classes = .allocate(capacity: 256)
    for byte in 0..<256 {
      unsafe (self.classes + byte).initialize(to: byte < classes.count ? classes[byte] : 0)
    }
  }

  deinit {
    unsafe entries.deallocate()
    unsafe classes.deallocate()
  }

  /// Forgets what a row holds.
  ///
  /// Precondition: `row` is below `rows`.
  func clear(row: Int) {
    precondition(row >= 0 && row < rows)
    // Safe: the row lies in the table.
    for index in row * width..<(row + 1) * width { unsafe entries[index] = RegexTable.unknown }
  }

  /// One entry.
  ///
  /// Precondition: it lies in the table.
  subscript(entry: Int) -> Int32 {
    get {
      precondition(entry >= 0 && entry < rows * width)
      return unsafe entries[entry]
    }
    set {
      precondition(entry >= 0 && entry < rows * width)
      unsafe entries[entry] = newValue
    }
  }

  /// The class of a byte.
  func byteClass(_ byte: UInt8) -> Int { unsafe Int(classes[Int(byte)]) }

  /// Moves on byte by byte up to the end or to the first byte whose entry is a mark; gives its place.
  ///
  /// Precondition: `state` is the first entry of a row, `start` lies in the text.
  func run(_ text: UnsafeRawBufferPointer, from start: Int, state: inout Int) -> Int {
    guard let base = text.baseAddress else { return start }
    var at = start
    var current = state
    let end = text.count
    let entries = unsafe entries
    let classes = unsafe classes
    // Safe: entries that are no marks are first entries of rows, classes are below the width.
    while at < end {
      let byte = unsafe base.load(fromByteOffset: at, as: UInt8.self)
      let target = unsafe entries[current &+ Int(classes[Int(byte)])]
      if target < 0 { break }
      current = Int(target)
      at &+= 1
    }
    state = current
    return at
  }
}
