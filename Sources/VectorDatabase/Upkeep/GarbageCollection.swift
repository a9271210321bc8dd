import FileStorage

/// What garbage collection removed or would remove.
package struct GarbageReport: Equatable, Sendable {
  package var removedVersions: [UInt64] = []
  package var removedFiles: [String] = []
  package var removedBytes: UInt64 = 0
  /// Versions kept only because a reader holds them.
  package var pinnedVersions: [UInt64] = []
}

/// Removes versions that nobody needs and files that no kept version names.
///
/// Manifests go first and files later, so a crash leaves only orphans. Runs only while the writer lock and the
/// maintenance lock are both held.
package enum GarbageCollector {
  /// Collects after a commit, if no long job holds the maintenance lock.
  ///
  /// Failures are left for the next time: nothing that a version needs is touched, and the commit is
  /// already durable.
  static func collectIfFree(_ writer: CollectionWriter) {
    do throws(DatabaseError) {
      guard let hold = try LockHold.tryTaking(writer.fs, byte: LockByte.maintenance, .exclusive) else {
        return
      }
      _ = try collect(writer.collection, keepParent: true, dryRun: false)
      withExtendedLifetime(hold) {}
    } catch {
      return
    }
  }

  /// Empties `tmp/`, unless a long job is writing there.
  ///
  /// Best effort.
  static func sweepTemporaryFiles(_ fs: any FileSystem) {
    do throws(FileError) {
      let names = try fs.list("tmp")
      guard !names.isEmpty else { return }
      guard let hold = try? LockHold.tryTaking(fs, byte: LockByte.maintenance, .exclusive) else { return }
      for name in names { try fs.remove("tmp/" + name) }
      withExtendedLifetime(hold) {}
    } catch {
      return
    }
  }

  /// Removes what is not needed.
  ///
  /// Both locks are held by the caller.
  ///
  /// `keepParent`: Keeps the version before the newest, from which losing the newest manifest can be repaired.
  static func collect(
    _ collection: Collection, keepParent: Bool, dryRun: Bool
  ) throws(DatabaseError) -> GarbageReport {
    let fs = collection.fileSystem
    let store = collection.manifests
    var report = GarbageReport()
    let versions = try lifted { () throws(StorageError) in try store.versions() }
    guard let newest = versions.last else { return report }
    let newestManifest = try lifted { () throws(StorageError) in try store.load(newest) }
    var kept = [newestManifest]
    for version in versions.dropLast() {
      if keepParent, version == newestManifest.parentVersion {
        // Without knowing what it needs, nothing may be removed.
        kept.append(try lifted { () throws(StorageError) in try store.load(version) })
        continue
      }
      guard let pin = try LockHold.tryTaking(fs, byte: LockByte.pin(version), .exclusive) else {
        report.pinnedVersions.append(version)
        kept.append(try lifted { () throws(StorageError) in try store.load(version) })
        continue
      }
      let name = FileNames.manifest(version)
      report.removedVersions.append(version)
      try remove(name, fs, dryRun: dryRun, &report)
      withExtendedLifetime(pin) {}
    }
    if !report.removedVersions.isEmpty, !dryRun {
      try liftedFile { () throws(FileError) in try fs.syncFolder("manifest") }
    }
    var needed: Set<String> = []
    var firstLog = newestManifest.firstLog
    for manifest in kept {
      firstLog = min(firstLog, manifest.firstLog)
      for segment in manifest.segments {
        needed.insert(FileNames.segment(segment.number))
        if let deletion = segment.deletion {
          needed.insert(FileNames.deletion(segment.number, deletion.generation))
        }
      }
      for index in manifest.indexes { needed.insert(FileNames.index(index.number)) }
    }
    for folder in ["seg", "del", "idx", "wal"] {
      let names = try liftedFile { () throws(FileError) in try fs.list(folder) }
      for short in names.sorted() {
        let name = folder + "/" + short
        switch FileNames.parse(name) {
        case .log(let number)?:
          if number < firstLog { try remove(name, fs, dryRun: dryRun, &report) }
        case .segment?, .deletion?, .index?:
          if !needed.contains(name) { try remove(name, fs, dryRun: dryRun, &report) }
        case .manifest?, nil:
          break
        }
      }
    }
    let temporary = try liftedFile { () throws(FileError) in try fs.list("tmp") }
    for name in temporary.sorted() { try remove("tmp/" + name, fs, dryRun: dryRun, &report) }
    return report
  }

  private static func remove(
    _ name: String, _ fs: any FileSystem, dryRun: Bool, _ report: inout GarbageReport
  ) throws(DatabaseError) {
    let status = try liftedFile { () throws(FileError) in try fs.status(name) }
    guard let status, status.kind == .file else { return }
    report.removedFiles.append(name)
    report.removedBytes += status.size
    if !dryRun { try liftedFile { () throws(FileError) in try fs.remove(name) } }
  }
}

extension CollectionWriter {
  /// Removes versions and files that nobody needs.
  ///
  /// - Throws: `.locked` while a compaction or an index build runs.
  package func collectGarbage(
    keepParent: Bool, dryRun: Bool, patience: LockPatience
  ) throws(DatabaseError) -> GarbageReport {
    let hold = try LockHold.takingMaintenance(fs, patience: patience)
    defer { withExtendedLifetime(hold) {} }
    return try GarbageCollector.collect(collection, keepParent: keepParent, dryRun: dryRun)
  }
}
