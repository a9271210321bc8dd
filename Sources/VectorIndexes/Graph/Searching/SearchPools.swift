// The pools of a search: keys that hold a distance as bits in the upper half and a node in the lower one, so that they ascend
// with the distance, ties by node. Each is used by one thread at a time and keeps its memory. They are classes, for calls of
// mutating methods of structs within a class are checked at run time.

/// The keys with the least distances, as many as are wanted, ascending.
@safe
final class NearestKeys {
  private var keys: UnsafeMutablePointer<UInt64>
  private var room: Int
  private(set) var count = 0
  private var capacity = 1
  /// No key at or above this is taken in.
  private var limit = UInt64.max

  init() {
    room = 128
    unsafe keys = .allocate(capacity: room)
  }

  deinit { unsafe keys.deallocate() }

  /// The key of a node; `value` is its squared distance or an estimate of it, at least zero but for rounding.
  @inline(__always)
  static func key(_ value: Float, _ node: UInt32) -> UInt64 {
    // Not negative, so that the bits ascend with the value.
    UInt64(max(0, value).bitPattern) << 32 | UInt64(node)
  }

  /// Forgets all keys and from now on keeps so many, at least 1.
  func reset(capacity: Int) {
    count = 0
    limit = .max
    self.capacity = max(1, capacity)
    guard self.capacity > room else { return }
    unsafe keys.deallocate()
    room = self.capacity
    unsafe keys = .allocate(capacity: room)
  }

  /// Whether a key is near enough to be kept.
  @inline(__always)
  func accepts(_ key: UInt64) -> Bool { key < limit }

  /// Takes in a key that is near enough.
  func insert(_ key: UInt64) {
    if count == capacity { count -= 1 }
    var low = 0
    var length = count
    while length > 1 {
      let half = length >> 1
      // Safe: below `count`.
      low = unsafe keys[low &+ half &- 1] < key ? low &+ half : low
      length &-= half
    }
    if length == 1, unsafe keys[low] < key { low &+= 1 }
    // Safe: `count` is below the capacity, for which there is room.
    unsafe (keys + low + 1).update(from: keys + low, count: count - low)
    unsafe keys[low] = key
    count += 1
    if count == capacity { limit = unsafe keys[count - 1] }
  }

  /// The key at a place, nil when there are fewer.
  @inline(__always)
  func key(at place: Int) -> UInt64? { place < count && place >= 0 ? unsafe keys[place] : nil }

}

/// Any number of keys: either a heap with the least first, or in ascending order.
@safe
final class GrowingKeys {
  private var keys: UnsafeMutablePointer<UInt64>
  private var room: Int
  private(set) var count = 0

  init(room: Int) {
    self.room = max(1, room)
    unsafe keys = .allocate(capacity: self.room)
  }

  deinit { unsafe keys.deallocate() }

  func removeAll() { count = 0 }

  private func grow() {
    let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * room)
    unsafe larger.update(from: keys, count: count)
    unsafe keys.deallocate()
    unsafe keys = larger
    room *= 2
  }

  // MARK: Heap

  /// The least key of a heap.
  @inline(__always)
  var least: UInt64? { count > 0 ? unsafe keys[0] : nil }

  /// Adds a key to a heap.
  @inline(__always)
  func insert(_ key: UInt64) {
    if count == room { grow() }
    // Safe in both: places are below `count`, for which there is room.
    var child = count
    count &+= 1
    while child > 0 {
      let parent = (child &- 1) >> 1
      let other = unsafe keys[parent]
      guard key < other else { break }
      unsafe keys[child] = other
      child = parent
    }
    unsafe keys[child] = key
  }

  /// Removes the least key of a heap that has one.
  func removeLeast() {
    guard count > 0 else { return }
    count &-= 1
    guard count > 0 else { return }
    let key = unsafe keys[count]
    var parent = 0
    while true {
      var child = 2 &* parent &+ 1
      guard child < count else { break }
      if child &+ 1 < count, unsafe keys[child &+ 1] < keys[child] { child &+= 1 }
      let other = unsafe keys[child]
      guard other < key else { break }
      unsafe keys[parent] = other
      parent = child
    }
    unsafe keys[parent] = key
  }

  // MARK: Ascending

  /// Adds a key in its place among ascending keys; most come at the end.
  @inline(__always)
  func insertAscending(_ key: UInt64) {
    if count == room { grow() }
    var place = count
    while place > 0, unsafe keys[place &- 1] > key {
      unsafe keys[place] = keys[place &- 1]
      place &-= 1
    }
    unsafe keys[place] = key
    count &+= 1
  }

  /// How many of the ascending keys are at most `key`.
  @inline(__always)
  func countAscending(upTo key: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) >> 1
      if unsafe keys[middle] <= key { low = middle &+ 1 } else { high = middle }
    }
    return low
  }
}

/// Any number of nodes in the order in which they came.
@safe
final class GrowingNodes {
  private var nodes: UnsafeMutablePointer<UInt32>
  private var room: Int
  private(set) var count = 0

  init(room: Int) {
    self.room = max(1, room)
    unsafe nodes = .allocate(capacity: self.room)
  }

  deinit { unsafe nodes.deallocate() }

  func removeAll() { count = 0 }

  @inline(__always)
  func append(_ node: UInt32) {
    if count == room {
      let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * room)
      unsafe larger.update(from: nodes, count: count)
      unsafe nodes.deallocate()
      unsafe nodes = larger
      room *= 2
    }
    unsafe nodes[count] = node
    count &+= 1
  }

  /// A node below `count`.
  @inline(__always)
  subscript(place: Int) -> UInt32 { unsafe nodes[place] }
}

/// The nodes that may be among the nearest: those whose distance may lie below as many upper bounds as neighbours are wanted.
///
/// Near the query codes tell one node from the next and few are kept; far from it, where distances hardly differ, as many as it
/// takes.
@safe
final class BoundedCandidates {
  /// The least estimates, as many as neighbours are wanted.
  let nearest = NearestKeys()
  private(set) var count = 0
  /// The greatest of the least upper bounds; infinity while there are fewer than wanted.
  private(set) var limit = Float.infinity
  private var nodes: UnsafeMutablePointer<UInt32>
  private var lowers: UnsafeMutablePointer<Float>
  private var room = 1024
  /// Beyond so many, those that a lower limit has overtaken are dropped.
  private var most = 256
  /// Upper bounds, a heap with the greatest first.
  private var uppers: UnsafeMutablePointer<Float>
  private var upperRoom = 128
  private var upperCount = 0
  private var wanted = 1

  init() {
    unsafe nodes = .allocate(capacity: room)
    unsafe lowers = .allocate(capacity: room)
    unsafe uppers = .allocate(capacity: upperRoom)
  }

  deinit {
    unsafe nodes.deallocate()
    unsafe lowers.deallocate()
    unsafe uppers.deallocate()
  }

  /// Forgets all and from now on keeps what may be among the nearest `wanted`, at least 1.
  func reset(wanted: Int) {
    self.wanted = max(1, wanted)
    nearest.reset(capacity: self.wanted)
    count = 0
    upperCount = 0
    limit = .infinity
    most = max(256, 2 * self.wanted)
    guard self.wanted > upperRoom else { return }
    unsafe uppers.deallocate()
    upperRoom = self.wanted
    unsafe uppers = .allocate(capacity: upperRoom)
  }

  /// Takes in a node that may be found, whose distance is not below `lower`, which is at most `limit`.
  func insert(_ node: UInt32, _ key: UInt64, lower: Float, upper: Float) {
    if nearest.accepts(key) { nearest.insert(key) }
    if count == room { grow() }
    unsafe nodes[count] = node
    unsafe lowers[count] = lower
    count += 1
    if upper < limit { insertUpper(upper) }
    if count > most { prune() }
  }

  /// A node that may be among the nearest, and what its squared distance in the frame is not below; in no order.
  func candidate(_ place: Int) -> (node: Int, lower: Float) {
    precondition(place >= 0 && place < count)
    return unsafe (Int(nodes[place]), lowers[place])
  }

  /// Drops the nodes that cannot be among the nearest any more.
  func prune() {
    var kept = 0
    for place in 0..<count where unsafe lowers[place] <= limit {
      unsafe nodes[kept] = nodes[place]
      unsafe lowers[kept] = lowers[place]
      kept += 1
    }
    count = kept
    most = max(most, 2 * kept)
  }

  private func insertUpper(_ upper: Float) {
    // Safe throughout: places are below `upperCount`, which is at most `wanted`, for which there is room.
    if upperCount < wanted {
      var child = upperCount
      upperCount += 1
      while child > 0 {
        let parent = (child - 1) / 2
        let other = unsafe uppers[parent]
        guard other < upper else { break }
        unsafe uppers[child] = other
        child = parent
      }
      unsafe uppers[child] = upper
    } else {
      var parent = 0
      while true {
        var child = 2 * parent + 1
        guard child < upperCount else { break }
        if child + 1 < upperCount, unsafe uppers[child + 1] > uppers[child] { child += 1 }
        let other = unsafe uppers[child]
        guard other > upper else { break }
        unsafe uppers[parent] = other
        parent = child
      }
      unsafe uppers[parent] = upper
    }
    if upperCount == wanted { limit = unsafe uppers[0] }
  }

  private func grow() {
    let moreNodes = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * room)
    let moreLowers = UnsafeMutablePointer<Float>.allocate(capacity: 2 * room)
    unsafe moreNodes.update(from: nodes, count: count)
    unsafe moreLowers.update(from: lowers, count: count)
    unsafe nodes.deallocate()
    unsafe lowers.deallocate()
    unsafe nodes = moreNodes
    unsafe lowers = moreLowers
    room *= 2
  }
}
