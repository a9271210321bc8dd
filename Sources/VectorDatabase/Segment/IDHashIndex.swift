import FileStorage

// IDHX: open addressing with linear probing and no wrapping. 2^b home slots, and behind them as many slots as the
// last home slots overflow into. A slot is 8 bytes:
//   0  4  u32 row + 1, 0 = empty
//   4  4  u32 fingerprint: the low 32 bits of the id's hash
// The hash is SipHash-1-3 keyed by the collection's UUID; an id's home slot is its top b bits. b is the least number with
// rows <= 0.7 * 2^b. Every slot from an id's home to its place is taken, so a search ends at an empty slot or at the
// section's end. Of rows with the same id (all but one of them deleted by the segment's first deletion file) one is named.

/// Gathers the ids' hashes and writes the hash index in windows, at a fixed cost of memory.
///
/// Hashes are spilled into 256 streams by their top byte. The table is then filled one window of slots at a time,
/// and what overflows a window is carried into the next, which keeps the probing rule without ever holding the table.
struct IDHashIndexWriter {
  /// log2 of the slots that are held in memory at once (16 MiB).
  static let defaultWindowBits = 21

  private let partitions: [SpillStream]
  private(set) var rows: UInt64 = 0

  init(spill: SpillFile) {
    // 1,365 entries of 12 bytes.
    partitions = (0..<256).map { _ in spill.stream(bufferSize: 16380) }
  }

  var memory: Int { partitions.reduce(0) { $0 + $1.memory } }

  /// log2 of the home slots of a table of `rows` rows.
  static func homeBits(rows: UInt64) -> Int {
    var bits = 0
    while rows * 10 > 7 << UInt64(bits) { bits += 1 }
    return bits
  }

  /// Adds the hash of the next row's id.
  mutating func append(hash: UInt64) throws(StorageError) {
    try partitions[Int(hash >> 56)].append(hash, UInt32(truncatingIfNeeded: rows))
    rows += 1
  }

  /// Adds the section, and gives the pairs of rows that have the same id, ordered by the later row.
  ///
  /// Of rows with the same id the index names one: the last, or the first. The bits may be forced by tests.
  func write(
    to writer: ContainerWriter, homeBits: Int, windowBits: Int = defaultWindowBits, keepsLast: Bool,
    sameID: (UInt32, UInt32) throws(StorageError) -> Bool
  ) throws(StorageError) -> [(earlier: UInt32, later: UInt32)] {
    try writer.beginStreamed(.idIndex, elementSize: 8)
    defer { writer.end() }
    guard rows > 0 else { return [] }
    var duplicates: [(earlier: UInt32, later: UInt32)] = []
    // Deals with `slot`, which an equal fingerprint brought under suspicion: true when both have the same id.
    func merge(_ slot: inout UInt64, _ row: UInt32) throws(StorageError) -> Bool {
      let known = UInt32(truncatingIfNeeded: slot) &- 1
      guard try sameID(known, row) else { return false }
      duplicates.append((known, row))
      if keepsLast { slot = slot & ~0xFFFF_FFFF | UInt64(row &+ 1) }
      return true
    }
    let windowBits = min(windowBits, homeBits)
    let windowCount = 1 << (homeBits - windowBits)
    let windowSize = 1 << windowBits
    // The top bits of a hash that name its window; a window may hold several partitions or be a part of one.
    let prefixBits = UInt64(homeBits - windowBits)
    var slots = [UInt64](repeating: 0, count: windowSize)
    var carried: [UInt64] = []
    for window in 0..<windowCount {
      for index in slots.indices { slots[index] = 0 }
      let placed = min(carried.count, windowSize)
      for index in 0..<placed { slots[index] = carried[index] }
      carried.removeFirst(placed)
      let carriedBefore = carried.count
      let partitionRange =
        prefixBits <= 8
        ? window << Int(8 - prefixBits)..<(window + 1) << Int(8 - prefixBits)
        : window >> Int(prefixBits - 8)..<(window >> Int(prefixBits - 8)) + 1
      for partition in partitionRange {
        try unsafe partitions[partition].forEachPiece { (piece) throws(StorageError) in
          var offset = 0
          while offset + 12 <= piece.count {
            let hash = unsafe piece.littleEndian(at: offset, as: UInt64.self)
            let row = unsafe piece.littleEndian(at: offset + 8, as: UInt32.self)
            offset += 12
            if prefixBits > 8, hash >> (64 - prefixBits) != UInt64(window) { continue }
            var place = Int(truncatingIfNeeded: hash >> UInt64(64 - homeBits)) & (windowSize - 1)
            let slot = UInt64(row &+ 1) | hash << 32
            while place < windowSize, slots[place] != 0 {
              if slots[place] >> 32 == slot >> 32, try merge(&slots[place], row) { break }
              place += 1
            }
            if place < windowSize {
              if slots[place] == 0 { slots[place] = slot }
              continue
            }
            var isKnown = false
            for index in carriedBefore..<carried.count where carried[index] >> 32 == slot >> 32 {
              if try merge(&carried[index], row) {
                isKnown = true
                break
              }
            }
            if !isKnown { carried.append(slot) }
          }
        }
      }
      try unsafe slots.withSlotBytes { (bytes) throws(StorageError) in try unsafe writer.append(bytes) }
    }
    try unsafe carried.withSlotBytes { (bytes) throws(StorageError) in try unsafe writer.append(bytes) }
    duplicates.sort { $0.later < $1.later }
    return duplicates
  }
}

/// Looks ids up in the hash index.
struct IDHashIndexReader {
  private let entry: SectionEntry
  private let homeBits: UInt64
  private let slotCount: Int
  private let rows: Int

  /// Nil when the section does not fit the numbers.
  init?(_ entry: SectionEntry?, homeBits: UInt8, rows: Int) {
    guard let entry, entry.elementSize == 8, entry.length % 8 == 0, entry.count == entry.length / 8,
      homeBits <= 33,
      rows == 0 ? entry.count == 0 : entry.count >= UInt64(1) << UInt64(homeBits)
    else { return nil }
    self.entry = entry
    self.homeBits = UInt64(homeBits)
    self.rows = rows
    slotCount = Int(entry.count)
  }

  /// Gives each row whose id has this fingerprint, until `matches` says that it is the one.
  func row(hash: UInt64, _ file: ContainerFile, matches: (UInt32) throws(StorageError) -> Bool)
    throws(StorageError) -> UInt32?
  {
    guard rows > 0 else { return nil }
    let fingerprint = UInt32(truncatingIfNeeded: hash)
    var place = Int(truncatingIfNeeded: hash >> (64 - homeBits))
    while place < slotCount {
      let slot = try unsafe file.bytes(entry, 8 * place..<8 * place + 8).littleEndian(at: 0, as: UInt64.self)
      let number = UInt32(truncatingIfNeeded: slot)
      if number == 0 { return nil }
      if UInt32(truncatingIfNeeded: slot >> 32) == fingerprint {
        guard Int(number) <= rows else {
          throw .corruption(
            CorruptionError(
              path: file.name, section: entry.label, offset: entry.offset + 8 * UInt64(place),
              expected: "a row below \(rows)", found: "row \(number - 1)"))
        }
        if try matches(number - 1) { return number - 1 }
      }
      place += 1
    }
    return nil
  }
}

extension [UInt64] {
  /// The array's bytes, little-endian on every machine that this program supports.
  fileprivate func withSlotBytes(_ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void)
    throws(StorageError)
  {
    var failure: StorageError?
    unsafe withUnsafeBytes { bytes in
      do throws(StorageError) { try unsafe body(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
