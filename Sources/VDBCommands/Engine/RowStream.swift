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

/// Where a page of `scan` ended: the state that was read, and how many rows lie behind.
struct ScanCursor: Equatable {
  let version: UInt64
  let lsn: UInt64
  let position: Int

  init(_ snapshot: Snapshot, position: Int) {
    version = snapshot.version
    lsn = snapshot.lsn
    self.position = position
  }

  /// `3.17.100`.
  var text: String { "\(version).\(lsn).\(position)" }

  /// Reads a cursor.
  ///
  /// - Throws: a usage failure when the text is none.
  init(_ text: String) throws(CommandFailure) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }),
      let version = UInt64(parts[0]), let lsn = UInt64(parts[1]), let position = Int(parts[2])
    else {
      throw CommandFailure(
        .usage, code: "invalid-cursor", "--after: '\(text)' is no cursor",
        hint: "take the member `next` of an earlier page's last line")
    }
    self.version = version
    self.lsn = lsn
    self.position = position
  }

  /// Fails when rows have changed since the cursor was made.
  ///
  /// The rows behind it are then not those that an uninterrupted scan would print. Versions that only move rows
  /// to other files keep their order.
  func requireUnchanged(_ snapshot: Snapshot) throws(CommandFailure) {
    guard snapshot.lsn != lsn || snapshot.version < version else { return }
    throw CommandFailure(
      .conflict, code: "cursor-outdated",
      "the collection has changed since the cursor was made: version \(version), LSN \(lsn) then; version \(snapshot.version), LSN \(snapshot.lsn) now",
      hint: "begin the scan again without --after")
  }
}
