/// The tree of all member names that records have shown so far, each path with the columns it has.
///
/// Canonical records list members in one order, so the member that followed the last time is tried first and a
/// record of a known shape costs one comparison of bytes for each name.
struct PathTable {
  /// One path.
  struct Node {
    /// The name's bytes in `names`.
    let start: Int
    let count: Int
    let parent: Int32
    /// Bytes of the path as text.
    let pathBytes: Int
    /// The member that was visited after this one the last time, -1 for none.
    var next: Int32 = -1
    /// The member of this object that was visited first the last time, -1 for none.
    var first: Int32 = -1
    /// Rows hold more under this path than its columns do.
    var isPartial = false
  }

  /// The node of the record itself.
  static let root: Int32 = 0
  private static let columnStride = 16
  /// Most paths that are remembered.
  ///
  /// Every path but those of objects has a column, so only a record made to
  /// cost memory comes near.
  private static let maximumNodes = 1 << 17

  private(set) var nodes: [Node]
  /// All names in a row, behind one byte that keeps the array's address valid.
  private var names: [UInt8] = [0]
  /// Column number + 1 of each node and type.
  private var columns: [UInt16]
  private var slots: [Int32]
  private let hash: SecretHash

  /// A tree of the record alone.
  init(hash: SecretHash) {
    self.hash = hash
    nodes = [Node(start: 0, count: 0, parent: -1, pathBytes: 0)]
    columns = [UInt16](repeating: 0, count: Self.columnStride)
    slots = [Int32](repeating: -1, count: 64)
  }

  /// Number of the column of that type at that node, -1 for none.
  @inline(__always)
  func column(_ node: Int32, _ type: ColumnType) -> Int {
    Int(columns[Int(node) &* Self.columnStride &+ Int(type.rawValue)]) &- 1
  }

  /// Gives the node a column.
  mutating func setColumn(_ node: Int32, _ type: ColumnType, _ column: Int) {
    columns[Int(node) * Self.columnStride + Int(type.rawValue)] = UInt16(column + 1)
  }

  /// The member `name` of `parent`, which the walk reached after `previous` (-1 at first); -1 when it is new.
  @inline(__always)
  mutating func find(_ name: UnsafeRawPointer, _ count: Int, in parent: Int32, after previous: Int32) -> Int32
  {
    let guess = previous < 0 ? nodes[Int(parent)].first : nodes[Int(previous)].next
    if guess >= 0, unsafe isNamed(guess, name, count) { return guess }
    let found = unsafe search(name, count, in: parent)
    if found >= 0 { remember(found, in: parent, after: previous) }
    return found
  }

  /// Adds a member that `find` did not know; -1 when its path is too long.
  mutating func add(_ name: UnsafeRawPointer, _ count: Int, in parent: Int32, after previous: Int32) -> Int32
  {
    let raw = unsafe UnsafeRawBufferPointer(start: name, count: count)
    guard count <= ColumnLimits.pathBytes, nodes.count < Self.maximumNodes else { return -1 }
    var text: [UInt8] = []
    unsafe ColumnPath.append(raw, to: &text)
    let parentBytes = nodes[Int(parent)].pathBytes
    // One byte for the dot.
    let pathBytes = parent == Self.root ? text.count : parentBytes + 1 + text.count
    guard pathBytes <= ColumnLimits.pathBytes else { return -1 }
    let node = Int32(nodes.count)
    nodes.append(Node(start: names.count, count: count, parent: parent, pathBytes: pathBytes))
    unsafe names.append(contentsOf: raw)
    columns.append(contentsOf: repeatElement(0, count: Self.columnStride))
    if nodes.count * 2 > slots.count { grow() } else { insert(node) }
    remember(node, in: parent, after: previous)
    return node
  }

  /// Marks a node and everything above it as holding more than its columns.
  mutating func markPartial(_ node: Int32) {
    var node = node
    while node >= 0, !nodes[Int(node)].isPartial {
      nodes[Int(node)].isPartial = true
      node = nodes[Int(node)].parent
    }
  }

  /// The path of a node as text.
  func path(_ node: Int32) -> [UInt8] {
    var chain: [Int32] = []
    var node = node
    while node > Self.root {
      chain.append(node)
      node = nodes[Int(node)].parent
    }
    var text: [UInt8] = []
    for node in chain.reversed() {
      let entry = nodes[Int(node)]
      ColumnPath.append(names[entry.start..<entry.start + entry.count], to: &text)
    }
    return text
  }

  @inline(__always)
  private mutating func remember(_ node: Int32, in parent: Int32, after previous: Int32) {
    if previous < 0 { nodes[Int(parent)].first = node } else { nodes[Int(previous)].next = node }
  }

  @inline(__always)
  private func isNamed(_ node: Int32, _ name: UnsafeRawPointer, _ count: Int) -> Bool {
    let entry = nodes[Int(node)]
    guard entry.count == count else { return false }
    return unsafe names.withUnsafeBytes { names in
      // Safe: the node's name lies inside `names`.
      unsafe names.baseAddress.map { unsafe equalBytes($0 + entry.start, name, count) } ?? false
    }
  }

  private func search(_ name: UnsafeRawPointer, _ count: Int, in parent: Int32) -> Int32 {
    let mask = slots.count - 1
    var slot =
      unsafe Int(truncatingIfNeeded: hash(name, count, with: UInt64(UInt32(bitPattern: parent)))) & mask
    while slots[slot] >= 0 {
      let node = slots[slot]
      if nodes[Int(node)].parent == parent, unsafe isNamed(node, name, count) { return node }
      slot = (slot + 1) & mask
    }
    return -1
  }

  private mutating func insert(_ node: Int32) {
    let mask = slots.count - 1
    let entry = nodes[Int(node)]
    // Safe: the node's name lies inside `names`, which is never empty.
    let hashed = unsafe names.withUnsafeBytes { names in
      unsafe names.baseAddress.map {
        unsafe hash($0 + entry.start, entry.count, with: UInt64(UInt32(bitPattern: entry.parent)))
      } ?? 0
    }
    var slot = Int(truncatingIfNeeded: hashed) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = node
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for node in 1..<Int32(nodes.count) { insert(node) }
  }
}
