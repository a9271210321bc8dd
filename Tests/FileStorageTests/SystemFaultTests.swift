import FileStorage
import Glibc
import TestSupport
import Testing

/// Failing calls, and files outside collections.
@Suite struct SystemFaultTests {
  /// A small piece of work of many calls.
  func work(_ system: any FileSystem) throws(FileError) {
    try system.makeFolder("f")
    let file = try OpenFile(system, "f/a", .creating)
    try file.writeFully([UInt8](repeating: 1, count: 100), at: 0)
    try file.writeFully([UInt8](repeating: 2, count: 100), at: 100)
    try file.sync()
    _ = try file.readBytes(at: 0, count: 10)
    try file.close()
    try system.rename("f/a", to: "b")
    try system.syncFolder("")
    try system.syncFolder("f")
    _ = try system.list("")
    _ = try system.status("b")
    _ = try system.freeSpace()
  }

  @Test func failsExactlyTheCallThatWasAskedFor() throws {
    let counting = FaultyFileSystem(wrapping: SimulatedFileSystem(), failingAt: 0, with: EIO)
    try work(counting)
    #expect(counting.callCount == 14 && !counting.hasFailed)
    for number in 1...counting.callCount {
      let simulated = SimulatedFileSystem()
      let faulty = FaultyFileSystem(wrapping: simulated, failingAt: number, with: EIO)
      #expect(code { () throws(FileError) in try work(faulty) } == EIO, "call \(number)")
      #expect(faulty.failures.count == 1)
      #expect(simulated.openCount == 0, "call \(number) leaks an open file")
    }
  }

  @Test func stickyFaultsStay() throws {
    let faulty = FaultyFileSystem(wrapping: SimulatedFileSystem(), failingAt: 2, with: ENOSPC, sticky: true)
    let file = try OpenFile(faulty, "a", .creating)
    for _ in 0..<3 { #expect(code { () throws(FileError) in try file.writeFully([1], at: 0) } == ENOSPC) }
    try file.sync()
    #expect(faulty.failures.count == 3)
  }

  @Test func shortWritesAreContinued() throws {
    let simulated = SimulatedFileSystem()
    let faulty = FaultyFileSystem(
      wrapping: simulated, failingAt: 2, with: EIO, sticky: true, shortWrite: true)
    let file = try OpenFile(faulty, "a", .creating)
    let bytes = (0..<1001).map { UInt8(truncatingIfNeeded: $0) }
    // The last byte cannot be halved and fails.
    #expect(code { () throws(FileError) in try file.writeFully(bytes, at: 0) } == EIO)
    #expect(simulated.contents("a") == Array(bytes.dropLast()))
    let once = FaultyFileSystem(wrapping: simulated, failingAt: 2, with: EIO, shortWrite: true)
    try OpenFile(once, "b", .creating).writeFully(bytes, at: 0)
    #expect(simulated.contents("b") == bytes)
  }

  @Test func aFailedFlushIsFalselyCleanAfterwards() throws {
    let simulated = SimulatedFileSystem()
    let faulty = FaultyFileSystem(wrapping: simulated, failingAt: 5, with: EIO)
    let file = try OpenFile(faulty, "a", .creating)
    try faulty.syncFolder("")
    try file.syncData()
    try file.writeFully([1, 2, 3], at: 0)
    #expect(code { () throws(FileError) in try file.syncData() } == EIO)
    try file.writeFully([4], at: 3)
    try file.syncData()
    // Programs still see the bytes; the medium may not have them.
    #expect(simulated.contents("a") == [1, 2, 3, 4])
    let left = try #require(simulated.crash(.nothing).contents("a"))
    #expect(left == [0, 0, 0, 4] || left == [1, 2, 3, 4])
    file.dropCache()
    #expect(simulated.contents("a") == left)

    let other = SimulatedFileSystem()
    let lost = try OpenFile(other, "a", .creating)
    try other.syncFolder("")
    try lost.writeFully([1], at: 0)
    other.failSync(lost.descriptor, seed: nil)
    try lost.sync()
    #expect(other.contents("a") == [1])
    #expect(other.crash(.everything).contents("a") == [])
    lost.dropCache()
    #expect(try lost.size() == 0)
  }

  @Test func aFailedFolderFlushLeavesNamesToALaterOne() throws {
    let simulated = SimulatedFileSystem()
    let faulty = FaultyFileSystem(wrapping: simulated, failingAt: 3, with: EIO)
    try OpenFile(faulty, "a", .creating).close()
    #expect(code { () throws(FileError) in try faulty.syncFolder("") } == EIO)
    #expect(simulated.crash(.nothing).allFiles().isEmpty)
    #expect(simulated.crash(.everything).allFiles() == ["a"])
    try faulty.syncFolder("")
    #expect(simulated.crash(.nothing).allFiles() == ["a"])
  }
}
