import FileStorage
import TestSupport
import Testing
import VectorDatabase

/// One kind of fault.
struct Fault: Sendable {
  let code: Int32
  var sticky = false
  var shortWrite = false

  /// EIO, ENOSPC, EDQUOT, EMFILE, EACCES, each once and from then on; and short writes.
  static let all: [Fault] =
    [5, 28, 122, 24, 13].flatMap { [Fault(code: $0), Fault(code: $0, sticky: true)] }
    + [Fault(code: 5, shortWrite: true), Fault(code: 28, sticky: true, shortWrite: true)]
}

@Suite struct FaultTests {
  /// Faults tried of all operations together: `VDB_FAULTS`; 1,500 unless told.
  @Test(arguments: Operation.allCases)
  func `A failing call is reported and leaves the collection whole`(operation: Operation) throws {
    let share = (campaignSize("VDB_FAULTS") ?? 1500) / Operation.allCases.count
    let (base, rows) = try Self.base()
    // How many calls there are.
    let counting = FaultyFileSystem(wrapping: base.crash(.everything), failingAt: 0, with: 5)
    try Self.script(operation, counting, rows) { _ in }
    let calls = counting.callCount
    var places = (1...calls).flatMap { call in Fault.all.map { (call, $0) } }
    var generator = SeededGenerator(seed: 1)
    if places.count > share {
      places.shuffle(using: &generator)
      places.removeLast(places.count - share)
    }
    var reported = 0
    var failures: [String] = []
    for (call, fault) in places {
      do {
        if try Self.check(operation, base, rows, call, fault) { reported += 1 }
      } catch {
        failures.append("\(operation.rawValue)/call \(call)/\(fault): \(error)")
      }
    }
    print(
      "faults: \(operation.rawValue): \(calls) calls, \(places.count) faults, \(reported) reported as errors, \(failures.count) failures"
    )
    for failure in failures.prefix(5) { Issue.record("\(failure)") }
  }

  /// A collection with a segment, deleted rows, a parent version and records in its log.
  static func base() throws -> (SimulatedFileSystem, RowList) {
    let fs = SimulatedFileSystem()
    let driver = Driver(fs)
    try driver.create()
    try driver.bulkImport(driver.fresh(3), .insert)
    try driver.delete(["new-0"])
    try driver.run(.checkpoint)
    try driver.write(driver.fresh(2), .insert)
    try driver.closeWriter()
    return (fs.crash(.everything), driver.current)
  }

  private static func script(
    _ operation: Operation, _ fs: any FileSystem, _ rows: RowList, _ started: (Driver) -> Void
  ) throws {
    let driver = Driver(fs)
    started(driver)
    try driver.adopt(rows)
    try driver.run(operation)
    try driver.run(.insertOne)
    try driver.closeWriter()
  }

  /// - Returns: Whether the fault became an error.
  private static func check(
    _ operation: Operation, _ base: SimulatedFileSystem, _ rows: RowList, _ call: Int, _ fault: Fault
  ) throws -> Bool {
    let simulated = base.crash(.everything)
    let faulty = FaultyFileSystem(
      wrapping: simulated, failingAt: call, with: fault.code, sticky: fault.sticky,
      shortWrite: fault.shortWrite)
    var driver: Driver?
    var failure: DatabaseError?
    do {
      try script(operation, faulty, rows) { driver = $0 }
    } catch let error as DatabaseError {
      failure = error
    }
    guard let used = driver else { return false }
    // The process ends.
    used.kill()
    if let failure { try Self.requireClass(failure, faulty, fault) }
    // Nothing acknowledged may be gone, whether the machine goes on or loses its power.
    let expected = Expectation(
      allowed: used.history.isEmpty ? [rows] : Array(used.history[used.lower...used.upper]),
      lsn: used.acknowledgedLSN, version: used.acknowledgedVersion)
    let names = faulty.failures
    if names.contains(where: { $0.hasPrefix("sync") }) {
      for keepsCache in [false, true] {
        do {
          try goOn(simulated.killed(), expected, keepsCache: keepsCache)
        } catch {
          throw Broken("another writer (cache kept: \(keepsCache)) after \(names): \(error)")
        }
      }
    }
    for (moment, state) in [
      ("going on", simulated.killed()), ("power loss", simulated.crash(.nothing)),
      ("late power loss", simulated.crash(.everything)),
    ] {
      do {
        let left = state
        try StateCheck.run(left, expected)
        let temporary = left.allFiles().filter { $0.hasPrefix("tmp/") }
        guard temporary.isEmpty else { throw Broken("left behind: \(temporary)") }
        guard left.openCount == 0 else { throw Broken("\(left.openCount) files are still open") }
      } catch {
        throw Broken("\(moment) after \(names), reported \(failure.map { "\($0)" } ?? "nothing"): \(error)")
      }
    }
    guard simulated.openCount == 0 else {
      throw Broken("after \(names): \(simulated.openCount) files stay open")
    }
    return failure != nil
  }

  /// After a failed flush another process builds on what it sees, with pages that only look clean.
  ///
  /// Then the power fails: what that process acknowledged is there.
  private static func goOn(
    _ fs: SimulatedFileSystem, _ expected: Expectation, keepsCache: Bool
  ) throws {
    fs.keepsCache = keepsCache
    guard let rows = try StateCheck.read(fs.killed(), expected) else { return }
    let next = Driver(fs)
    try next.adopt(rows)
    do { try next.run(.upsert) } catch DatabaseError.storage(.poisoned) {
      // What it saw is not on the disk, and it has noticed: the third one sees the truth.
      return
    }
    let later = Expectation(
      allowed: [next.current], lsn: next.acknowledgedLSN, version: next.acknowledgedVersion)
    for choice in [CrashChoice.nothing, .everything] {
      do { try StateCheck.run(fs.crash(choice), later) } catch { throw Broken("\(choice): \(error)") }
    }
  }

  /// The error names the failed call, or says that a flush failed.
  private static func requireClass(_ error: DatabaseError, _ fs: FaultyFileSystem, _ fault: Fault) throws {
    switch error {
    case .storage(.file(let file)):
      guard file.code == fault.code else { throw Broken("\(fs.failures) was reported as \(error)") }
    case .storage(.poisoned):
      guard fs.failures.contains(where: { $0.hasPrefix("sync") || $0.hasPrefix("truncate") }) else {
        throw Broken("\(fs.failures) was reported as \(error)")
      }
    default: throw Broken("\(fs.failures) was reported as \(error)")
    }
  }
}
