package import FileStorage
package import MetadataFilters
package import VectorMath

/// What is fixed when a collection is created.
package struct CollectionSettings: Equatable, Sendable {
  /// Numbers in each vector, from 1 to 65,536.
  package var dimension: Int
  package var metric: Metric
  package var elementType: ElementType
  package var idType: IDType

  package init(dimension: Int, metric: Metric, elementType: ElementType, idType: IDType) {
    self.dimension = dimension
    self.metric = metric
    self.elementType = elementType
    self.idType = idType
  }

  /// Fails with `.invalidSetting` when no collection can have these settings.
  package func check() throws(DatabaseError) {
    guard supportedDimensions.contains(dimension) else {
      throw .invalidSetting(field: "dims", value: "\(dimension)", expected: "1 to 65536")
    }
    let allowed = elementType.metrics
    guard allowed.contains(metric) else {
      let names = allowed.dropLast().map(\.name).joined(separator: ", ")
      let last = allowed.last?.name ?? ""
      throw .invalidSetting(
        field: "metric", value: metric.name,
        expected: (names.isEmpty ? last : "\(names) or \(last)") + " for vectors of type \(elementType.name)")
    }
  }
}

/// A collection directory: its identity and the file system that holds it.
///
/// Opening reads one page. Rows are reached through `Snapshot` (reading) and `CollectionWriter` (changing).
/// Safe to share between threads.
package final class Collection: Sendable {
  package let fileSystem: any FileSystem
  package let identity: CollectionIdentity
  package let settings: CollectionSettings
  /// How many of the two identity copies are whole.
  package let intactIdentityCopies: Int

  private init(_ fs: any FileSystem, _ identity: CollectionIdentity, intactCopies: Int) throws(DatabaseError)
  {
    fileSystem = fs
    self.identity = identity
    intactIdentityCopies = intactCopies
    guard let metric = Metric(rawValue: identity.metric),
      let elementType = ElementType(rawValue: identity.elementType),
      let idType = IDType(rawValue: identity.idType),
      (1...65_536).contains(identity.dimension), elementType.metrics.contains(metric)
    else {
      throw .storage(
        .corruption(
          CorruptionError(
            path: CollectionIdentity.fileName, section: "header", offset: 72,
            expected: "a known metric, element type, id type and dimension",
            found: "\(identity.metric), \(identity.elementType), \(identity.idType), \(identity.dimension)")))
    }
    settings = CollectionSettings(
      dimension: Int(identity.dimension), metric: metric, elementType: elementType, idType: idType)
  }

  /// Opens an existing collection.
  ///
  /// - Throws: `.notFound`, `.notACollection`, `.unfinishedCreation`, `.storage(.corruption)`, `.storage(.unsupported)`.
  package static func open(on fs: any FileSystem) throws(DatabaseError) -> Collection {
    let status = try liftedFile { () throws(FileError) in try fs.status(CollectionIdentity.fileName) }
    guard let status else {
      if try isUnfinished(fs) { throw .unfinishedCreation(path: fs.rootPath) }
      throw .notACollection(path: fs.rootPath, reason: "it holds no file named VDB")
    }
    guard status.kind == .file else {
      throw .notACollection(path: fs.rootPath, reason: "its VDB is not a regular file")
    }
    let bytes = try liftedFile { () throws(FileError) in
      try OpenFile(fs, CollectionIdentity.fileName, .reading).readBytes(
        at: 0, count: CollectionIdentity.fileSize + 1)
    }
    let identity: CollectionIdentity
    let intact: Int
    do throws(StorageError) {
      (identity, intact) = try CollectionIdentity.decode(bytes, path: CollectionIdentity.fileName)
    } catch {
      if try isUnfinished(fs) { throw .unfinishedCreation(path: fs.rootPath) }
      throw .storage(error)
    }
    return try Collection(fs, identity, intactCopies: intact)
  }

  /// Makes a new collection in an empty folder, or finishes an interrupted `create`.
  ///
  /// The first manifest is the commit point: before it there is no collection, after it the collection is durable.
  /// - Throws: `.alreadyExists`, `.notACollection` when the folder holds other files, `.invalidSetting` as `check` does.
  package static func create(
    on fs: any FileSystem, _ settings: CollectionSettings, options: [String: String] = [:],
    schema: CollectionSchema? = nil, uuid: UUID16,
    creator: String, origin: CommandOrigin
  ) throws(DatabaseError) -> Collection {
    try settings.check()
    let lock = try claim(fs)
    defer { withExtendedLifetime(lock) {} }
    for folder in FileNames.folders {
      try liftedFile { () throws(FileError) in try fs.makeFolder(folder) }
    }
    let identity = CollectionIdentity(
      uuid: uuid, createdNanoseconds: fs.now(), dimension: UInt32(settings.dimension),
      elementType: settings.elementType.rawValue, metric: settings.metric.rawValue,
      idType: settings.idType.rawValue,
      creator: creator)
    let bytes = identity.encode()
    try liftedFile { () throws(FileError) in
      let file = try OpenFile(fs, CollectionIdentity.fileName, .creating)
      try file.writeFully(bytes, at: 0)
      try file.sync()
      try file.close()
    }
    let store = ManifestStore(fs, identity)
    let log = try lifted { () throws(StorageError) in
      try LogWriter.create(
        fs, number: 1, firstLSN: 1, collection: uuid, manifestVersion: 1, previousChain: 0, previousEnd: 0)
    }
    try lifted { () throws(StorageError) in try log.seal() }
    try liftedFile { () throws(FileError) in try fs.syncFolder("") }
    var manifest = Manifest(firstVersionOf: identity, identityHash: SHA256.digest(of: bytes))
    manifest.firstLog = 1
    manifest.nextNumber = 2
    manifest.settings = options
    manifest.setSchema(schema)
    manifest.nanoseconds = fs.now()
    manifest.operation = "create"
    manifest.writer = WriterInfo(origin, creator: creator)
    let finished = manifest
    _ = try lifted { () throws(StorageError) in try store.commit(finished) }
    return try Collection(fs, identity, intactCopies: 2)
  }

  /// A folder with nothing but what an interrupted `create` leaves: no version, no rows.
  private static func isUnfinished(_ fs: any FileSystem) throws(DatabaseError) -> Bool {
    let names = try liftedFile { () throws(FileError) in try fs.list("") }
    let own = Set(FileNames.folders + [FileNames.lock, CollectionIdentity.fileName])
    guard names.contains(FileNames.lock), names.allSatisfy({ own.contains($0) }) else { return false }
    if try hasManifest(fs) { return false }
    return try liftedFile { () throws(FileError) in
      for folder in ["seg", "del", "idx"] where names.contains(folder) {
        guard try fs.list(folder).isEmpty else { return false }
      }
      guard names.contains("wal") else { return true }
      for name in try fs.list("wal") {
        // The first log, without a record.
        let size = try fs.status("wal/" + name)?.size ?? 0
        guard "wal/" + name == FileNames.log(1), size <= LogFormat.longestWithoutRecords
        else { return false }
      }
      return true
    }
  }

  /// What a collection without any version is: an interrupted `create`, or one that has lost them.
  static func withoutVersion(_ fs: any FileSystem) throws(DatabaseError) -> DatabaseError {
    if try isUnfinished(fs) { return .unfinishedCreation(path: fs.rootPath) }
    return .storage(
      .corruption(
        CorruptionError(
          path: "manifest", section: "folder", offset: nil, expected: "at least one version", found: "none")))
  }

  private static func hasManifest(_ fs: any FileSystem) throws(DatabaseError) -> Bool {
    try liftedFile { () throws(FileError) in
      guard try fs.status("manifest")?.kind == .folder else { return false }
      return try fs.list("manifest").contains { $0.hasSuffix(".vman") }
    }
  }

  /// Takes the writer lock of a folder that is to become a collection and removes the debris of an interrupted `create`.
  ///
  /// Refuses a folder that holds anything else.
  private static func claim(_ fs: any FileSystem) throws(DatabaseError) -> LockHold {
    let names = try liftedFile { () throws(FileError) in try fs.list("") }
    if try hasManifest(fs) { throw .alreadyExists(path: fs.rootPath) }
    let isUsable = names.isEmpty ? true : try isUnfinished(fs)
    guard isUsable else {
      throw .notACollection(path: fs.rootPath, reason: "the folder exists and holds other files")
    }
    if !names.contains(FileNames.lock) {
      // Durable before anything else is made: it marks the folder as one that `create` may go on with.
      try liftedFile { () throws(FileError) in
        try OpenFile(fs, FileNames.lock, .creating).close()
        try fs.syncFolder("")
      }
    }
    let lock = try LockHold.taking(fs, .writing) { _, _ in false }
    if try hasManifest(fs) { throw .alreadyExists(path: fs.rootPath) }
    try liftedFile { () throws(FileError) in
      for folder in FileNames.folders where names.contains(folder) {
        let files = try fs.list(folder)
        for name in files { try fs.remove(folder + "/" + name) }
        try fs.removeFolder(folder)
      }
      if names.contains(CollectionIdentity.fileName) { try fs.remove(CollectionIdentity.fileName) }
    }
    return lock
  }

  /// The manifests of this collection.
  package var manifests: ManifestStore { ManifestStore(fileSystem, identity) }
}
