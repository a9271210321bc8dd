import FileStorage

/// Identity and manifests.
extension Verifier {
  /// Both copies of the identity are whole and the one that the manifest names.
  mutating func checkIdentity(_ manifest: Manifest?) throws(DatabaseError) {
    count(CollectionIdentity.fileName)
    let bytes = try liftedFile { () throws(FileError) in
      try OpenFile(fs, CollectionIdentity.fileName, .reading).readBytes(
        at: 0, count: CollectionIdentity.fileSize + 1)
    }
    if collection.intactIdentityCopies < 2 {
      let size = CollectionIdentity.fileSize / 2
      let first = bytes.prefix(size)
      // A copy is whole when a file made of it twice is.
      let twice = Array(first) + Array(first)
      let isFirstWhole =
        (try? CollectionIdentity.decode(twice, path: CollectionIdentity.fileName))?.intactCopies == 2
      let start = UInt64(isFirstWhole ? size : 0)
      report.findings.append(
        Finding(
          "identity-copy-damaged", .data, CollectionIdentity.fileName,
          section: isFirstWhole ? "second copy" : "first copy",
          range: start..<(start + UInt64(size)),
          "one of the two copies of the identity is damaged; the other is whole and used",
          remedy: "copy the whole half over the damaged one, or restore the file VDB from a backup"))
    } else if let manifest, SHA256.digest(of: bytes) != manifest.identityHash {
      report.findings.append(
        Finding(
          "identity-mismatch", .data, CollectionIdentity.fileName, range: 0..<UInt64(bytes.count),
          "the identity is not the one that the manifest names",
          remedy: "restore the file VDB from a backup of this collection"))
    }
  }

  /// The manifests of the versions before the newest, those that can be read, newest first.
  @discardableResult
  mutating func checkOtherManifests(newest: Manifest?) throws(DatabaseError) -> [Manifest] {
    let store = collection.manifests
    let versions = try lifted { () throws(StorageError) in try store.versions() }
    var older: [Manifest] = []
    for version in versions.reversed() where version != newest?.version {
      let name = FileNames.manifest(version)
      needed.insert(name)
      if let newest, version > newest.version { continue }
      do throws(StorageError) {
        let manifest = try store.load(version)
        count(name)
        older.append(manifest)
        if let newest, newest.parentVersion == version, newest.parentHash != manifest.hash {
          report.findings.append(
            Finding(
              "manifest-chain-broken", .data, name,
              "this version is not the parent that version \(newest.version) names",
              remedy: "restore this file from a backup, or run vdb gc --keep 0 to drop it"))
        }
      } catch .corruption(let damage) {
        count(name)
        // The newest has been reported.
        if report.findings.contains(where: { $0.path == name }) { continue }
        add(
          "manifest-damaged", .data, damage, "an older version's manifest is damaged; the newest is whole",
          remedy: "vdb gc --keep 0 removes old versions")
      } catch .file(let error) where error.code == ErrorCode.noSuchFile {
        continue
      } catch {
        throw .storage(error)
      }
    }
    return older
  }
}
