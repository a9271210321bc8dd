import CommandLineParsing
import FileStorage
import VectorDatabase

/// What the options of `bench` ask for.
struct BenchOptions {
  let suites: [BenchSuite]
  let k: Int
  /// Runs that are measured, at least.
  let runs: Int
  /// Runs before them.
  let warmups: Int
  /// Measured runs go on at least so long.
  let leastNanoseconds: Int64
  /// Threads of the suite `batch`, and of work that is not measured.
  let threads: Int
  /// Candidates for the points of a curve, rising.
  let efforts: [Int]
  let recallTargets: [Double]
  let minimumRecall: Double?
  /// Queries to use at most.
  let queryLimit: Int
  /// Single inserts to measure.
  let insertCount: Int
  /// The index of collections that bench makes; nil for what an import builds.
  let index: IndexChoice?
  /// Filters of the user.
  let filters: [String]
  /// Whether only those are measured.
  let onlyOwnFilters: Bool

  init(_ context: CommandContext) {
    let arguments = context.arguments
    let named = arguments.texts(BenchCommand.suite).compactMap { BenchSuite(rawValue: $0) }
    suites = named.isEmpty ? [.search, .batch] : BenchSuite.allCases.filter { named.contains($0) }
    k = Int(arguments.integer(BenchCommand.k) ?? 10)
    runs = Int(arguments.integer(BenchCommand.runs) ?? 3)
    warmups = Int(arguments.integer(BenchCommand.warmup) ?? 1)
    leastNanoseconds = Int64((arguments.number(BenchCommand.seconds) ?? 0) * 1e9)
    threads = context.threadCount
    let asked = arguments.values(BenchCommand.efforts).compactMap { value in
      if case .integer(let number) = value { Int(clamping: number) } else { nil }
    }
    let usual = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
    let least = k
    efforts = asked.isEmpty ? usual.filter { $0 >= least } + (least > 512 ? [least] : []) : asked.sorted()
    let targets = arguments.values(BenchCommand.recallTargets).compactMap { value in
      if case .number(let number) = value { number } else { nil }
    }
    recallTargets = targets.isEmpty ? [0.9, 0.95, 0.99] : targets.sorted()
    minimumRecall = arguments.number(BenchCommand.minRecall)
    queryLimit = arguments.integer(BenchCommand.limit).map { Int(clamping: $0) } ?? Int.max
    insertCount = Int(clamping: arguments.integer(BenchCommand.inserts) ?? 1000)
    index = arguments.text(BenchCommand.index).flatMap { IndexChoice(name: $0) }
    filters = arguments.texts(BenchCommand.filter)
    onlyOwnFilters = arguments.flag(BenchCommand.ownFilters)
  }
}

/// A hidden folder for temporary collections, removed with everything in it when the last user is gone.
final class BenchScratch {
  let path: String

  /// Makes the folder: in that of `--tmpdir` when it is given on the command line, else beside the collection.
  init(_ context: CommandContext) throws(CommandFailure) {
    let stated = context.arguments.origin(SharedOptions.tmpdir) == .commandLine
    let folder = context.arguments.text(SharedOptions.tmpdir) ?? "/tmp"
    let neighbour = stated || context.collectionPath.isEmpty ? folder + "/bench" : context.collectionPath
    let path = RealFileSystem.hiddenSibling(of: neighbour, "bench")
    try files { () throws(FileError) in try RealFileSystem.createRoot(path, mode: 0o700) }
    self.path = path
  }

  deinit { try? RealFileSystem.removeTree(path) }

  /// Makes an empty collection of a name in the folder.
  func makeCollection(
    _ name: String, _ settings: CollectionSettings, _ context: CommandContext
  ) throws(CommandFailure) -> Collection {
    try BenchScratch.makeCollection(at: path + "/" + name, settings, context)
  }

  /// Makes an empty collection.
  ///
  /// `index`: The index that it is to have, as `create --index` would note it.
  static func makeCollection(
    at path: String, _ settings: CollectionSettings, index: IndexChoice? = nil, _ context: CommandContext
  ) throws(CommandFailure) -> Collection {
    try files { () throws(FileError) in try RealFileSystem.createRoot(path, mode: nil) }
    let fs = try context.openFileSystem(path)
    let options = index.map { [IndexPolicy.settingKey: $0.name] } ?? [:]
    return try engine { () throws(DatabaseError) in
      try Collection.create(
        on: fs, settings, options: options, uuid: .random(), creator: VersionCommand.creator,
        origin: context.origin)
    }
  }
}
