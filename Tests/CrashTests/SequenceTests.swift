import TestSupport
import Testing
import VectorMath

@Suite struct SequenceTests {
  /// Twelve operations of different kinds.
  static let operations: [Operation] = [
    .insertOne, .upsert, .update, .delete, .importUpsert, .importReplacing, .checkpoint, .compactFull,
    .collectGarbage, .configure, .reopen, .kill,
  ]

  /// Every sequence of one, two or three operations.
  static var sequences: [[Operation]] {
    let one = operations.map { [$0] }
    let two = one.flatMap { first in operations.map { first + [$0] } }
    return one + two + two.flatMap { first in operations.map { first + [$0] } }
  }

  /// `VDB_SEQUENCES`: how many of the 1,884 are tried; 40 unless told.
  @Test func `No power loss after a flush harms any sequence of three operations`() throws {
    var sequences = Self.sequences
    #expect(sequences.count == 1884)
    let wanted = campaignSize("VDB_SEQUENCES") ?? 40
    if wanted < sequences.count {
      var generator = TestSupport.SeededGenerator(seed: 2)
      sequences.shuffle(using: &generator)
      sequences.removeLast(sequences.count - wanted)
    }
    let (base, rows) = try FaultTests.base()
    let total = Shared((states: 0, checked: 0, failures: [String]()))
    let all = sequences
    ParallelLoop.run(blocks: all.count, threads: 2) { number in
      let sequence = all[number]
      let form = CrashCampaign.Form(picked: 6, seeds: 2, recoveryShare: 1000, onlyFlushes: true)
      let isLast = Shared(false)
      // What happens before the last operation was seen in a shorter sequence.
      let campaign = CrashCampaign(sequence.map(\.rawValue).joined(separator: ", "), form, base: (base, rows))
      { driver in
        for operation in sequence.dropLast() { try driver.run(operation) }
        isLast.change { $0 = true }
        if let last = sequence.last { try driver.run(last) }
        try driver.closeWriter()
      }
      campaign.run { _ in isLast.current }
      total.change {
        $0.states += campaign.distinctCount
        $0.checked += campaign.checked
        $0.failures += campaign.failures
      }
    }
    let sum = total.current
    print(
      "sequences: seed 2, \(all.count) of 1884 sequences, \(sum.states) distinct states, \(sum.checked) checked, \(sum.failures.count) failures"
    )
    for failure in sum.failures.prefix(10) { Issue.record("\(failure)") }
  }
}
