import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Makes collections for `create` and `import --create`.
enum CollectionCreation {
  /// "384-d f32, cosine, ids: string".
  static func summary(_ settings: CollectionSettings) -> String {
    "\(settings.dimension)-d \(settings.elementType.name), \(settings.metric.name), ids: \(settings.idType.name)"
  }

  /// Creates a collection at `path`, where nothing, an empty folder or an interrupted creation may lie.
  ///
  /// With `acceptsEqual` a collection with the same settings is left as it is; otherwise one that exists is a failure
  /// with status 7. Gives the identifier (nil for a rehearsal), and whether the collection did not exist before.
  static func create(
    _ path: String, _ settings: CollectionSettings, options: [String: String] = [:],
    _ schema: CollectionSchema?,
    mode: UInt32?,
    acceptsEqual: Bool, _ context: CommandContext
  ) throws(CommandFailure) -> (uuid: UUID16?, isNew: Bool) {
    if context.isDryRun { return try rehearse(path, settings, schema, acceptsEqual: acceptsEqual, context) }
    var madeFolder = true
    do throws(FileError) {
      try RealFileSystem.createRoot(path, mode: mode)
    } catch {
      guard error.code == EEXIST else { throw CommandFailure(error) }
      madeFolder = false
    }
    let fs = try context.openFileSystem(path, mode: mode)
    do throws(DatabaseError) {
      if fs.isNetworkFileSystem, !context.arguments.flag(SharedOptions.allowNetworkFS) {
        throw .networkFileSystem(path: path)
      }
      let made = try Collection.create(
        on: fs, settings, options: options, schema: schema, uuid: .random(), creator: VersionCommand.creator,
        origin: context.origin)
      return (made.identity.uuid, true)
    } catch {
      if madeFolder { try? RealFileSystem.removeTree(path) }
      guard case .alreadyExists = error, acceptsEqual else { throw CommandFailure(error) }
      return (try requireEqual(path, fs, settings, schema), false)
    }
  }

  /// Checks that `create` would succeed, and changes nothing.
  static func rehearse(
    _ path: String, _ settings: CollectionSettings, _ schema: CollectionSchema? = nil, acceptsEqual: Bool,
    _ context: CommandContext
  ) throws(CommandFailure) -> (uuid: UUID16?, isNew: Bool) {
    let fs: RealFileSystem
    do throws(FileError) {
      fs = try RealFileSystem(root: path)
    } catch {
      guard error.code == ENOENT else {
        throw .system("cannot create", path, error.code == ENOTDIR ? EEXIST : error.code)
      }
      try requireParent(path)
      return (nil, true)
    }
    let names = try files { () throws(FileError) in try fs.list("") }
    guard !names.isEmpty else { return (nil, true) }
    do throws(DatabaseError) {
      _ = try Collection.open(on: fs)
    } catch {
      if case .unfinishedCreation = error { return (nil, true) }
      throw CommandFailure(error)
    }
    guard acceptsEqual else { throw CommandFailure(DatabaseError.alreadyExists(path: path)) }
    return (try requireEqual(path, fs, settings, schema), false)
  }

  /// Whether something other than an empty folder lies at the collection's path.
  static func exists(_ context: CommandContext) throws(CommandFailure) -> Bool {
    do throws(FileError) {
      return try !RealFileSystem(root: context.collectionPath).list("").isEmpty
    } catch {
      if error.code == ENOENT { return false }
      if error.code == ENOTDIR { return true }
      throw CommandFailure(error)
    }
  }

  /// Fails unless a folder can be made at `path`.
  static func requireParent(_ path: String) throws(CommandFailure) {
    var parent = path[...]
    while parent.count > 1, parent.last == "/" { parent = parent.dropLast() }
    let folder =
      parent.lastIndex(of: "/").map { $0 == parent.startIndex ? "/" : String(parent[..<$0]) } ?? "."
    guard unsafe access(folder, W_OK | X_OK) == 0 else { throw .system("cannot create", path, errno) }
  }

  private static func requireEqual(
    _ path: String, _ fs: RealFileSystem, _ asked: CollectionSettings, _ schema: CollectionSchema?
  ) throws(CommandFailure) -> UUID16 {
    let existing = try engine { () throws(DatabaseError) in try Collection.open(on: fs) }
    if let schema {
      let manifest = try engine { () throws(DatabaseError) in try CollectionInfo.read(existing) }.manifest
      let found = try engine { () throws(DatabaseError) in try manifest.schema() }
      if found?.fields != schema.fields {
        throw CommandFailure(
          DatabaseError.differentSettings(
            path: path, field: "a schema",
            existing: found.map { "of \($0.fields.count) fields" } ?? "that is none",
            asked: "another one"))
      }
    }
    let pairs = [
      ("dims", "\(existing.settings.dimension)", "\(asked.dimension)"),
      ("metric", existing.settings.metric.name, asked.metric.name),
      ("type", existing.settings.elementType.name, asked.elementType.name),
      ("id-type", existing.settings.idType.name, asked.idType.name),
    ]
    for (field, found, wanted) in pairs where found != wanted {
      throw CommandFailure(
        DatabaseError.differentSettings(path: path, field: field, existing: found, asked: wanted))
    }
    return existing.identity.uuid
  }
}
