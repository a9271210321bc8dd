import Foundation
import TestSupport
import Testing

/// A number from the environment.
func campaignSize(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

/// `VDB_SALTS`: a seed in decimal, or `always:` and one number in hexadecimal for every log.
func campaignSalts() -> SaltSource {
  let text = ProcessInfo.processInfo.environment["VDB_SALTS"] ?? ""
  if text.hasPrefix("always:") { return .always(UInt64(text.dropFirst(7), radix: 16) ?? 0) }
  return .seeded(UInt64(text) ?? 1)
}

/// A scripted workload.
struct Workload: Sendable, CustomTestStringConvertible {
  let name: String
  var reads = false
  var kills = false
  let script: @Sendable (Driver) throws -> Void
  var testDescription: String { name }

  /// A workload that creates, fills a little and then runs operations.
  private static func sequence(
    _ name: String, reads: Bool = false, kills: Bool = false, _ operations: Operation...
  ) -> Workload {
    Workload(name: name, reads: reads, kills: kills) { driver in
      driver.isPreparing = name != "insert" && !reads && !kills
      try driver.create()
      try driver.bulkImport(driver.fresh(3), .insert)
      try driver.write(driver.fresh(2), .insert)
      driver.isPreparing = false
      for operation in operations { try driver.run(operation) }
      try driver.closeWriter()
    }
  }

  /// All, or the one that `VDB_WORKLOAD` names.
  static let chosen: [Workload] = {
    let name = ProcessInfo.processInfo.environment["VDB_WORKLOAD"]
    return all.filter { name == nil || $0.name == name }
  }()

  static let all: [Workload] = [
    Workload(name: "create") { try $0.create() },
    sequence("insert", .insertOne, .insertOne, .insertBatch),
    Workload(name: "streaming") { driver in
      try driver.create()
      for _ in 0..<12 { try driver.write(driver.fresh(2), .insert) }
      try driver.closeWriter()
    },
    Workload(name: "large transactions") { driver in
      try driver.create()
      for _ in 0..<3 { try driver.write(driver.fresh(4, wide: 3000), .insert) }
      try driver.closeWriter()
    },
    sequence("upsert", .upsert, .upsert, .reopen, .upsert),
    sequence("update", .update, .reopen, .update),
    sequence("delete", .delete, .delete, .checkpoint, .delete),
    sequence("import insert", .importInsert, .importInsert),
    sequence("import upsert", .importUpsert, .importUpsert),
    sequence("import ignore", .importIgnore, .importIgnore),
    sequence("import replacing", .importReplacing, .insertOne, .importReplacing),
    sequence("import of several segments", .importSegments, .importSegments),
    sequence("checkpoint", .checkpoint, .insertOne, .checkpoint, .delete, .checkpoint),
    Workload(name: "rotation") { driver in
      try driver.create(logRecords: 3)
      for _ in 0..<7 { try driver.write(driver.fresh(1), .insert) }
      try driver.delete(["new-0"])
      try driver.closeWriter()
    },
    sequence("compact", .importInsert, .delete, .compact),
    sequence("full compact", .importUpsert, .upsert, .compactFull, .insertOne),
    sequence("garbage", .importUpsert, .collectGarbage, .delete, .collectGarbage),
    sequence("configure", .configure, .insertOne, .configure),
    sequence("rebuild index", .rebuildIndex, .insertOne, .rebuildIndex),
    sequence("import with index", .importWithIndex, .delete, .importWithIndex),
    sequence("indexes and compaction", .rebuildIndex, .delete, .checkpoint, .compactFull, .importReplacing),
    sequence("rebuild graph", .rebuildGraph, .insertOne, .rebuildGraph),
    sequence("import with graph", .importWithGraph, .delete, .checkpoint, .compactFull),
    Workload(name: "heal graph") { driver in
      driver.isPreparing = true
      try driver.create()
      try driver.bulkImport(driver.fresh(8), .insert)
      try driver.rebuildIndex(.graph, onlyMissing: false)
      driver.isPreparing = false
      try driver.run(.delete)
      try driver.compact(full: true, heals: true)
      try driver.closeWriter()
    },
    sequence("reader and indexes", reads: true, .rebuildIndex, .importWithIndex, .compactFull),
    sequence("killed in indexes", kills: true, .importWithIndex, .rebuildIndex, .delete, .compactFull),
    sequence("killed writer", .insertOne, .kill, .insertOne, .kill, .delete, .checkpoint, .kill),
    sequence("reader and inserts", reads: true, .insertOne, .upsert, .delete, .kill, .insertOne),
    sequence("reader and imports", reads: true, .importUpsert, .importReplacing, .importSegments),
    sequence("reader and upkeep", reads: true, .upsert, .checkpoint, .delete, .compactFull, .collectGarbage),
    sequence("killed while writing", kills: true, .insertOne, .upsert, .checkpoint, .reopen, .delete),
    sequence("killed in imports", kills: true, .importUpsert, .importReplacing, .importSegments),
    sequence(
      "killed in upkeep", kills: true, .upsert, .delete, .compactFull, .collectGarbage, .configure, .compact),
    sequence("delete and compact", .delete, .compactFull, .delete, .importIgnore, .compactFull),
    sequence(
      "everything", .insertOne, .importUpsert, .update, .checkpoint, .delete, .compact, .upsert, .kill,
      .importSegments),
  ]
}

/// Counts of all workloads together, printed as they grow.
private let total = Shared((states: 0, checked: 0, recovery: 0, calls: 0, workloads: 0))

@Suite struct CrashPointTests {
  /// `VDB_CRASH_STATES` is how many distinct states are wanted of all workloads together, about.
  ///
  /// It sets the random states of each call. `VDB_WORKLOAD` picks one workload and `VDB_SALTS` the salts, to repeat a
  /// failure bit for bit.
  @Test(arguments: Workload.chosen)
  func `No crash state loses, halves or locks away what was acknowledged`(workload: Workload) {
    let wanted = campaignSize("VDB_CRASH_STATES")
    var form =
      wanted.map { CrashCampaign.Form(picked: nil, seeds: max(16, $0 / 650), recoveryShare: 100) }
      ?? CrashCampaign.Form(picked: 5, seeds: 2, recoveryShare: 40)
    form.salts = campaignSalts()
    let campaign = CrashCampaign(
      workload.name, form, reads: workload.reads, kills: workload.kills, workload.script)
    campaign.run()
    for failure in campaign.failures { Issue.record("\(failure)") }
    let sum = total.change { total in
      total.states += campaign.distinctCount
      total.checked += campaign.checked
      total.recovery += campaign.recoveryStates
      total.calls += campaign.calls
      total.workloads += 1
      return total
    }
    print(
      "crash points: \(sum.workloads) of \(Workload.chosen.count) workloads, \(sum.calls) changing calls, \(sum.states) distinct states, \(sum.checked) checked, \(sum.recovery) of crashed recoveries; \(workload.name): \(campaign.distinctCount), \(campaign.failures.count) failures"
    )
    #expect(campaign.distinctCount > 1)
  }
}
