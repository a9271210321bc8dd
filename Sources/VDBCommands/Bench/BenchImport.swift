import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Measures `vdb import` as a whole process, and verifies every bit that it wrote.
struct BenchImport {
  let copy: BenchCopy
  /// The file to import; nil for the collection itself as JSON Lines.
  let file: String?

  /// Imports the file into a new collection in every run, with the index that an import builds; then builds the index again.
  func run() throws(CommandFailure) -> [BenchResult] {
    let child = ChildProcess(folder: copy.scratch.path)
    let source: String
    if let file {
      source = file
    } else {
      source = copy.scratch.path + "/records.jsonl"
      _ = try child.succeed([
        "export", copy.snapshot.collection.fileSystem.rootPath, "-o", source, "--to", "jsonl", "-q",
      ])
    }
    let size = try files { () throws(FileError) in try InputSource(source).size ?? 0 }
    let path = copy.scratch.path + "/import.vdb"
    let settings = copy.settings
    var words = [
      "import", "--create", path, source, "-q", "--metric", settings.metric.name, "--type",
      settings.elementType.name, "--id-type", settings.idType.name, "--zero-vector", "allow", "--threads",
      "\(copy.options.threads)",
    ]
    var seconds: [Double] = []
    var peak: UInt64 = 0
    var hash: Digest256?
    var rows: UInt64 = 0
    var bytesPerRow = 0.0
    if let index = copy.options.index { words += ["--index", index.name] }
    for _ in 0..<copy.options.runs {
      try copy.context.checkForStop()
      try? RealFileSystem.removeTree(path)
      let outcome = try child.succeed(words)
      seconds.append(Double(outcome.nanoseconds) / 1e9)
      peak = max(peak, outcome.peakBytes)
      let found = try verify(path)
      guard hash == nil || hash == found.hash else {
        throw CommandFailure(.corrupt, "two imports of \(source) hold different rows")
      }
      (hash, rows, bytesPerRow) = (found.hash, found.rows, found.bytesPerRow)
    }
    if file == nil {
      let snapshot = copy.snapshot
      let own = try engine { () throws(DatabaseError) in try snapshot.contentHash() }
      guard own == hash else {
        throw CommandFailure(.corrupt, "the import of an export holds other rows than the collection")
      }
    }
    var result = BenchResult(
      suite: .import, method: source == file ? BenchImport.name(source) : "JSON Lines",
      condition: "rows a second",
      proof: .readBack(
        "every bit of \(counted(rows, "row")) verified, content hash \(hash.map { String("\($0)".prefix(12)) } ?? "")"
      ),
      rate: Double(rows) / median(seconds))
    result.inputRate = Double(size) / median(seconds)
    result.threads = copy.options.threads
    result.peakBytes = peak
    result.bytesPerRow = bytesPerRow
    result.seconds = median(seconds)
    return [result] + (try rebuild(path, child))
  }

  /// Builds the indexes of the imported collection again, kind by kind, as processes of their own.
  private func rebuild(_ path: String, _ child: ChildProcess) throws(CommandFailure) -> [BenchResult] {
    let collection = try copy.context.openCollection(path)
    let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    var results: [BenchResult] = []
    for kind in Set(info.manifest.indexes.map(\.kind)).sorted() {
      var seconds: [Double] = []
      var peak: UInt64 = 0
      for _ in 0..<copy.options.runs {
        try copy.context.checkForStop()
        let outcome = try child.succeed([
          "rebuild-index", path, "--kind", kind, "-q", "--threads", "\(copy.options.threads)",
        ])
        seconds.append(Double(outcome.nanoseconds) / 1e9)
        peak = max(peak, outcome.peakBytes)
      }
      let rows = try verify(path).rows
      let promised = try engine { () throws(DatabaseError) in
        try Snapshot.open(collection).promise(SearchRequest(k: copy.options.k)).recall
      }
      var result = BenchResult(
        suite: .import, method: "\(kind) index built", condition: "rows a second",
        proof: .readBack(
          "every bit verified"
            + (promised.map { ", recall@\(copy.options.k) \(NumberText.fixed($0, 3)) promised" } ?? "")),
        rate: Double(rows) / max(median(seconds), 1e-9))
      result.threads = copy.options.threads
      result.peakBytes = peak
      result.seconds = median(seconds)
      let bytes = info.manifest.indexes.reduce(UInt64(0)) { $0 + ($1.kind == kind ? $1.bytes : 0) }
      result.bytesPerRow = Double(bytes) / Double(max(1, rows))
      results.append(result)
    }
    return results
  }

  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private func verify(_ path: String) throws(CommandFailure) -> (
    hash: Digest256, rows: UInt64, bytesPerRow: Double
  ) {
    let fs = try copy.context.openFileSystem(path)
    let threads = copy.options.threads
    let report = try engine { () throws(DatabaseError) in
      try Verifier.run(on: fs, .standard, threads: threads)
    }
    guard !report.isDamaged else {
      throw CommandFailure(.corrupt, "the imported collection is damaged", path: path)
    }
    return try engine { () throws(DatabaseError) in
      let collection = try Collection.open(on: fs)
      let info = try CollectionInfo.read(collection)
      let snapshot = try Snapshot.open(collection)
      return (
        try snapshot.contentHash(), UInt64(snapshot.liveCount),
        Double(info.storedBytes) / Double(max(1, snapshot.liveCount))
      )
    }
  }
}
