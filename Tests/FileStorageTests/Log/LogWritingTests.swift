import FileStorage
import Foundation
import Synchronization
import TestSupport
import Testing

@Test(arguments: 0..<30 as Range<UInt64>)
func randomTransactionsSurviveSealingResumingAndReading(seed: UInt64) throws {
  var generator = SeededGenerator(seed: seed)
  let folder = try TemporaryFolder()
  let fs = try RealFileSystem(root: folder.path)
  for name in FileNames.folders { try fs.makeFolder(name) }
  var writer = try Logs.create(fs)
  var written: [Written] = []
  for _ in 0..<20 {
    let changes = (0..<(1 + generator.below(12))).map { _ in Change.random(&generator) }
    written.append(try Logs.commit(writer, changes, String(repeating: "é", count: generator.below(64))))
    if generator.oneIn(4) { try writer.seal() }
    if generator.oneIn(4) {
      if generator.oneIn(2) { try writer.seal() }
      try writer.close()
      let contents = try Logs.read(fs)
      #expect(Logs.changes(contents) == written, "seed \(seed)")
      writer = try LogWriter.resume(fs, contents)
      #expect(writer.recordCount == written.reduce(0) { $0 + $1.changes.count })
    }
    let contents = try Logs.read(fs)
    #expect(Logs.changes(contents) == written, "seed \(seed)")
    #expect(contents.validEnd == writer.validEnd && contents.chain == writer.chain)
  }
  try writer.seal()
  let contents = try Logs.read(fs)
  #expect(contents.state == .sealed && Logs.changes(contents) == written)
  #expect(try folder.read("wal/0000000000000007.vwal").count == Int(writer.validEnd) + 64)
  #expect(contents.transactions.map(\.syncEpoch) == (1...20).map { UInt32($0) })
}

@Test func oneFlushMakesACommitDurableAndMostDoNotChangeTheSize() throws {
  let fs = try Logs.simulated()
  let writer = try Logs.create(fs)
  let calls = Mutex<[String]>([])
  fs.observe { _, call in calls.withLock { $0.append(call.name) } }
  _ = try Logs.commit(writer, [.delete(id: [1])])
  #expect(calls.withLock { $0 } == ["write", "syncData"])
  _ = try Logs.commit(writer, [.delete(id: [2])])
  let size = try #require(fs.contents(FileNames.log(7))).count
  #expect(size > 1 << 20)
  for _ in 0..<50 {
    calls.withLock { $0 = [] }
    _ = try Logs.commit(writer, [.delete(id: [3])])
    #expect(calls.withLock { $0 } == ["write", "syncData"])
  }
  #expect(try #require(fs.contents(FileNames.log(7))).count == size)
  #expect(try Logs.read(fs).state == .unsealed(tail: .zeros))
  try writer.seal()
  #expect(try #require(fs.contents(FileNames.log(7))).count == Int(writer.validEnd) + 64)
}

@Test func anEmptyBatchWritesNothing() throws {
  let fs = try Logs.simulated()
  let writer = try Logs.create(fs)
  #expect(try writer.commit(LogBatch(), nanoseconds: 0, liveRowsAfter: 0, command: "x") == 99)
  try writer.seal()
  let before = fs.callCount
  try writer.seal()
  #expect(fs.callCount == before)
  #expect(try Logs.read(fs).state == .sealed)
}

@Test func aBatchCanBeEmptiedAndFilledAgain() throws {
  let fs = try Logs.simulated()
  let writer = try Logs.create(fs)
  let batch = LogBatch(capacity: 100)
  for round in 0..<5 as Range<UInt8> {
    [round].withUnsafeBytes { batch.appendDelete(id: $0) }
    _ = try writer.commit(batch, nanoseconds: 0, liveRowsAfter: 0, command: "delete")
    batch.removeAll()
    #expect(batch.isEmpty)
  }
  #expect(Logs.changes(try Logs.read(fs)).map(\.changes) == (0..<5).map { [.delete(id: [$0])] })
}

@Test func aTransactionThatIsTooLargeIsRefusedAndTheLogGoesOn() throws {
  let fs = try Logs.simulated()
  let writer = try Logs.create(fs)
  let batch = LogBatch()
  let huge = [UInt8](repeating: 0, count: LogFormat.maximumPayload)
  huge.withUnsafeBytes { batch.appendPut(id: $0, created: 0, vector: $0, metadata: $0) }
  #expect(throws: StorageError.self) {
    try writer.commit(batch, nanoseconds: 0, liveRowsAfter: 0, command: "insert")
  }
  _ = try Logs.commit(writer, [.delete(id: [1])])
  #expect(try Logs.read(fs).transactions.count == 1)
}

@Test func aFullDiskLeavesTheLogAtTheLastCommitAndUsable() throws {
  let fs = try Logs.simulated()
  let writer = try Logs.create(fs)
  var written = [try Logs.commit(writer, [.delete(id: [1])])]
  try writer.seal()
  fs.capacity = 3000
  let put = Change.put(id: [1], created: 0, vector: [UInt8](repeating: 7, count: 5000), metadata: [])
  let batch = Logs.batch([put])
  let error = #expect(throws: StorageError.self) {
    try writer.commit(batch, nanoseconds: 0, liveRowsAfter: 0, command: "insert")
  }
  guard case .file(let file)? = error, file.code == ErrorCode.noSpace else {
    Issue.record("\(String(describing: error))")
    return
  }
  #expect(try #require(fs.contents(FileNames.log(7))).count == Int(writer.validEnd))
  #expect(Logs.changes(try Logs.read(fs)) == written)
  // Small changes still fit; there is no room for zeros ahead.
  for id in 0..<4 as Range<UInt8> { written.append(try Logs.commit(writer, [.delete(id: [id])])) }
  try writer.seal()
  #expect(Logs.changes(try Logs.read(fs)) == written)
  // The same batch again, now that there is room.
  fs.capacity = nil
  _ = try writer.commit(batch, nanoseconds: 0, liveRowsAfter: 0, command: "insert")
  #expect(Logs.changes(try Logs.read(fs)).last?.changes == [put])
}

@Test func aFailedFlushPoisonsAndTheNextLogSaysWhatCounts() throws {
  let fs = try Logs.simulated()
  let first = try Logs.create(fs)
  let safe = try Logs.commit(first, [.delete(id: [1])])
  try first.close()
  let contents = try Logs.read(fs)
  // Find the flush of a commit by its call number, then fail it.
  let faulty = FaultyFileSystem(wrapping: fs, failingAt: 0, with: ErrorCode.inputOutput)
  let probe = try LogWriter.resume(faulty, contents)
  let callsOfResume = faulty.callCount
  try probe.close()
  let failing = FaultyFileSystem(wrapping: fs, failingAt: callsOfResume + 2, with: ErrorCode.inputOutput)
  let writer = try LogWriter.resume(failing, try Logs.read(fs))
  let error = #expect(throws: StorageError.self) { try Logs.commit(writer, [.delete(id: [2])]) }
  #expect(failing.failures == ["sync wal/0000000000000007.vwal"])
  #expect(error == .poisoned(path: FileNames.log(7), lsn: safe.lsn + 1))
  #expect(writer.unknownLSNs == (safe.lsn + 1)...(safe.lsn + 3))
  // No retry, no seal, no further write.
  let before = fs.callCount
  #expect(throws: StorageError.self) { try Logs.commit(writer, [.delete(id: [3])]) }
  #expect(throws: StorageError.self) { try writer.seal() }
  #expect(fs.callCount == before)
  // The next writer begins a new log behind what can be read from the medium.
  let seen = try Logs.read(fs)
  let next = try Logs.create(
    fs, number: 9, firstLSN: seen.lastLSN + 1, previousChain: seen.chain, previousEnd: seen.validEnd)
  let later = try Logs.commit(next, [.delete(id: [4])])
  let header = try LogReader.readHeader(fs, number: 9, collection: Logs.collection)
  #expect(header.previousEnd == seen.validEnd)
  for choice in fs.crashChoices(seeds: 0..<20) {
    let after = fs.crash(choice)
    let old = try LogReader.read(
      after, number: 7, collection: Logs.collection, isLast: false, previousEnd: header.previousEnd,
      previousChain: header.previousChain)
    #expect(Logs.changes(old).first == safe, "\(choice)")
    #expect(Logs.changes(try Logs.read(after, number: 9)) == [later], "\(choice)")
  }
}

@Test func resumingCutsATornTailDurably() throws {
  let (bytes, written, ends) = try Logs.small(sealed: false, tail: [UInt8](repeating: 9, count: 777))
  let fs = try Logs.simulated()
  fs.setContents(FileNames.log(7), bytes)
  let contents = try Logs.read(fs)
  #expect(contents.state == .unsealed(tail: .torn(at: UInt64(ends[2]))))
  let writer = try LogWriter.resume(fs, contents)
  for choice in fs.crashChoices(seeds: 0..<5) {
    #expect(fs.crash(choice).contents(FileNames.log(7))?.count == ends[2])
  }
  let more = try Logs.commit(writer, [.delete(id: [1])])
  #expect(Logs.changes(try Logs.read(fs)) == written + [more])
  #expect(try Logs.read(fs).transactions.last?.syncEpoch == 4)
}

/// After a crash at any call, in any state that the disk may be left in, what was acknowledged is there, nothing is half
/// there, and the log can be resumed.
@Test func aCrashAtAnyCallLosesNothingAcknowledged() throws {
  struct Progress { var acknowledged: [Written] = []; var attempted: [Written] = [] }
  let progress = Mutex(Progress())
  let states = Mutex<Set<UInt64>>([])
  let failures = Mutex<[String]>([])
  let fs = try Logs.simulated()
  let writer = try Logs.create(fs)
  fs.observe { fs, call in
    guard call.isChange else { return }
    let (acknowledged, attempted) = progress.withLock { ($0.acknowledged, $0.attempted) }
    for choice in fs.crashChoices(seeds: UInt64(call.number * 64)..<UInt64(call.number * 64 + 64)) {
      let after = fs.crash(choice)
      let hash = after.contentHash ^ UInt64(acknowledged.count) &* 0x9E37_79B9_7F4A_7C15
      guard states.withLock({ $0.insert(hash).inserted }) else { continue }
      do {
        let contents = try Logs.read(after)
        let found = Logs.changes(contents)
        guard found == acknowledged || found == attempted else {
          throw TestFailure(text: "\(found.count) transactions")
        }
        // Recovery, then a commit, then a second look.
        let resumed = try LogWriter.resume(after, contents)
        let more = try Logs.commit(resumed, [.delete(id: [0xEE])])
        try resumed.seal()
        let again = try Logs.read(after)
        guard again.state == .sealed, Logs.changes(again) == found + [more] else {
          throw TestFailure(text: "after recovery: \(again.state)")
        }
      } catch {
        failures.withLock { $0.append("call \(call.number) \(call.name) \(choice): \(error)") }
      }
    }
  }
  var generator = SeededGenerator(seed: 5)
  for round in 0..<40 {
    let changes = (0..<(1 + generator.below(3))).map { _ in Change.random(&generator, largest: 6000) }
    progress.withLock { progress in
      let lsn = (progress.acknowledged.last?.lsn ?? 99) + UInt64(changes.count) + 2
      progress.attempted =
        progress.acknowledged + [
          Written(
            lsn: lsn, changes: changes, liveRows: lsn - UInt64(changes.count) - 2,
            nanoseconds: Int64(lsn - UInt64(changes.count) - 2) * 1000 - 50_000, command: "insert")
        ]
    }
    let written = try Logs.commit(writer, changes)
    progress.withLock {
      #expect($0.attempted.last == written)
      $0.acknowledged.append(written)
      $0.attempted = $0.acknowledged
    }
    if round % 5 == 4 { try writer.seal() }
  }
  try writer.seal()
  #expect(failures.withLock { $0 } == [])
  #expect(states.withLock { $0.count } > 500)
}

struct TestFailure: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

/// Whatever call fails, with whatever error: no acknowledgement that does not last, and never a wrong reading.
@Test(arguments: [ErrorCode.inputOutput, ErrorCode.noSpace])
func aFailureOfAnyCallLosesNothingAcknowledged(code: Int32) throws {
  for sticky in [false, true] {
    for shortWrite in [false, true] {
      var call = 1
      while true {
        let fs = try Logs.simulated()
        let faulty = FaultyFileSystem(
          wrapping: fs, failingAt: call, with: code, sticky: sticky, shortWrite: shortWrite)
        var acknowledged: [Written] = []
        var created = false
        do {
          let writer = try Logs.create(faulty)
          created = true
          for id in 0..<4 as Range<UInt8> {
            acknowledged.append(
              try Logs.commit(
                writer, [.put(id: [id], created: 1, vector: [UInt8](repeating: id, count: 700), metadata: [])]
              ))
            if id == 1 { try writer.seal() }
          }
          try writer.seal()
        } catch is StorageError {}
        if created {
          for choice in [CrashChoice.nothing, .everything] {
            let found = Logs.changes(try Logs.read(fs.crash(choice)))
            #expect([Written](found.prefix(acknowledged.count)) == acknowledged, "call \(call), \(choice)")
            #expect(found.count <= acknowledged.count + 1)
          }
        } else {
          #expect(fs.allFiles().filter { $0.hasPrefix("tmp/") }.isEmpty || sticky, "call \(call)")
        }
        if !faulty.hasFailed { break }
        call += 1
      }
      #expect(call > 15)
    }
  }
}

@Test func readersSeeWholeTransactionsWhileAWriterIsAtWork() throws {
  let folder = try TemporaryFolder()
  let fs = try RealFileSystem(root: folder.path)
  for name in FileNames.folders { try fs.makeFolder(name) }
  let writer = try Logs.create(fs)
  try writer.close()
  let isDone = Atomic(false)
  let problem = Mutex<String?>(nil)
  DispatchQueue.concurrentPerform(iterations: 2) { index in
    do {
      if index == 0 {
        defer { isDone.store(true, ordering: .releasing) }
        let writer = try LogWriter.resume(fs, try Logs.read(fs))
        var generator = SeededGenerator(seed: 3)
        for round in 0..<300 {
          _ = try Logs.commit(
            writer, (0...generator.below(4)).map { _ in Change.random(&generator, largest: 3000) })
          if round % 7 == 0 { try writer.seal() }
        }
        try writer.seal()
      } else {
        var seen: UInt64 = 0
        var reads = 0
        while !isDone.load(ordering: .acquiring) || reads == 0 {
          let contents = try Logs.read(fs)
          guard contents.lastLSN >= seen else {
            throw TestFailure(text: "went back to LSN \(contents.lastLSN)")
          }
          seen = contents.lastLSN
          reads += 1
        }
      }
    } catch {
      problem.withLock { $0 = "\(error)" }
    }
  }
  #expect(problem.withLock { $0 } == nil)
  #expect(try Logs.read(fs).transactions.count == 300)
}

@Test func tenThousandRowsAreCommittedQuickly() throws {
  let folder = try TemporaryFolder()
  let fs = try RealFileSystem(root: folder.path)
  for name in FileNames.folders { try fs.makeFolder(name) }
  let writer = try Logs.create(fs)
  let vector = [Float](repeating: 0.25, count: 384)
  let metadata = [UInt8](#"{"lang":"en","title":"A title of some length"}"#.utf8)
  var best = Duration.seconds(100)
  for _ in 0..<3 {
    let start = ContinuousClock.now
    let batch = LogBatch(capacity: 10_000 * 1700)
    for row in 0..<10_000 {
      withUnsafeBytes(of: row) { id in
        vector.withUnsafeBytes { vector in
          metadata.withUnsafeBytes { batch.appendPut(id: id, created: 0, vector: vector, metadata: $0) }
        }
      }
    }
    _ = try writer.commit(batch, nanoseconds: 0, liveRowsAfter: 0, command: "insert")
    best = min(best, ContinuousClock.now - start)
  }
  print("10,000 rows of 384 floats in one transaction: \(best)")
  #expect(best < .milliseconds(300))
  let start = ContinuousClock.now
  #expect(try Logs.read(fs).recordCount == 30_000)
  print("reading 30,000 such rows: \(ContinuousClock.now - start)")
}

/// A flush failed in a process that died at once: its pages look clean, but they are not on the disk.
///
/// Whether the system forgets them when told to makes no difference.
@Test(arguments: [false, true])
func resumingMakesDurableWhatItBuildsOn(keepsCache: Bool) throws {
  let fs = try Logs.simulated()
  fs.keepsCache = keepsCache
  let writer = try Logs.create(fs)
  let safe = try Logs.commit(writer, [.delete(id: [1])])
  let start = writer.validEnd
  let copy = fs.crash(.everything)
  let other = try LogWriter.resume(copy, try Logs.read(copy))
  let unsure = try Logs.commit(other, [.delete(id: [2])])
  let bytes = try #require(copy.contents(FileNames.log(7)))
  let file = try OpenFile(fs, FileNames.log(7), .updating)
  try file.writeFully([UInt8](bytes[Int(start)..<Int(other.validEnd)]), at: start)
  fs.failSync(file.descriptor, seed: nil)
  #expect(Logs.changes(try Logs.read(fs.crash(.nothing))) == [safe])
  let contents = try Logs.read(fs)
  #expect(Logs.changes(contents) == [safe, unsure])
  let resumed = try LogWriter.resume(fs, contents)
  let more = try Logs.commit(resumed, [.delete(id: [3])])
  #expect(Logs.changes(try Logs.read(fs.crash(.nothing))) == [safe, unsure, more])
}
