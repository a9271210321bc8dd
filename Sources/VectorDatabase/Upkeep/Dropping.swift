import FileStorage

extension Collection {
  /// Checks that the folder may be deleted and takes both locks, which the caller holds until it is gone.
  ///
  /// - Throws: `.foreignFiles` when something in it is not part of the collection; `.locked` while it is in use.
  package func prepareToDrop(patience: LockPatience) throws(DatabaseError) -> [LockHold] {
    let fs = fileSystem
    let writing = try LockHold.taking(fs, .writing, patience: patience)
    let maintenance = try LockHold.taking(fs, .maintenance, patience: patience)
    var holds = [writing, maintenance]
    let store = manifests
    for version in try lifted({ () throws(StorageError) in try store.versions() }) {
      guard let pin = try LockHold.tryTaking(fs, byte: LockByte.pin(version), .exclusive) else {
        throw .locked(path: fs.rootPath, purpose: .maintenance, holder: nil)
      }
      holds.append(pin)
    }
    let known = Set(
      FileNames.folders + FileNames.advisory + [CollectionIdentity.fileName, FileNames.lock])
    var foreign = try liftedFile { () throws(FileError) in try fs.list("") }.filter { !known.contains($0) }
    for folder in FileNames.folders where folder != "tmp" {
      let names = try liftedFile { () throws(FileError) in
        try fs.status(folder)?.kind == .folder ? try fs.list(folder) : []
      }
      foreign += names.map { folder + "/" + $0 }.filter { FileNames.parse($0) == nil }
    }
    guard foreign.isEmpty else { throw .foreignFiles(path: fs.rootPath, names: foreign.sorted()) }
    return holds
  }
}
