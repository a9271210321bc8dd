/// Finds where to begin a search: some leaders in groups around a few of them, the heads.
///
/// It takes the place of the upper layers of HNSW: all heads are compared, then the leaders of the nearest groups.
///
/// As bytes of the file's section ROUT, numbers little-endian:
///
///     0    4   u32 heads h, 1 to 64
///     4    4   u32 leaders l, 1 to 4,096, h at most
///     8   4h   where each group begins among the leaders; then l
///         4l   u32 node of each leader, group after group; the first is the start from which all nodes can be reached
///         4h   i32 sum of squares of each head's code
///         4l   i32 those of the leaders
///          .   zeros up to a multiple of 64
///         hp   the codes of the heads, p padded dimensions each
///         lp   those of the leaders
@safe
package struct GraphRouter: @unchecked Sendable {
  /// Leaders at most.
  package static let maximumLeaders = 4096
  /// Heads at most.
  static let maximumHeads = 64
  /// Seeds of a search at most.
  package static let maximumSeeds = 64
  /// Groups that are looked into.
  private static let groupsSearched = 2

  private let headCount: Int
  private let leaderCount: Int
  private let dimension: Int
  private let bytes: UnsafeRawBufferPointer
  private let owner: any AnyObject & Sendable

  /// The size of the section for so many heads and leaders.
  static func size(heads: Int, leaders: Int, dimension: Int) -> Int {
    codesOffset(heads: heads, leaders: leaders) + (heads + leaders) * dimension
  }

  private static func codesOffset(heads: Int, leaders: Int) -> Int {
    (8 + 4 * (heads + 1) + 4 * leaders + 4 * heads + 4 * leaders + 63) / 64 * 64
  }

  /// Reads the section; nil when it is not a router over `nodeCount` nodes.
  ///
  /// Every number in it is checked here.
  ///
  /// `bytes` are kept alive by `owner` and begin at a multiple of 64.
  package init?(
    _ bytes: UnsafeRawBufferPointer, nodeCount: Int, dimension: Int, owner: any AnyObject & Sendable
  ) {
    guard bytes.count >= 8 else { return nil }
    let heads = unsafe Int(bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
    let leaders = unsafe Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    guard heads >= 1, heads <= Self.maximumHeads, leaders >= heads, leaders <= Self.maximumLeaders,
      bytes.count == Self.size(heads: heads, leaders: leaders, dimension: dimension)
    else { return nil }
    headCount = heads
    leaderCount = leaders
    self.dimension = dimension
    unsafe self.bytes = bytes
    self.owner = owner
    var last = 0
    for head in 0...heads {
      let start = groupStart(head)
      guard start >= last, start <= leaders else { return nil }
      last = start
    }
    guard groupStart(0) == 0, groupStart(heads) == leaders else { return nil }
    for leader in 0..<leaders where node(leader) >= nodeCount { return nil }
  }

  private func number(_ offset: Int) -> UInt32 {
    unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  private func groupStart(_ head: Int) -> Int { Int(number(8 + 4 * head)) }

  /// The node of a leader.
  private func node(_ leader: Int) -> UInt32 { number(8 + 4 * (headCount + 1) + 4 * leader) }

  /// The nodes of all leaders.
  package var leaders: [UInt32] { (0..<leaderCount).map { node($0) } }

  /// Finds the leaders nearest to a query.
  ///
  /// - Parameters:
  ///   - query: In the graph's frame.
  ///   - wanted: At most `maximumSeeds`.
  ///   - scratch: Where the work is done.
  /// - Returns: How many seeds were written to `scratch.seeds`, nearest first; at least one.
  package func seeds(_ query: GraphQuery, wanted: Int, _ scratch: RouterScratch) -> Int {
    guard let base = unsafe bytes.baseAddress else { return 0 }
    let squares = 8 + 4 * (headCount + 1) + 4 * leaderCount
    let codes = Self.codesOffset(heads: headCount, leaders: leaderCount)
    // Safe: `init` found the section as long as these parts; it begins at a multiple of 64.
    let headSquares = unsafe (base + squares).assumingMemoryBound(to: Int32.self)
    let leaderSquares = unsafe headSquares + headCount
    let headCodes = unsafe (base + codes).assumingMemoryBound(to: Int8.self)
    let leaderCodes = unsafe headCodes + headCount * dimension
    unsafe query.estimate(
      codes: headCodes, squares: headSquares, count: headCount, into: scratch.values)
    scratch.chooseHeads(headCount, Self.groupsSearched)
    scratch.clear()
    for place in 0..<scratch.headsChosen {
      let head = scratch.head(place)
      let start = groupStart(head)
      let count = groupStart(head + 1) - start
      guard count > 0 else { continue }
      unsafe query.estimate(
        codes: leaderCodes + start * dimension, squares: leaderSquares + start, count: count,
        into: scratch.values)
      for index in 0..<count {
        let value = unsafe scratch.values[index]
        // Most are farther than those that are known.
        if scratch.takes(value, wanted) { scratch.offer(value, node(start + index), wanted: wanted) }
      }
    }
    return scratch.seedCount
  }
}

/// Memory of a router's work.
///
/// Not safe to share between threads.
@safe
package final class RouterScratch {
  /// The seeds found, nearest first.
  package let seeds: UnsafeMutablePointer<UInt32>
  let values: UnsafeMutablePointer<Float>
  private let distances: UnsafeMutablePointer<Float>
  private(set) var seedCount = 0
  private(set) var headsChosen = 0
  private var heads: (Int, Int, Int) = (0, 0, 0)

  package init() {
    unsafe seeds = .allocate(capacity: GraphRouter.maximumSeeds)
    unsafe distances = .allocate(capacity: GraphRouter.maximumSeeds)
    unsafe values = .allocate(capacity: GraphRouter.maximumLeaders)
  }

  deinit {
    unsafe seeds.deallocate()
    unsafe distances.deallocate()
    unsafe values.deallocate()
  }

  func head(_ place: Int) -> Int { place == 0 ? heads.0 : place == 1 ? heads.1 : heads.2 }

  /// Chooses the heads with the least values, at most three.
  func chooseHeads(_ count: Int, _ wanted: Int) {
    heads = (-1, -1, -1)
    headsChosen = 0
    while headsChosen < min(3, wanted, count) {
      var best = -1
      for index in 0..<count where index != heads.0 && index != heads.1 {
        if best < 0 { best = index } else if unsafe values[index] < values[best] { best = index }
      }
      switch headsChosen {
      case 0: heads.0 = best
      case 1: heads.1 = best
      default: heads.2 = best
      }
      headsChosen += 1
    }
  }

  func clear() { seedCount = 0 }

  /// Whether a seed at such a distance would be kept.
  @inline(__always)
  func takes(_ value: Float, _ wanted: Int) -> Bool {
    let count = seedCount
    return unsafe count < min(wanted, GraphRouter.maximumSeeds) || count > 0 && value < distances[count - 1]
  }

  /// Offers a seed.
  func offer(_ value: Float, _ node: UInt32, wanted: Int) {
    let wanted = min(wanted, GraphRouter.maximumSeeds)
    if seedCount == wanted {
      guard wanted > 0, unsafe value < distances[wanted - 1] else { return }
      seedCount -= 1
    }
    var place = seedCount
    while place > 0, unsafe distances[place - 1] > value {
      unsafe distances[place] = distances[place - 1]
      unsafe seeds[place] = unsafe seeds[place - 1]
      place -= 1
    }
    unsafe distances[place] = value
    unsafe seeds[place] = node
    seedCount += 1
  }
}

extension GraphRouter {
  /// Makes the section's bytes.
  ///
  /// - Parameters:
  ///   - leaders: Nodes, the start first; 1 to `maximumLeaders`.
  ///   - dimension: Padded dimensions.
  ///   - code: The 8-bit code of a node and its sum of squares.
  /// - Returns: Bytes as the table above says.
  static func bytes(
    leaders: [UInt32], dimension: Int, code: (UInt32) -> (codes: UnsafePointer<Int8>, squares: Int32)
  ) -> [UInt8] {
    let leaders = Array(leaders.prefix(maximumLeaders))
    let heads = max(1, min(maximumHeads, Int(Double(leaders.count).squareRoot())))
    var groups: [[UInt32]] = Array(repeating: [], count: heads)
    for leader in leaders {
      let (own, _) = unsafe code(leader)
      var best = 0
      var least = Int64.max
      for head in 0..<heads {
        let (other, squares) = unsafe code(leaders[head])
        var dot: Int32 = 0
        unsafe CodeKernels.dots(query: own, rows: other, dimension: dimension, count: 1, into: &dot)
        let value = Int64(squares) - 2 * Int64(dot)
        if value < least { (best, least) = (head, value) }
      }
      groups[best].append(leader)
    }
    // The start is a head and at no distance from itself: it stays the first leader of the first group.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size(heads: heads, leaders: leaders.count, dimension: dimension))
    bytes.appendNumber(UInt32(heads))
    bytes.appendNumber(UInt32(leaders.count))
    var start = 0
    for group in groups {
      bytes.appendNumber(UInt32(start))
      start += group.count
    }
    bytes.appendNumber(UInt32(start))
    let ordered = groups.flatMap { $0 }
    for leader in ordered { bytes.appendNumber(leader) }
    for head in 0..<heads {
      bytes.appendNumber(UInt32(bitPattern: unsafe code(leaders[head]).squares))
    }
    for leader in ordered { bytes.appendNumber(UInt32(bitPattern: unsafe code(leader).squares)) }
    while bytes.count % 64 != 0 { bytes.append(0) }
    for leader in leaders.prefix(heads) + ordered {
      let codes = unsafe code(leader).codes
      for index in 0..<dimension { bytes.append(UInt8(bitPattern: unsafe codes[index])) }
    }
    return bytes
  }
}

extension [UInt8] {
  /// Appends four bytes, little-endian.
  fileprivate mutating func appendNumber(_ value: UInt32) {
    for byte in 0..<4 { append(UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))) }
  }
}
