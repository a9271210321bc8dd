/// The versions of one collection: the folder `manifest/`.
///
/// Reading needs no lock. A value; safe to use from several threads.
package struct ManifestStore: Sendable {
  private let fs: any FileSystem
  private let collection: UUID16
  private let identityHash: Digest256

  /// The versions of the collection that `fs` is rooted at.
  package init(_ fs: any FileSystem, _ identity: CollectionIdentity) {
    self.fs = fs
    collection = identity.uuid
    identityHash = identity.hash
  }

  /// The numbers of all versions, ascending.
  ///
  /// Other names in the folder are left alone.
  package func versions() throws(StorageError) -> [UInt64] {
    do throws(FileError) {
      return try fs.list("manifest").compactMap { name in
        if case .manifest(let version)? = FileNames.parse("manifest/" + name) { version } else { nil }
      }.sorted()
    } catch {
      if error.code == ErrorCode.noSuchFile { return [] }
      throw .file(error)
    }
  }

  /// The highest version; nil before the first.
  package func newestVersion() throws(StorageError) -> UInt64? { try versions().last }

  /// Reads one version.
  ///
  /// - Throws: `.corruption` when the file is not what was written: a crash cannot leave that, so nobody may pass over
  ///   it to an older version. `.file` with `ENOENT` when there is no such version.
  package func load(_ version: UInt64) throws(StorageError) -> Manifest {
    let name = FileNames.manifest(version)
    let bytes: [UInt8]
    do throws(FileError) {
      let file = try OpenFile(fs, name, .reading)
      bytes = try file.readBytes(at: 0, count: ManifestCodec.maximumFileSize + 1)
    } catch {
      throw .file(error)
    }
    guard bytes.count <= ManifestCodec.maximumFileSize else {
      throw damage(name, "file", "at most \(ManifestCodec.maximumFileSize) bytes", "more")
    }
    let manifest = try ManifestCodec.decode(bytes, path: name, collection: collection)
    guard manifest.version == version else {
      throw damage(
        name, "header", "version \(version), as the file's name says", "version \(manifest.version)")
    }
    guard manifest.identityHash == identityHash else {
      throw damage(
        name, "body", "a version of the identity with SHA-256 \(identityHash.hex)", manifest.identityHash.hex)
    }
    return manifest
  }

  /// Checks that a version's parent, if its file is still there, is the one it was made from.
  ///
  /// - Returns: Whether the parent was there.
  /// - Throws: `.corruption` when the hash differs or the parent does not validate.
  package func checkParent(of manifest: Manifest) throws(StorageError) -> Bool {
    guard manifest.parentVersion > 0 else { return false }
    let parent: Manifest
    do throws(StorageError) {
      parent = try load(manifest.parentVersion)
    } catch .file(let error) where error.code == ErrorCode.noSuchFile {
      return false
    } catch {
      throw error
    }
    guard parent.hash == manifest.parentHash else {
      throw damage(
        FileNames.manifest(manifest.version), "header",
        "a parent with SHA-256 \(manifest.parentHash.hex)",
        "version \(parent.version) with \(parent.hash.hex)")
    }
    return true
  }

  /// Commits a version: durable on return.
  ///
  /// The caller holds the writer lock, has based the version on the newest one, and has made durable every file
  /// that it names, under its final name. Steps: written and flushed in `tmp/`; moved to its name, which is the commit
  /// point; `manifest/` flushed, which is the durability point.
  ///
  /// - Returns: The version with its hash.
  /// - Throws: `.corruption` when the manifest breaks its own rules; `.file` when nothing was changed;
  ///   `.poisoned` when the move may or may not last.
  package func commit(_ manifest: Manifest) throws(StorageError) -> Manifest {
    let name = FileNames.manifest(manifest.version)
    let (bytes, hash) = ManifestCodec.encode(manifest, collection: collection)
    guard bytes.count <= ManifestCodec.maximumFileSize else {
      throw .file(FileError(.write, fs.rootPath + "/" + name, ErrorCode.fileTooBig))
    }
    var committed = manifest
    committed.hash = hash
    guard try ManifestCodec.decode(bytes, path: name, collection: collection) == committed else {
      throw damage(name, "body", "a version that reads back as it was made", "another one")
    }
    guard committed.identityHash == identityHash else {
      throw damage(
        name, "body", "a version of the identity with SHA-256 \(identityHash.hex)", "another identity")
    }
    let temporary = FileNames.temporary(name)
    do throws(FileError) {
      try NewFile.write(fs, temporary, bytes)
      try NewFile.move(fs, temporary, to: name)
    } catch {
      throw .file(error)
    }
    do throws(FileError) {
      try fs.syncFolder("manifest")
    } catch {
      // The new version is in place, but a crash may bring the old one back.
      throw .poisoned(path: name, lsn: committed.lastLSN)
    }
    return committed
  }

  private func damage(_ name: String, _ section: String, _ expected: String, _ found: String) -> StorageError
  {
    .corruption(CorruptionError(path: name, section: section, offset: nil, expected: expected, found: found))
  }
}
