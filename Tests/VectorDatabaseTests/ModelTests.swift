import FileStorage
import Foundation
import TestSupport
import Testing
import VectorDatabase

/// How many seeds the campaign runs: `VDB_MODEL_SEEDS`, or a few.
private var seedCount: Int {
  ProcessInfo.processInfo.environment["VDB_MODEL_SEEDS"].flatMap { Int($0) } ?? 100
}

@Suite struct ModelTests {
  /// Random operations on a collection agree with a dictionary and brute force, with reopening and killed writers in between.
  @Test func agreesWithADictionaryAndBruteForce() throws {
    let first = UInt64(ProcessInfo.processInfo.environment["VDB_MODEL_FIRST"] ?? "1") ?? 1
    for seed in first..<(first + UInt64(seedCount)) {
      let fs = SimulatedFileSystem()
      var step = 0
      do {
        var run = try ModelRun(seed: seed, on: fs)
        while step < 200 {
          try run.step()
          if run.generator.oneIn(4) || step == 199 { try run.check() }
          step += 1
        }
        try run.closeWriter()
        let report = try Verifier.run(on: fs, .standard)
        let damage = report.findings.filter { $0.isDamage }
        #expect(damage.isEmpty, "seed \(seed): verify found \(damage)")
        #expect(report.rows > 0 || run.model.rows.isEmpty)
      } catch {
        Issue.record("seed \(seed), step \(step): \(error)")
        return
      }
    }
    print("model: \(seedCount) seeds of 200 operations from seed \(first)")
  }
}
