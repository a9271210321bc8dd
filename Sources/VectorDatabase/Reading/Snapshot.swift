package import FileStorage
import MetadataFilters
import VectorMath

/// One unchanging state of a collection, pinned against garbage collection for as long as this object lives.
///
/// Readers create nothing and write nothing. Safe to share between threads.
package final class Snapshot: Sendable {
  package let collection: Collection
  package let state: CollectionState
  /// The index files, opened when they are first wanted.
  package let indexes: SnapshotIndexes
  private let pin: LockHold?
  /// How the last log ended when it was read.
  package let logState: LogContents.State

  init(
    _ collection: Collection, _ state: CollectionState, pin: LockHold?, logState: LogContents.State,
    indexes: SnapshotIndexes? = nil
  ) {
    self.collection = collection
    self.state = state
    self.indexes = indexes ?? SnapshotIndexes(collection, state.manifest)
    self.pin = pin
    self.logState = logState
  }

  package var manifest: Manifest { state.manifest }
  package var version: UInt64 { state.manifest.version }
  package var lsn: UInt64 { state.lastLSN }
  package var liveCount: Int { state.liveCount }

  /// Opens the newest state of a collection.
  ///
  /// Pins the version first, so that no file of it can go away, and makes what it is about to show durable when a
  /// writer has not sealed its log: what a user has seen never vanishes.
  package static func open(_ collection: Collection) throws(DatabaseError) -> Snapshot {
    let fs = collection.fileSystem
    var lastMiss: UInt64?
    while true {
      let (manifest, pin) = try PinnedManifest.newest(collection)
      do throws(DatabaseError) {
        var state = try CollectionState.open(manifest, collection)
        let logs = try LogFiles.read(manifest, fs, collection.identity)
        for log in logs { try state.apply(log) }
        let logState = logs.last?.state ?? .sealed
        if let last = logs.last, last.state != .sealed, !last.transactions.isEmpty {
          try makeDurable(fs, log: last.header.number)
        }
        return Snapshot(collection, state, pin: pin, logState: logState)
      } catch {
        // A writer may have moved on between the manifest and the log: look again, once per new version.
        let newest = try lifted { () throws(StorageError) in try collection.manifests.newestVersion() }
        guard let newest, newest != manifest.version, lastMiss != newest else { throw error }
        lastMiss = newest
      }
    }
  }

  private static func makeDurable(_ fs: any FileSystem, log number: UInt64) throws(DatabaseError) {
    do throws(FileError) {
      let file = try OpenFile(fs, FileNames.log(number), .reading)
      try file.syncData()
    } catch {
      // A read-only medium cannot lose what was read from it.
      if error.code == ErrorCode.readOnlyFileSystem { return }
      throw .storage(.file(error))
    }
  }
}

/// A manifest together with the lock that keeps its files.
enum PinnedManifest {
  static func newest(_ collection: Collection) throws(DatabaseError) -> (Manifest, LockHold?) {
    let fs = collection.fileSystem
    let store = collection.manifests
    while true {
      guard let version = try lifted({ () throws(StorageError) in try store.newestVersion() }) else {
        throw try Collection.withoutVersion(fs)
      }
      var pin: LockHold?
      do throws(DatabaseError) {
        pin = try LockHold.tryTaking(fs, byte: LockByte.pin(version), .shared)
      } catch {
        // Without a lock file, or on a medium that has no locks, reading goes on without a pin.
        pin = nil
      }
      let there = try liftedFile { () throws(FileError) in try fs.status(FileNames.manifest(version)) != nil }
      if !there { continue }
      let manifest = try lifted { () throws(StorageError) in try store.load(version) }
      try makeDurable(manifest, fs)
      return (manifest, pin)
    }
  }

  /// A version younger than this may not be durable yet: its writer may be at work, or have been killed.
  ///
  /// Every system writes its journal back much sooner.
  private static let youth: Int64 = 60_000_000_000

  /// Makes a version's name durable before anything is built on it or shown of it.
  static func makeDurable(_ manifest: Manifest, _ fs: any FileSystem) throws(DatabaseError) {
    let age = fs.now().subtractingReportingOverflow(manifest.nanoseconds)
    // A clock that was set back says nothing.
    guard age.overflow || age.partialValue < youth else { return }
    do throws(FileError) {
      try fs.syncFolder("manifest")
    } catch {
      // A read-only medium cannot lose what was read from it.
      if error.code == ErrorCode.readOnlyFileSystem { return }
      throw .storage(.file(error))
    }
  }
}
