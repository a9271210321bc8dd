import CommandLineParsing
import FileStorage
import VectorDatabase

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension CommandContext {
  /// Opens the collection that the first operand names.
  func openCollection(_ path: String? = nil) throws(CommandFailure) -> Collection {
    let fs = try openFileSystem(path ?? collectionPath)
    return try engine { () throws(DatabaseError) in try Collection.open(on: fs) }
  }

  /// Opens the folder of a collection; `mode` is that of a new folder, which its files get without the right to run.
  func openFileSystem(_ path: String, mode: UInt32? = nil) throws(CommandFailure) -> RealFileSystem {
    MappedFileTable.installHandler()
    do throws(FileError) {
      return try RealFileSystem(
        root: path, fileMode: (mode ?? 0o666) & 0o666,
        allowNetwork: arguments.flag(SharedOptions.allowNetworkFS))
    } catch {
      switch error.code {
      case ENOENT: throw CommandFailure(DatabaseError.notFound(path: path))
      case ENOTDIR:
        throw CommandFailure(
          .notFound, code: "not-a-collection", "\(path) is not a collection: it is a file, not a folder",
          hint: "a collection is a folder; vdb import reads files into one", path: path)
      default: throw .system("cannot open", path, error.code)
      }
    }
  }

  /// Opens the newest state for reading.
  func openSnapshot() throws(CommandFailure) -> Snapshot {
    let collection = try openCollection()
    return try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
  }

  /// Threads to use: `--threads`, or one for every processor.
  var threadCount: Int {
    if arguments.declares(SharedOptions.threads), let threads = arguments.integer(SharedOptions.threads) {
      return Int(threads)
    }
    return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// Bytes of memory that the machine has; 0 when the system does not say.
  var physicalMemory: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let (bytes, overflow) = pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && !overflow ? max(0, bytes) : 0
  }

  /// The version and LSN that the command demands.
  var stateCondition: StateCondition {
    StateCondition(
      version: arguments.declares(SharedOptions.ifVersion)
        ? arguments.integer(SharedOptions.ifVersion).map { UInt64($0) } : nil,
      lsn: arguments.declares(SharedOptions.ifLSN)
        ? arguments.integer(SharedOptions.ifLSN).map { UInt64($0) } : nil)
  }

  /// This process, as manifests and logs record it.
  var origin: CommandOrigin {
    CommandOrigin(
      command: arguments.command.name, processID: Int64(getpid()), userID: Int64(geteuid()), host: hostName())
  }

  private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Refuses to write where it cannot be safe or was forbidden.
  func requireWritable(_ collection: Collection) throws(CommandFailure) {
    if arguments.flag(SharedOptions.readOnly) {
      throw CommandFailure(
        .denied, code: "read-only", "--read-only forbids \(arguments.command.name) to write",
        hint: "leave out --read-only")
    }
    if let fs = collection.fileSystem as? RealFileSystem, fs.isNetworkFileSystem,
      !arguments.flag(SharedOptions.allowNetworkFS)
    {
      throw CommandFailure(DatabaseError.networkFileSystem(path: fs.rootPath))
    }
  }

  /// Takes the writer lock of the collection that the first operand names.
  func openWriter(_ existing: Collection? = nil) throws(CommandFailure) -> CollectionWriter {
    let collection = if let existing { existing } else { try openCollection() }
    try requireWritable(collection)
    let condition = stateCondition
    let origin = origin
    let patience = lockPatience
    let isRehearsal = isDryRun
    do throws(DatabaseError) {
      return try CollectionWriter(
        collection, origin: origin, creator: VersionCommand.creator, condition: condition,
        isRehearsal: isRehearsal, patience: patience)
    } catch {
      if let signal = Signals.requested { throw .interrupted(by: signal) }
      throw CommandFailure(error)
    }
  }

  /// Ends a writer's work; a failure of its upkeep is a warning, as everything is durable without it.
  func close(_ writer: CollectionWriter) {
    writer.close()
    guard let failure = writer.upkeepFailure else { return }
    messages.warning(
      "everything is durable, but the log could not be made into a segment or sealed: \(failure); the next writer tries again"
    )
  }
}
