package import FileStorage
import MetadataFilters

/// The rows and deletions that stand in the log and not yet in a segment, newest state of each id.
///
/// Entries keep the order of arrival. An entry that a later one replaces is no longer current. Lookup is an
/// open-addressing table over 64-bit hashes of ids, load at most one half.
package struct LogTail: Sendable {
  /// One logged put or delete.
  package struct Entry: Sendable {
    let idOffset: Int
    let idLength: Int
    /// -1 for a deletion.
    let vectorOffset: Int
    let metadataOffset: Int
    let metadataLength: Int
    let lsn: UInt64
    let created: Int64
    let updated: Int64
    let hash: UInt64
    var isCurrent: Bool

    /// Whether this entry is a row that searches see.
    package var isLiveRow: Bool { isCurrent && vectorOffset >= 0 }
  }

  private var arena: [UInt8] = []
  package private(set) var entries: [Entry] = []
  private var slots: [UInt32] = []
  /// Rows that searches see.
  package private(set) var liveCount = 0
  private let key: UUID16
  private let vectorBytes: Int

  package init(key: UUID16, vectorBytes: Int) {
    self.key = key
    self.vectorBytes = vectorBytes
  }

  package var isEmpty: Bool { entries.isEmpty }

  /// The hash under which an id is found here and in segments.
  func hash(of id: UnsafeRawBufferPointer) -> UInt64 { unsafe sipHash13(id, key: key) }

  /// The current entry of an id: a live row or a deletion; nil when the log does not mention it.
  func find(_ id: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
    guard !slots.isEmpty else { return nil }
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 {
      let index = Int(slots[place]) - 1
      let entry = entries[index]
      if entry.hash == hash, entry.idLength == id.count, unsafe isEqual(entry, id) { return index }
      place = (place + 1) & mask
    }
    return nil
  }

  private func isEqual(_ entry: Entry, _ id: UnsafeRawBufferPointer) -> Bool {
    unsafe arena.withUnsafeBytes { all in
      for i in 0..<entry.idLength where unsafe all[entry.idOffset + i] != id[i] { return false }
      return true
    }
  }

  /// Adds bytes that later entries point into; returns where they begin.
  mutating func addBytes(_ bytes: [UInt8]) -> Int {
    if arena.isEmpty {
      arena = bytes
      return 0
    }
    let start = arena.count
    arena.append(contentsOf: bytes)
    return start
  }

  /// Records one operation whose ranges lie in the bytes added at `base`.
  mutating func append(
    _ operation: LogOperation, base: Int, lsn: UInt64, updated: Int64
  ) {
    let idRange: Range<Int>
    var vector = -1
    var metadata = 0..<0
    var created: Int64 = 0
    switch operation {
    case .put(let id, let createdAt, let vectorRange, let metadataRange):
      idRange = id
      vector = vectorRange.lowerBound + base
      metadata = metadataRange
      created = createdAt
    case .delete(let id):
      idRange = id
    }
    let idOffset = idRange.lowerBound + base
    let (hash, previous) = unsafe arena.withUnsafeBytes { all in
      let id = unsafe UnsafeRawBufferPointer(rebasing: all[idOffset..<(idOffset + idRange.count)])
      let hash = unsafe self.hash(of: id)
      return unsafe (hash, find(id, hash: hash))
    }
    let entry = Entry(
      idOffset: idOffset, idLength: idRange.count, vectorOffset: vector,
      metadataOffset: metadata.lowerBound + base, metadataLength: metadata.count, lsn: lsn, created: created,
      updated: updated, hash: hash, isCurrent: true)
    let index = entries.count
    entries.append(entry)
    if entry.isLiveRow { liveCount += 1 }
    if let previous {
      if entries[previous].isLiveRow { liveCount -= 1 }
      entries[previous].isCurrent = false
      replaceSlot(of: previous, hash: hash, with: index)
    } else {
      insertSlot(index, hash: hash)
    }
  }

  private mutating func replaceSlot(of old: Int, hash: UInt64, with new: Int) {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != UInt32(old + 1) { place = (place + 1) & mask }
    slots[place] = UInt32(new + 1)
  }

  private mutating func insertSlot(_ index: Int, hash: UInt64) {
    if (entries.count + 1) * 2 > slots.count {
      let size = max(64, slots.count * 2)
      slots = [UInt32](repeating: 0, count: size)
      for (i, entry) in entries.enumerated() where entry.isCurrent && i != index { place(i, entry.hash) }
    }
    place(index, hash)
  }

  private mutating func place(_ index: Int, _ hash: UInt64) {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 { place = (place + 1) & mask }
    slots[place] = UInt32(index + 1)
  }

  /// Calls `body` with the parts of one entry.
  ///
  /// The buffers live only for the call. The vector is empty for a deletion.
  func withEntry<T, E: Error>(
    _ index: Int,
    _ body: (
      _ id: UnsafeRawBufferPointer, _ vector: UnsafeRawBufferPointer, _ metadata: UnsafeRawBufferPointer
    ) throws(E) -> T
  ) throws(E) -> T {
    let entry = entries[index]
    return try unsafe arena.withUnsafeBufferPointer { (bytes) throws(E) -> T in
      let all = UnsafeRawBufferPointer(bytes)
      let id = unsafe UnsafeRawBufferPointer(
        rebasing: all[entry.idOffset..<(entry.idOffset + entry.idLength)])
      let vector =
        unsafe entry.vectorOffset < 0
        ? UnsafeRawBufferPointer(start: nil, count: 0)
        : unsafe UnsafeRawBufferPointer(
          rebasing: all[entry.vectorOffset..<(entry.vectorOffset + vectorBytes)])
      let metadata = unsafe UnsafeRawBufferPointer(
        rebasing: all[entry.metadataOffset..<(entry.metadataOffset + entry.metadataLength)])
      return try unsafe body(id, vector, metadata)
    }
  }

  /// Bytes held, for accounting.
  package var byteCount: Int { arena.count }
}
