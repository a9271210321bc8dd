import CommandLineParsing
import MetadataFilters
import VectorDatabase

extension CommandContext {
  /// Calls `body` with every live row, or those of a set, in the order of arrival or of storage, until it returns false.
  ///
  /// Signals and the time limit end it between two rows.
  func forEachRow(
    of snapshot: Snapshot, in rows: FilteredRows? = nil, skipping: Int = 0, inStorageOrder: Bool = false,
    _ body: (RowLocation) throws(CommandFailure) -> Bool
  ) throws(CommandFailure) {
    var failure: CommandFailure?
    var count = 0
    func take(_ location: RowLocation) -> Bool {
      do throws(CommandFailure) {
        if count & 255 == 0 { try checkForStop() }
        count += 1
        return try body(location)
      } catch {
        failure = error
        return false
      }
    }
    try engine { () throws(DatabaseError) in
      if let rows {
        try snapshot.forEachRow(in: rows, skipping: skipping, inStorageOrder: inStorageOrder, take)
      } else {
        try snapshot.forEachRow(skipping: skipping, inStorageOrder: inStorageOrder, take)
      }
    }
    if let failure { throw failure }
  }
}

/// All live rows in the order of their ids: the ids and places are in memory, nothing else of the rows.
struct RowsByID {
  private(set) var locations: [RowLocation] = []

  /// Reads all ids, or those of a set, and sorts them.
  init(_ context: CommandContext, _ snapshot: Snapshot, in rows: FilteredRows? = nil) throws(CommandFailure) {
    let type = snapshot.collection.settings.idType
    var bytes: [UInt8] = []
    var ends: [Int] = [0]
    var unsorted: [RowLocation] = []
    unsorted.reserveCapacity(snapshot.liveCount)
    ends.reserveCapacity(snapshot.liveCount + 1)
    try context.forEachRow(of: snapshot, in: rows, inStorageOrder: true) {
      (location) throws(CommandFailure) in
      let id = try engine { () throws(DatabaseError) in try snapshot.state.id(at: location) }
      bytes.append(contentsOf: id.bytes)
      ends.append(bytes.count)
      unsorted.append(location)
      return true
    }
    var order = Array(0..<unsorted.count)
    unsafe bytes.withUnsafeBytes { all in
      order.sort { left, right in
        unsafe RecordID.compare(
          UnsafeRawBufferPointer(rebasing: all[ends[left]..<ends[left + 1]]),
          UnsafeRawBufferPointer(rebasing: all[ends[right]..<ends[right + 1]]), type: type) < 0
      }
    }
    locations = order.map { unsorted[$0] }
  }
}
