import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Measures durable inserts, beside what the disk itself can do.
struct BenchInsert {
  let copy: BenchCopy

  /// Rows of a large transaction.
  private static let batchRows = 1000
  /// Large transactions that are measured at most.
  private static let batchCount = 10

  /// Inserts single rows and batches into an empty collection, and reads all of them back.
  func run() throws(CommandFailure) -> [BenchResult] {
    let singles = copy.options.insertCount
    let places = try copy.places(singles + BenchInsert.batchRows * BenchInsert.batchCount)
    guard !places.isEmpty else {
      throw CommandFailure(.badInput, code: "empty", "the collection has no rows to insert elsewhere")
    }
    let collection = try copy.scratch.makeCollection("insert.vdb", copy.settings, copy.context)
    let writer = try copy.context.openWriter(collection)
    let single = min(singles, places.count)
    ProcessMeter.resetPeak()
    let oneByOne = try insert(writer, places[..<single], rowsAtOnce: 1)
    let inBatches = try insert(writer, places[single...], rowsAtOnce: BenchInsert.batchRows)
    writer.close()
    let peak = ProcessMeter.peakBytes()
    let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    let proof = try verify(collection, places)
    let floor = try disk(bytes: collection.identity.vectorBytes + 64, count: min(1000, single))
    var results: [BenchResult] = []
    results.append(result("1 row a transaction", oneByOne, proof))
    if !inBatches.isEmpty { results.append(result("1,000 rows a transaction", inBatches, proof)) }
    for index in results.indices {
      results[index].peakBytes = peak
      results[index].bytesPerRow = Double(info.storedBytes) / Double(places.count)
    }
    results.append(
      result(
        "disk alone: overwrite and flush", floor.map { (1, $0) },
        .readBack("\(floor.count) blocks read back")))
    return results
  }

  /// Inserts rows in transactions; the rows of each and how long it took.
  private func insert(
    _ writer: CollectionWriter, _ places: ArraySlice<RowLocation>, rowsAtOnce: Int
  ) throws(CommandFailure) -> [(rows: Int, nanoseconds: Int64)] {
    var taken: [(rows: Int, nanoseconds: Int64)] = []
    let rules = copy.rules
    var start = places.startIndex
    while start < places.endIndex {
      try copy.context.checkForStop()
      let end = min(places.endIndex, start + rowsAtOnce)
      let batch = try copy.batch(places[start..<end])
      let began = MonotonicClock.now()
      try engine { () throws(DatabaseError) in
        _ = try writer.write(batch, .insert, source: "bench", rules: rules)
      }
      taken.append((end - start, MonotonicClock.now() - began))
      start = end
    }
    return taken
  }

  /// Compares the collection with the same rows written in another way.
  private func verify(_ collection: Collection, _ places: [RowLocation]) throws(CommandFailure)
    -> BenchResult.Proof
  {
    let other = try copy.bulk("insert-check.vdb", places)
    let (found, wanted) = try engine { () throws(DatabaseError) in
      (try Snapshot.open(collection).contentHash(), try Snapshot.open(other).contentHash())
    }
    guard found == wanted else {
      throw CommandFailure(.corrupt, "the rows that were inserted are not those that were read back")
    }
    return .readBack("content hash of \(counted(UInt64(places.count), "row")) verified")
  }

  private func result(
    _ method: String, _ taken: [(rows: Int, nanoseconds: Int64)], _ proof: BenchResult.Proof
  ) -> BenchResult {
    let nanoseconds = taken.reduce(Int64(0)) { $0 + $1.nanoseconds }
    let rows = taken.reduce(0) { $0 + $1.rows }
    var result = BenchResult(
      suite: .insert, method: method, condition: "rows a second", proof: proof,
      rate: Double(rows) * 1e9 / Double(max(1, nanoseconds)))
    result.latency = Percentiles(taken.map(\.nanoseconds))
    return result
  }

  /// How long a flush takes for a small write into a file that does not grow.
  private func disk(bytes: Int, count: Int) throws(CommandFailure) -> [Int64] {
    try files { () throws(FileError) in
      let fs = try RealFileSystem(root: copy.scratch.path)
      let file = try OpenFile(fs, "floor", .creating)
      try file.writeFully([UInt8](repeating: 0, count: bytes * count), at: 0)
      try file.sync()
      var taken: [Int64] = []
      for number in 0..<count {
        let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: number | 1), count: bytes)
        let began = MonotonicClock.now()
        try file.writeFully(piece, at: UInt64(number * bytes))
        try file.syncData()
        taken.append(MonotonicClock.now() - began)
      }
      for number in 0..<count {
        let piece = try file.readBytes(at: UInt64(number * bytes), count: 1)
        guard piece == [UInt8(truncatingIfNeeded: number | 1)] else {
          throw FileError(.read, "floor", ErrorCode.inputOutput)
        }
      }
      try file.close()
      return taken
    }
  }
}
