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

  /// Imports the file into a new collection in every run.
  func run() throws(CommandFailure) -> BenchResult {
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
    let words = [
      "import", "--create", path, source, "-q", "--metric", settings.metric.name, "--type",
      settings.elementType.name, "--id-type", settings.idType.name, "--zero-vector", "allow", "--threads",
      "\(copy.options.threads)",
    ]
    var seconds: [Double] = []
    var peak: UInt64 = 0
    var hash: Digest256?
    var rows: UInt64 = 0
    var bytesPerRow = 0.0
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
    return result
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
