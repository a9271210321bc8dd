import FileStorage
import Glibc
import Synchronization
import TestSupport
import Testing

/// What the simulated file system may lose, and what it must keep.
@Suite struct SystemSimulationTests {
  /// A file with durable bytes and a durable name.
  func durableFile(_ system: SimulatedFileSystem, _ name: String, _ bytes: [UInt8]) throws -> OpenFile {
    let file = try OpenFile(system, name, .creating)
    try file.writeFully(bytes, at: 0)
    try file.sync()
    try system.syncFolder(name.contains("/") ? String(name.split(separator: "/")[0]) : "")
    return file
  }

  @Test func unflushedDataCanBeLost() throws {
    let system = SimulatedFileSystem()
    let file = try durableFile(system, "a", [1, 2, 3])
    try file.writeFully([9, 9, 9, 9], at: 1)
    #expect(system.contents("a") == [1, 9, 9, 9, 9])
    #expect(system.crash(.nothing).contents("a") == [1, 2, 3])
    #expect(system.crash(.everything).contents("a") == [1, 9, 9, 9, 9])
    #expect(system.crash(.sizesOnly(garbage: false)).contents("a") == [1, 2, 3, 0, 0])
    #expect(system.crash(.sizesOnly(garbage: true)).contents("a")?.count == 5)
    try file.syncData()
    #expect(system.crash(.nothing).contents("a") == [1, 9, 9, 9, 9])
    #expect(system.pendingOperations().isEmpty)
  }

  @Test func flushingAFileDoesNotMakeItsNameDurable() throws {
    let system = SimulatedFileSystem()
    let file = try OpenFile(system, "a", .creating)
    try file.writeFully([1], at: 0)
    try file.sync()
    #expect(system.crash(.nothing).contents("a") == nil)
    #expect(system.crash(.everything).contents("a") == [1])
    try system.syncFolder("")
    #expect(system.crash(.nothing).contents("a") == [1])
  }

  @Test func flushingAFolderDoesNotMakeDataDurable() throws {
    let system = SimulatedFileSystem()
    let file = try OpenFile(system, "a", .creating)
    try file.writeFully([1], at: 0)
    try system.syncFolder("")
    #expect(system.crash(.nothing).contents("a") == [])
    #expect(system.crash(.everything).contents("a") == [1])
  }

  @Test func unflushedRenameCanBeLostOrKept() throws {
    let system = SimulatedFileSystem()
    try system.makeFolder("tmp")
    try system.makeFolder("seg")
    try system.syncFolder("")
    _ = try durableFile(system, "tmp/a", [1])
    try system.rename("tmp/a", to: "seg/b")
    #expect(system.crash(.nothing).allFiles() == ["tmp/a"])
    #expect(system.crash(.everything).allFiles() == ["seg/b"])
    // The old folder's flush is not relied on.
    try system.syncFolder("tmp")
    #expect(system.crash(.nothing).allFiles() == ["tmp/a"])
    try system.syncFolder("seg")
    #expect(system.crash(.nothing).allFiles() == ["seg/b"])
    #expect(system.pendingOperations().isEmpty)
  }

  @Test func aRenamedFileNeverHasTwoNames() throws {
    let system = SimulatedFileSystem()
    try system.makeFolder("tmp")
    try system.makeFolder("seg")
    try system.syncFolder("")
    let file = try OpenFile(system, "tmp/a", .creating)
    try file.writeFully([1], at: 0)
    try system.rename("tmp/a", to: "seg/b")
    var seen: Set<[String]> = []
    for choice in system.crashChoices(seeds: 0..<200) { seen.insert(system.crash(choice).allFiles()) }
    #expect(seen == [[], ["tmp/a"], ["seg/b"]])
    try system.syncFolder("seg")
    seen = []
    for choice in system.crashChoices(seeds: 0..<200) { seen.insert(system.crash(choice).allFiles()) }
    #expect(seen == [["seg/b"]])
  }

  @Test func unflushedRemovalCanBeLost() throws {
    let system = SimulatedFileSystem()
    _ = try durableFile(system, "a", [1])
    try system.remove("a")
    #expect(try system.status("a") == nil)
    #expect(system.crash(.nothing).contents("a") == [1])
    #expect(system.crash(.everything).contents("a") == nil)
    try system.syncFolder("")
    #expect(system.crash(.nothing).allFiles().isEmpty)
  }

  @Test func aFolderWhoseEntryIsLostLosesAllInIt() throws {
    let system = SimulatedFileSystem()
    try system.makeFolder("f")
    _ = try durableFile(system, "f/a", [1])
    #expect(system.crash(.nothing).allFiles().isEmpty)
    #expect(try system.crash(.nothing).list("").isEmpty)
    #expect(system.crash(.everything).allFiles() == ["f/a"])
  }

  @Test func unflushedChangesSurviveIndependently() throws {
    let system = SimulatedFileSystem()
    let file = try durableFile(system, "a", [UInt8](repeating: 0, count: 4))
    for index in 0..<4 { try file.writeFully([UInt8(index) + 1], at: UInt64(index)) }
    try file.truncate(to: 3)
    #expect(system.pendingOperations().count == 5)
    #expect(system.crash(.only(2)).contents("a") == [0, 0, 3, 0])
    #expect(system.crash(.only(4)).contents("a") == [0, 0, 0])
    #expect(system.crash(.allBut(1)).contents("a") == [1, 0, 3])
    #expect(system.crash(.allBut(4)).contents("a") == [1, 2, 3, 4])
    // Chance reaches every subset.
    var seen: Set<[UInt8]> = []
    for seed in 0..<2000 {
      guard let bytes = system.crash(.random(seed: UInt64(seed))).contents("a") else { continue }
      seen.insert(bytes)
    }
    #expect(seen.count == 24)  // 8 contents of 3 bytes, and 16 of 4
  }

  @Test func growthWithoutDataIsZerosOrGarbage() throws {
    let system = SimulatedFileSystem()
    let file = try durableFile(system, "a", [1])
    try file.writeFully([UInt8](repeating: 7, count: 5000), at: 1)
    #expect(
      system.crash(.allButData(0, garbage: false)).contents("a") == [1] + [UInt8](repeating: 0, count: 5000))
    let garbage = try #require(system.crash(.allButData(0, garbage: true)).contents("a"))
    #expect(garbage.count == 5001 && garbage[0] == 1)
    #expect(Set(garbage).count > 200)
  }

  @Test func writesAreTornInSectorsAndWithinOne() throws {
    let system = SimulatedFileSystem()
    let old = [UInt8](repeating: 1, count: 4000)
    let file = try durableFile(system, "a", old)
    try file.writeFully([UInt8](repeating: 2, count: 3000), at: 100)
    var torn: Set<[UInt8]> = []
    var boundaries: Set<Int> = []
    for seed in 0..<2000 {
      let bytes = try #require(system.crash(.random(seed: UInt64(seed))).contents("a"))
      #expect(bytes.count == 4000 && bytes[..<100] == old[..<100] && bytes[3100...] == old[3100...])
      guard Set(bytes[100..<3100]).count == 2 else { continue }
      torn.insert(bytes)
      for index in 101..<3100 where bytes[index] != bytes[index - 1] { boundaries.insert(index) }
    }
    #expect(torn.count > 100)
    for sector in 1...6 { #expect(boundaries.contains(sector * 512)) }
    #expect(boundaries.contains { $0 % 512 != 0 })
  }

  @Test func aCrashForgetsLocksAndOpenFiles() throws {
    let system = SimulatedFileSystem()
    let file = try durableFile(system, "lock", [])
    #expect(try file.lock(byte: 0, .exclusive))
    let other = try OpenFile(system, "lock", .updating)
    #expect(try !other.lock(byte: 0, .exclusive))
    let crashed = system.crash(.nothing)
    #expect(crashed.openCount == 0)
    #expect(try OpenFile(crashed, "lock", .updating).lock(byte: 0, .exclusive))
    try file.close()
    #expect(try other.lock(byte: 0, .exclusive))
    #expect(code { () throws(FileError) in _ = try file.size() } == EBADF)
  }

  @Test func crashStatesAreIndependentAndCanCrashAgain() throws {
    let system = SimulatedFileSystem()
    let file = try durableFile(system, "a", [UInt8](repeating: 1, count: 10_000))
    try file.writeFully([2], at: 5000)
    let crashed = system.crash(.everything)
    let hash = crashed.contentHash
    let again = try OpenFile(crashed, "a", .updating)
    try again.writeFully([3], at: 5000)
    #expect(system.contents("a")?[5000] == 2)
    #expect(crashed.crash(.nothing).contentHash == hash)
    #expect(crashed.crash(.everything).contentHash == crashed.contentHash)
    #expect(crashed.contentHash != hash)
    try again.writeFully([2], at: 5000)
    #expect(crashed.contentHash == hash)
  }

  @Test func equalTreesHaveEqualHashes() throws {
    let first = SimulatedFileSystem()
    let second = SimulatedFileSystem()
    for name in ["f", "g"] { try first.makeFolder(name) }
    for name in ["g", "f"] { try second.makeFolder(name) }
    let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    for name in ["f/a", "g/b"] { first.setContents(name, bytes) }
    for name in ["g/b", "f/a"] {
      second.setContents(name, [])
      let file = try OpenFile(second, name, .updating)
      try file.truncate(to: 20_000)
      for start in stride(from: 8500, through: 0, by: -500) {
        try file.writeFully(Array(bytes[start..<(start + 500)]), at: UInt64(start))
      }
      try file.truncate(to: 9000)
    }
    #expect(first.contentHash == second.contentHash)
    let hash = first.contentHash
    for bit in 0..<8 {
      var flipped = bytes
      flipped[8999] ^= 1 << UInt8(bit)
      first.setContents("f/a", flipped)
      #expect(first.contentHash != hash)
    }
    first.setContents("f/a", bytes + [0])
    #expect(first.contentHash != hash)
    first.setContents("f/a", bytes)
    #expect(first.contentHash == hash)
    try first.rename("f/a", to: "f/c")
    #expect(first.contentHash != hash)
  }

  @Test func givesEveryCallToItsObserver() throws {
    let system = SimulatedFileSystem()
    let log = Mutex<[String]>([])
    system.observe { observed, call in
      log.withLock {
        $0.append("\(call.number) \(call.name) \(call.path) \(observed.crash(.everything).allFiles())")
      }
    }
    let file = try OpenFile(system, "a", .creating)
    try file.writeFully([1], at: 0)
    try file.close()
    system.observe(nil)
    try system.remove("a")
    #expect(log.withLock { $0 } == ["1 open a [\"a\"]", "2 write a [\"a\"]", "3 close a [\"a\"]"])
    #expect(system.callCount == 4)
  }

  @Test func aFullDiskTakesWhatFits() throws {
    let system = SimulatedFileSystem()
    let file = try OpenFile(system, "a", .creating)
    system.capacity = 10
    #expect(
      code { () throws(FileError) in try file.writeFully([UInt8](repeating: 1, count: 11), at: 0) } == ENOSPC)
    #expect(try file.size() == 10)
    #expect(try system.freeSpace() == 0)
    try file.writeFully([2, 2], at: 4)
    try file.truncate(to: 0)
    #expect(try system.freeSpace() == 10)
  }

  @Test func crashStatesAreCheap() throws {
    let system = SimulatedFileSystem()
    for name in ["wal", "seg", "manifest", "tmp"] { try system.makeFolder(name) }
    for index in 0..<12 {
      system.setContents("seg/\(index)", [UInt8](repeating: UInt8(index + 1), count: 20_000))
    }
    let log = try durableFile(system, "wal/1", [UInt8](repeating: 0, count: 1 << 20))
    for index in 0..<20 { try log.writeFully([UInt8](repeating: 5, count: 300), at: UInt64(index * 300)) }
    let clock = ContinuousClock()
    let start = clock.now
    var hashes: Set<UInt64> = []
    for seed in 0..<20_000 { hashes.insert(system.crash(.random(seed: UInt64(seed))).contentHash) }
    let elapsed = clock.now - start
    #expect(hashes.count > 5000)
    print("20,000 crash states, \(hashes.count) distinct, in \(elapsed)")
    #expect(elapsed < .seconds(20), "20,000 states in \(elapsed)")
  }
}
