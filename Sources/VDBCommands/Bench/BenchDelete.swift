import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Measures what is left of a collection after more and more of its rows were deleted.
struct BenchDelete {
  let copy: BenchCopy
  let queries: BenchQueries

  /// Hundredths of the rows that are deleted in the end of each step.
  private static let steps = [10, 25, 50, 75]
  /// Rows of one transaction.
  private static let rowsAtOnce = 1000

  /// Deletes rows at random (the same ones every time) from a copy, measures searches after each step, and once more
  /// after compacting.
  func run() throws(CommandFailure) -> [BenchResult] {
    let places = try copy.places(Int.max)
    let (collection, build) = try copy.indexed("delete.vdb", places)
    var ids = try places.map { (place) throws(CommandFailure) in
      try engine { () throws(DatabaseError) in try copy.snapshot.state.id(at: place) }
    }
    var generator = SeededGenerator(seed: 1)
    ids.shuffle(using: &generator)
    var results = build.results(.delete, rows: places.count, threads: copy.options.threads)
    results += try search(collection, "nothing deleted")
    var deleted = 0
    for step in BenchDelete.steps {
      let wanted = ids.count * step / 100
      results.append(try delete(collection, ids[deleted..<wanted]))
      deleted = wanted
      results += try search(collection, "\(step) % deleted")
    }
    try compact(collection)
    results += try search(collection, "75 % deleted, compacted")
    return results
  }

  private func delete(_ collection: Collection, _ ids: ArraySlice<RecordID>) throws(CommandFailure)
    -> BenchResult
  {
    let writer = try copy.context.openWriter(collection)
    let before = writer.state.liveCount
    var taken: [Int64] = []
    var start = ids.startIndex
    while start < ids.endIndex {
      try copy.context.checkForStop()
      let end = min(ids.endIndex, start + BenchDelete.rowsAtOnce)
      let began = MonotonicClock.now()
      try engine { () throws(DatabaseError) in _ = try writer.delete(Array(ids[start..<end])) }
      taken.append(MonotonicClock.now() - began)
      start = end
    }
    writer.close()
    let left = try engine { () throws(DatabaseError) in try Snapshot.open(collection).liveCount }
    guard before - left == ids.count else {
      throw CommandFailure(.corrupt, "\(ids.count) rows were deleted, and \(before - left) are gone")
    }
    var result = BenchResult(
      suite: .delete, method: "1,000 deletions a transaction", condition: "rows a second",
      proof: .readBack("\(counted(UInt64(left), "row")) left"),
      rate: Double(ids.count) * 1e9 / Double(max(1, taken.reduce(0, +))))
    result.latency = Percentiles(taken)
    return result
  }

  /// Measures every default way of searching against the rows that are left.
  private func search(_ collection: Collection, _ condition: String) throws(CommandFailure) -> [BenchResult] {
    let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
    let search = BenchSearch(
      context: copy.context, options: copy.options, snapshot: snapshot, queries: queries)
    let truth = BenchTruth(exact: try search.exact(), k: copy.options.k, origin: "computed")
    let methods = BenchMethod.all(snapshot, copy.options, hasCurve: false)
    return try methods.map { (method) throws(CommandFailure) in
      let found = try search.single(method, truth, condition: condition)
      return found.moved(to: .delete)
    }
  }

  private func compact(_ collection: Collection) throws(CommandFailure) {
    var request = CompactionRequest()
    request.full = true
    request.isCancelled = { Signals.requested != nil }
    let (wanted, origin, patience) = (request, copy.context.origin, copy.context.lockPatience)
    try engine { () throws(DatabaseError) in
      _ = try Compactor.run(collection, wanted, patience: patience) { () throws(DatabaseError) in
        try CollectionWriter(
          collection, origin: origin, creator: VersionCommand.creator, patience: patience)
      }
    }
  }
}
