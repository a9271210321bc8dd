import FileStorage

/// Walks records and gathers their values into columns, without allocating for each record.
///
/// After an error the collector holds part of a record and must not be used again.
@safe
struct ColumnCollector {
  var paths: PathTable
  /// All columns in the order of their first value.
  ///
  /// The first one lists the rows with values left out.
  var columns: [LiveColumn]
  /// The record that is being walked.
  var row: UInt32 = 0
  /// Bytes gathered since the last flush, as a lower estimate of the memory that they take.
  var memory = 0

  let hash: SecretHash
  /// The record's bytes; valid while it is walked.
  var base: UnsafeRawPointer
  var at = 0
  var end = 0
  /// Room for a string without its escapes.
  let scratch: ScratchBytes

  init() {
    hash = SecretHash()
    paths = PathTable(hash: hash)
    columns = [LiveColumn(node: PathTable.root, type: .rowOnly)]
    paths.setColumn(PathTable.root, .rowOnly, 0)
    scratch = ScratchBytes()
    unsafe base = UnsafeRawPointer(scratch.bytes)
  }

  /// Adds the values of one record, which is one canonical JSON object.
  mutating func collect(_ record: UnsafeRawBufferPointer, row: UInt32) throws(StorageError) {
    guard record.count > 0, let address = record.baseAddress else { return }
    unsafe base = address
    at = 0
    end = record.count
    self.row = row
    guard peek == UInt8(ascii: "{") else { throw malformed("a JSON object") }
    try walkObject(PathTable.root, depth: 1)
    guard at == end else { throw malformed("the end of the record") }
  }

  // MARK: Values

  private mutating func walkValue(_ node: Int32, depth: Int) throws(StorageError) {
    switch peek {
    case UInt8(ascii: "\""):
      let text = try unsafe readString()
      let column = column(node, .string)
      if column >= 0, let address = text.baseAddress {
        try begin(column)
        memory &+= unsafe columns[column].append(string: address, text.count, hash: hash) &+ 8
      }
    case UInt8(ascii: "{"):
      guard depth < ColumnLimits.depth else { throw malformed("at most \(ColumnLimits.depth) levels") }
      try walkObject(node, depth: depth + 1)
    case UInt8(ascii: "["):
      guard depth < ColumnLimits.depth else { throw malformed("at most \(ColumnLimits.depth) levels") }
      try walkArray(node, depth: depth + 1)
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      let bool = try readBool()
      let column = column(node, .bool)
      if column >= 0 {
        try begin(column)
        columns[column].append(bool: bool)
        memory &+= 8
      }
    case UInt8(ascii: "n"):
      try readNull()
      try mark(node, .nullOnly)
    case _:
      let (type, bits) = try readNumber()
      let column = column(node, type)
      if column >= 0 {
        try begin(column)
        columns[column].append(wide: bits)
        memory &+= 12
      }
    }
  }

  private mutating func walkObject(_ node: Int32, depth: Int) throws(StorageError) {
    at &+= 1
    if peek == UInt8(ascii: "}") {
      at &+= 1
      if node != PathTable.root { try mark(node, .emptyObject) }
      return
    }
    var previous: Int32 = -1
    while true {
      guard peek == UInt8(ascii: "\"") else { throw malformed("a member's name") }
      let name = try unsafe readString()
      guard peek == UInt8(ascii: ":"), let address = name.baseAddress else { throw malformed("a colon") }
      at &+= 1
      var child = unsafe paths.find(address, name.count, in: node, after: previous)
      if child < 0, hasRoom { child = unsafe paths.add(address, name.count, in: node, after: previous) }
      if child >= 0 {
        previous = child
        try walkValue(child, depth: depth)
      } else {
        leaveOut(under: node)
        try skipValue(depth: depth)
      }
      let next = peek
      at &+= 1
      if next == UInt8(ascii: ",") { continue }
      if next == UInt8(ascii: "}") { return }
      at &-= 1
      throw malformed("a comma or a closing brace")
    }
  }

  private mutating func walkArray(_ node: Int32, depth: Int) throws(StorageError) {
    at &+= 1
    if peek == UInt8(ascii: "]") {
      at &+= 1
      return try mark(node, .emptyArray)
    }
    // One bit for each kind of element: the element types' codes, 0 for null, 9 for nested.
    var kinds: UInt16 = 0
    let nested: UInt16 = 1 << 9
    while true {
      switch peek {
      case UInt8(ascii: "\""):
        let text = try unsafe readString()
        kinds |= 1 << UInt16(ColumnType.string.rawValue)
        let column = try elementColumn(node, .stringArray, &kinds, nested)
        if column >= 0, let address = text.baseAddress {
          memory &+= unsafe columns[column].append(string: address, text.count, hash: hash) &+ 4
        }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        kinds |= nested
        try skipValue(depth: depth)
      case UInt8(ascii: "t"), UInt8(ascii: "f"):
        let bool = try readBool()
        kinds |= 1 << UInt16(ColumnType.bool.rawValue)
        let column = try elementColumn(node, .boolArray, &kinds, nested)
        if column >= 0 {
          columns[column].append(bool: bool)
          memory &+= 4
        }
      case UInt8(ascii: "n"):
        try readNull()
        kinds |= 1
      case _:
        let (type, bits) = try readNumber()
        kinds |= 1 << UInt16(type.rawValue)
        let column = try elementColumn(node, type == .int64 ? .int64Array : .doubleArray, &kinds, nested)
        if column >= 0 {
          columns[column].append(wide: bits)
          memory &+= 8
        }
      }
      let next = peek
      at &+= 1
      if next == UInt8(ascii: ",") { continue }
      if next == UInt8(ascii: "]") { break }
      at &-= 1
      throw malformed("a comma or a closing bracket")
    }
    if kinds & nested != 0 {
      try mark(node, .rowOnly)
    } else if kinds == 1 || kinds.nonzeroBitCount > 1 {
      try mark(node, .mixedArray)
    }
  }

  /// The column for one more element, -1 when it finds none.
  @inline(__always)
  private mutating func elementColumn(
    _ node: Int32, _ type: ColumnType, _ kinds: inout UInt16, _ nested: UInt16
  ) throws(StorageError) -> Int {
    let column = column(node, type)
    guard column >= 0 else { return -1 }
    // Offsets have 32 bits; a row that does not fit is read whole.
    guard columns[column].valueTotal < UInt64(UInt32.max) - 1 else {
      kinds |= nested
      return -1
    }
    if columns[column].begin(row) { memory &+= 8 }
    columns[column].countElement()
    return column
  }

  // MARK: Columns

  private var hasRoom: Bool { columns.count <= ColumnLimits.columns }

  /// Number of the column, which is made when there is room; -1 with the row marked when there is none.
  @inline(__always)
  private mutating func column(_ node: Int32, _ type: ColumnType) -> Int {
    let known = paths.column(node, type)
    return known >= 0 ? known : makeColumn(node, type)
  }

  @inline(never)
  private mutating func makeColumn(_ node: Int32, _ type: ColumnType) -> Int {
    guard hasRoom else {
      leaveOut(under: node)
      return -1
    }
    columns.append(LiveColumn(node: node, type: type))
    paths.setColumn(node, type, columns.count - 1)
    return columns.count - 1
  }

  @inline(__always)
  private mutating func begin(_ column: Int) throws(StorageError) {
    guard columns[column].begin(row) else { throw malformed("each name once in an object") }
  }

  /// Notes the row in a column without values.
  private mutating func mark(_ node: Int32, _ type: ColumnType) throws(StorageError) {
    let column = column(node, type)
    if column >= 0 {
      try begin(column)
      memory &+= 4
    }
  }

  /// Notes that the row holds something under `node` that is in no column.
  private mutating func leaveOut(under node: Int32) {
    paths.markPartial(node)
    if columns[0].begin(row) { memory &+= 4 }
  }
}

/// A buffer that grows and is never given back before its owner goes.
@safe
final class ScratchBytes {
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private var capacity = 1024

  init() { unsafe bytes = .allocate(capacity: 1024) }
  deinit { unsafe bytes.deallocate() }

  /// Makes room for `count` bytes; what was there is lost.
  func reserve(_ count: Int) {
    guard count > capacity else { return }
    unsafe bytes.deallocate()
    capacity = max(count, capacity * 2)
    unsafe bytes = .allocate(capacity: capacity)
  }
}
