/// Numbers the distinct strings of one column in one run, in the order of their first appearance.
///
/// All strings lie in one array of bytes; nothing is allocated for a string that is known.
struct StringInterner {
  /// All strings in a row, behind one byte that keeps the array's address valid once there is a string.
  private var bytes: [UInt8] = []
  /// Offset of each string; one more than strings once there are any.
  private var starts: [UInt32] = []
  /// The high half of each string's hash, which rules out most others without comparing bytes.
  private var hashes: [UInt32] = []
  /// The low half, from which slots are found again when the table grows.
  private var lowHashes: [UInt32] = []
  /// Open addressing with linear probing: string number + 1, 0 for a free slot.
  ///
  /// A power of two.
  private var slots: [UInt32] = []

  /// Distinct strings.
  var count: Int { hashes.count }

  /// Bytes that each new string costs besides its own, on average.
  static let overhead = 24

  /// The number of a string of `length` readable bytes, and whether it is new.
  mutating func intern(_ string: UnsafeRawPointer, _ length: Int, hash: SecretHash) -> (
    code: UInt32, new: Bool
  ) {
    if hashes.count &* 8 >= slots.count &* 5 { grow() }
    let full = unsafe hash(string, length)
    let tag = UInt32(truncatingIfNeeded: full >> 32)
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: full) & mask
    while true {
      let entry = slots[slot]
      if entry == 0 { break }
      let code = Int(entry &- 1)
      if hashes[code] == tag {
        let start = Int(starts[code])
        if Int(starts[code &+ 1]) &- start == length {
          let same = unsafe bytes.withUnsafeBytes { known in
            // Safe: `start ..< start + length` is a string of this table, which is never empty.
            unsafe known.baseAddress.map { unsafe equalBytes($0 + start, string, length) } ?? false
          }
          if same { return (UInt32(code), false) }
        }
      }
      slot = (slot &+ 1) & mask
    }
    let code = UInt32(hashes.count)
    if starts.isEmpty {
      bytes.append(0)
      starts.append(1)
    }
    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: string, count: length))
    starts.append(UInt32(bytes.count))
    hashes.append(tag)
    lowHashes.append(UInt32(truncatingIfNeeded: full))
    slots[slot] = code &+ 1
    return (code, true)
  }

  private mutating func grow() {
    let size = max(16, slots.count &* 2)
    slots = [UInt32](repeating: 0, count: size)
    let mask = size &- 1
    for code in lowHashes.indices {
      var slot = Int(lowHashes[code]) & mask
      while slots[slot] != 0 { slot = (slot &+ 1) & mask }
      slots[slot] = UInt32(code) &+ 1
    }
  }

  /// Sorts the strings by their bytes.
  ///
  /// - Returns: The rank of each code, and the lengths and the bytes of the strings in sorted order.
  func sorted() -> (ranks: [UInt32], lengths: [UInt16], bytes: [UInt8]) {
    var order: [(prefix: UInt64, code: UInt32)] = []
    order.reserveCapacity(count)
    var ranks = [UInt32](repeating: 0, count: count)
    var lengths: [UInt16] = []
    lengths.reserveCapacity(count)
    var sortedBytes: [UInt8] = []
    sortedBytes.reserveCapacity(bytes.count)
    unsafe bytes.withUnsafeBytes { all in
      func string(_ code: UInt32) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: all[Int(starts[Int(code)])..<Int(starts[Int(code) + 1])])
      }
      for code in 0..<UInt32(count) { unsafe order.append((orderingPrefix(string(code)), code)) }
      order.sort { left, right in
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        return unsafe compareBytes(string(left.code), string(right.code)) == .less
      }
      for (rank, entry) in order.enumerated() {
        ranks[Int(entry.code)] = UInt32(rank)
        let text = unsafe string(entry.code)
        lengths.append(UInt16(truncatingIfNeeded: text.count))
        unsafe sortedBytes.append(contentsOf: text)
      }
    }
    return (ranks, lengths, sortedBytes)
  }
}
