import FileStorage
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes

/// A new graph that promises less than the one whose place it is to take.
@Suite struct OldPromiseTests {
  /// What is known of three queries does not promise much.
  ///
  /// They are found with hardly any effort, and no more is measured: the new graph promises little and is searched little. It keeps
  /// that, and yet it is no better one.
  @Test func `A new graph is refused where the old one promises more`() throws {
    var made = try SampleEmbeddings(dimension: 48, rows: 12_000, seed: 101)
    let collection = made.collection
    let before = try Snapshot.open(collection)
    let old = try #require(before.manifest.indexes.first)
    var request = IndexRequest()
    request.choice = .kind(.graph)
    request.proof = IndexProof()
    request.options.queries = (0..<3).flatMap { _ in made.vector() }
    func build() throws -> IndexReport {
      let wanted = request
      return try IndexBuilder.run(collection, wanted, patience: { _, _ in false }) {
        () throws(DatabaseError) in
        try IndexedRows.writer(collection)
      }
    }
    let refused = try build()
    let refusal = try #require(refused.refused.first)
    #expect(refused.refused.count == 1 && refused.built.isEmpty && refused.isRefused && refused.kept == 1)
    #expect(refusal.isOldPromise && refusal.hasOld && !refusal.isTaken, "\(refusal)")
    #expect(!refusal.result.isReached && !refusal.result.isBroken, "\(refusal)")
    #expect(refusal.result.interval.upperBound < refusal.result.target, "\(refusal)")
    #expect(try Snapshot.open(collection).manifest.indexes == [old])
    #expect(try made.fs.list("tmp") == [])

    // Who insists gets it, and is told.
    request.proof?.takesWorse = true
    let taken = try build()
    #expect(
      taken.refused.count == 1 && taken.refused[0].isTaken && !taken.isRefused && taken.built.count == 1)
    #expect(try Snapshot.open(collection).manifest.indexes != [old])

    // Beside a graph that promises no more there is nothing to refuse.
    request.proof?.takesWorse = false
    let again = try build()
    #expect(again.refused.isEmpty && again.built.count == 1)
    #expect(try Verifier.run(on: made.fs, .deep).findings.isEmpty)
  }
}
