import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Finds the collections below folders.
struct CollectionSearch {
  private let isRecursive: Bool
  private(set) var found: [FoundCollection] = []

  init(isRecursive: Bool) { self.isRecursive = isRecursive }

  /// Looks at a folder that the user named, and into it unless it is a collection itself.
  ///
  /// - Throws: status 6 when it does not exist or is no folder.
  mutating func look(into folder: String, _ context: CommandContext) throws(CommandFailure) {
    let fs: RealFileSystem
    do throws(FileError) { fs = try RealFileSystem(root: folder) } catch {
      throw CommandFailure(error)
    }
    if let collection = try FoundCollection(fs, path: folder) {
      found.append(collection)
    } else {
      try lookInside(fs, folder, context)
    }
  }

  private mutating func lookInside(
    _ fs: RealFileSystem, _ folder: String, _ context: CommandContext
  ) throws(CommandFailure) {
    let names = try files { () throws(FileError) in try fs.list("") }
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      try context.checkForStop()
      // A folder that went away meanwhile, or whose name cannot be reached, is not there.
      guard let status = try? fs.status(name), status.kind == .folder else { continue }
      let path = folder == "." ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
      let inner: RealFileSystem
      do throws(FileError) { inner = try RealFileSystem(root: path) } catch {
        context.messages.warning("cannot look into \(path): \(CommandFailure.systemMessage(error.code))")
        continue
      }
      if let collection = try FoundCollection(inner, path: path) {
        found.append(collection)
      } else if isRecursive {
        do throws(CommandFailure) { try lookInside(inner, path, context) } catch {
          guard error.status == .denied else { throw error }
          context.messages.warning(error.message)
        }
      }
    }
  }
}

/// A collection that was found, whole or not.
struct FoundCollection {
  /// Whether it can be used.
  enum Health: String {
    case ok, damaged, unfinished, unsupported, unreadable
  }

  let path: String
  let health: Health
  /// Why it cannot be opened.
  let problem: CommandFailure?
  private let info: CollectionInfo?

  /// Nil when the folder is no collection and never was one.
  init?(_ fs: RealFileSystem, path: String) throws(CommandFailure) {
    self.path = path
    do throws(DatabaseError) {
      let collection = try Collection.open(on: fs)
      info = try CollectionInfo.read(collection)
      health = .ok
      problem = nil
    } catch {
      info = nil
      let failure = CommandFailure(error)
      problem = failure
      switch error {
      case .notACollection, .notFound:
        // The file VDB may be the very thing that is lost.
        guard FoundCollection.hasManifest(fs) else { return nil }
        health = .damaged
      case .unfinishedCreation: health = .unfinished
      default:
        switch failure.status {
        case .corrupt, .notFound: health = .damaged
        case .unsupported: health = .unsupported
        default: health = .unreadable
        }
      }
    }
  }

  private static func hasManifest(_ fs: RealFileSystem) -> Bool {
    guard let status = try? fs.status("manifest"), status.kind == .folder,
      let names = try? fs.list("manifest")
    else { return false }
    return names.contains {
      if case .manifest? = FileNames.parse("manifest/" + $0) { true } else { false }
    }
  }

  func cells(isTerminal: Bool) -> [String] {
    guard let info else { return [path, "", "", "", "", "", health.rawValue] }
    return [
      path, isTerminal ? NumberText.grouped(info.liveRows) : "\(info.liveRows)", "\(info.settings.dimension)",
      info.settings.metric.name, isTerminal ? NumberText.bytes(info.storedBytes) : "\(info.storedBytes)",
      "\(info.manifest.version)", health.rawValue,
    ]
  }

  /// Adds the collection as an object.
  func append(to json: inout CommandLineParsing.JSONText) {
    json.beginObject()
    json.member("path", path)
    json.member("health", health.rawValue)
    if let info {
      json.member("uuid", info.identity.uuid.description)
      json.member("records", info.liveRows)
      json.member("dims", info.settings.dimension)
      json.member("type", info.settings.elementType.name)
      json.member("metric", info.settings.metric.name)
      json.member("id_type", info.settings.idType.name)
      json.member("bytes", info.storedBytes)
      json.member("version", info.manifest.version)
      json.member("lsn", info.lastLSN)
    }
    if let problem { json.member("problem", problem.message) }
    json.endObject()
  }
}
