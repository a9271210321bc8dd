import TestSupport
import Testing
import VectorMath

/// Takes every flush out of the program in turn: a campaign that does not notice could not notice a forgotten one either.
@Suite struct MutedFlushTests {
  /// Flushes that no crash state needs, and why they are made all the same.
  static let unneeded: [String: String] = [:]

  /// `VDB_MUTED_FLUSHES`: how many flushes are taken out; 8 picked by chance unless told.
  @Test func `A flush that does nothing is noticed, wherever it stands`() throws {
    let form = CrashCampaign.Form(picked: 12, seeds: 6, recoveryShare: 20)
    // Which workload makes which flushes.
    var workloads: [String: [Workload]] = [:]
    let found = Shared<[(workload: Workload, places: Set<String>, calls: Int)]>([])
    ParallelLoop.run(blocks: Workload.all.count, threads: 2) { index in
      let workload = Workload.all[index]
      let quiet = CrashCampaign.Form(picked: 0, seeds: 0, recoveryShare: 1 << 30)
      let campaign = CrashCampaign(
        workload.name, quiet, reads: workload.reads, kills: workload.kills, workload.script)
      campaign.run()
      found.change { $0.append((workload, campaign.flushPlaces, campaign.calls)) }
    }
    // The quickest first.
    for (workload, places, _) in found.current.sorted(by: { $0.calls < $1.calls }) {
      for place in places { workloads[place, default: []].append(workload) }
    }
    var places = workloads.keys.sorted()
    let all = places.count
    var generator = TestSupport.SeededGenerator(seed: 3)
    let wanted = campaignSize("VDB_MUTED_FLUSHES") ?? 8
    if wanted < places.count {
      places.shuffle(using: &generator)
      places.removeLast(places.count - wanted)
    }
    let unnoticed = Shared<[String]>([])
    let (chosen, known) = (places, workloads)
    ParallelLoop.run(blocks: chosen.count, threads: 2) { index in
      let place = chosen[index]
      var muted = form
      muted.mutedFlush = place
      for workload in known[place] ?? [] {
        let campaign = CrashCampaign(
          workload.name, muted, reads: workload.reads, kills: workload.kills, workload.script)
        campaign.run()
        if let failure = campaign.failures.first {
          print("muted flush: \(place): noticed in \(workload.name): \(failure.prefix(160))")
          return
        }
      }
      unnoticed.change { $0.append(place) }
    }
    let survivors = unnoticed.current.sorted()
    print(
      "muted flushes: seed 3, \(chosen.count) of \(all) places, \(survivors.count) not noticed: \(survivors)")
    #expect(survivors.filter { Self.unneeded[$0] == nil } == [])
  }
}
