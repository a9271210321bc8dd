import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Public data to measure on: vectors, queries and their true neighbours, in a folder or an HDF5 file.
struct BenchDataset {
  /// Where one of the three parts comes from.
  private enum Origin {
    case folder(base: String, queries: String, truth: String?)
    case hdf5(HDF5File, base: HDF5Dataset, queries: HDF5Dataset, truth: HDF5Dataset?)
  }

  /// How distance is measured.
  let metric: Metric
  /// The file of vectors that `import` reads; nil inside an HDF5 file.
  let baseFile: String?
  private let origin: Origin
  private let path: String

  /// Opens a data set.
  ///
  /// - Throws: `badInput` for files that are missing or cannot be read.
  init(_ path: String, _ context: CommandContext) throws(CommandFailure) {
    self.path = path
    let stated = context.arguments.text(CreateCommand.metric).flatMap { Metric(name: $0) }
    if let folder = try? RealFileSystem(root: path) {
      let names = try files { () throws(FileError) in try folder.list("") }.sorted()
      func find(_ endings: [String], _ kinds: [String]) -> String? {
        for kind in kinds {
          for ending in endings {
            if let name = names.first(where: { $0.hasSuffix(ending + "." + kind) }) {
              return path + "/" + name
            }
          }
        }
        return nil
      }
      guard let base = find(["base"], ["fvecs", "bvecs"]), let queries = find(["query"], ["fvecs", "bvecs"])
      else {
        throw CommandFailure(
          .badInput, code: "dataset", "\(path): expected files that end in base.fvecs and query.fvecs",
          hint: "name them so, or import the vectors and use --queries", path: path)
      }
      metric = stated ?? .l2
      baseFile = base
      origin = .folder(base: base, queries: queries, truth: find(["groundtruth", "gt"], ["ivecs"]))
      return
    }
    let source = try files { () throws(FileError) in try InputSource(path) }
    let (file, base, queries, truth) = try records { () throws(FormatError) in
      let file = try HDF5File(source)
      return (
        file, try file.dataset("train"), try file.dataset("test"), try? file.dataset("neighbors")
      )
    }
    guard let base, let queries else {
      throw CommandFailure(
        .badInput, code: "dataset",
        "\(path): expected the data sets train and test, found "
          + (file.names.isEmpty ? "none" : file.names.joined(separator: ", ")), path: path)
    }
    let names = ["angular": Metric.cosine, "euclidean": .l2, "dot": .dot, "ip": .dot]
    let own = file.attributes["distance"]
    guard let metric = stated ?? own.flatMap({ names[$0] }) else {
      throw CommandFailure(
        .badInput, code: "dataset",
        "\(path): the distance '\(own ?? "")' is none of \(names.keys.sorted().joined(separator: ", "))",
        hint: "--metric says how distance is measured", path: path)
    }
    self.metric = metric
    baseFile = nil
    origin = .hdf5(file, base: base, queries: queries, truth: truth)
  }

  /// Begins to read the vectors; ids are their positions.
  func openBase(_ options: ReadOptions) throws(CommandFailure) -> any RecordReader {
    switch origin {
    case .folder(let base, _, _): try Self.open(base, options)
    case .hdf5(let file, let base, _, _):
      try records { () throws(FormatError) in try file.records(base, options: options) }
    }
  }

  /// Begins to read the queries.
  func openQueries(_ options: ReadOptions) throws(CommandFailure) -> any RecordReader {
    switch origin {
    case .folder(_, let queries, _): try Self.open(queries, options)
    case .hdf5(let file, _, let queries, _):
      try records { () throws(FormatError) in try file.records(queries, options: options) }
    }
  }

  private static func open(_ path: String, _ options: ReadOptions) throws(CommandFailure) -> any RecordReader
  {
    let source = try files { () throws(FileError) in try InputSource(path) }
    return try records { () throws(FormatError) in
      try openRecords(source, stated: nil, options: options, threads: 1).reader
    }
  }

  /// The positions of the nearest rows of the first `count` queries; nil where the data set has none for all of them,
  /// or fewer than `k` each.
  func truth(count: Int, k: Int) throws(CommandFailure) -> [[Int64]]? {
    switch origin {
    case .folder(_, _, let truth):
      guard let truth else { return nil }
      let rows = try TruthFile.read(truth, count: count)
      return rows.count == count && rows.allSatisfy { $0.count >= k } ? rows : nil
    case .hdf5(let file, _, _, let truth):
      guard let truth, truth.shape.count == 2, truth.shape[0] >= UInt64(count), truth.shape[1] >= UInt64(k),
        let width = Int(exactly: truth.shape[1])
      else { return nil }
      let all = try records { () throws(FormatError) in try file.integers(truth, rows: 0..<UInt64(count)) }
      return (0..<count).map { Array(all[$0 * width..<($0 + 1) * width]) }
    }
  }
}

/// A file of the positions of nearest rows.
enum TruthFile {
  /// The first `count` rows of an .ivecs file.
  static func read(_ path: String, count: Int) throws(CommandFailure) -> [[Int64]] {
    let source = try files { () throws(FileError) in try InputSource(path) }
    return try records { () throws(FormatError) in
      let reader = IntegerRowsReader(source)
      var rows: [[Int64]] = []
      while rows.count < count, let row = try reader.next() { rows.append(row.map { Int64($0) }) }
      return rows
    }
  }
}
