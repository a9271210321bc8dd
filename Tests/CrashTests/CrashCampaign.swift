import FileStorage
import TestSupport
import VectorDatabase

/// Runs one script again and again and checks what a power loss at every one of its changing calls may leave.
final class CrashCampaign: @unchecked Sendable {
  struct Form {
    /// All systematic states of every call, or this many picked by chance.
    var picked: Int?
    /// Random states of every call.
    var seeds: Int
    /// Recovery is crashed too for one state in this many.
    var recoveryShare: Int
    /// Only after calls that flush.
    var onlyFlushes = false
    /// Where the salts of logs come from: with them every state repeats bit for bit.
    var salts = SaltSource.seeded(1)
    /// A flush that does nothing, to see whether that is noticed; the first failure ends the work then.
    var mutedFlush: String?
  }

  private let name: String
  private let form: Form
  private let script: (Driver) throws -> Void
  /// A reader opens the collection at every changing call.
  private let reads: Bool
  private var seen: Set<UInt64> = []
  private var distinct: Set<UInt64> = []
  private(set) var failures: [String] = []
  private(set) var calls = 0
  private(set) var recoveryStates = 0
  private(set) var checked = 0
  /// Where a script starts from; nil for an empty folder.
  private let base: (SimulatedFileSystem, RowList)?
  private var isBusy = false
  /// The process is killed at every changing call, and another goes on.
  private let kills: Bool

  var distinctCount: Int { distinct.count }
  /// The places that flushed something while the script ran.
  private(set) var flushPlaces: Set<String> = []
  private var isDone: Bool { form.mutedFlush != nil && !failures.isEmpty }

  init(
    _ name: String, _ form: Form, reads: Bool = false, kills: Bool = false,
    base: (SimulatedFileSystem, RowList)? = nil,
    _ script: @escaping (Driver) throws -> Void
  ) {
    self.name = name
    self.form = form
    self.reads = reads
    self.kills = kills
    self.base = base
    self.script = script
  }

  /// Runs the script once.
  func run(armed: @escaping @Sendable (Driver) -> Bool = { !$0.isPreparing }) {
    let fs = base.map { $0.0.crash(.everything) } ?? SimulatedFileSystem(salts: form.salts)
    fs.mutedFlush = form.mutedFlush
    let driver = Driver(fs)
    defer { flushPlaces = fs.flushPlaces }
    do {
      if let base { try driver.adopt(base.1) }
      fs.observe { [self] live, call in
        guard call.isChange, !isBusy, armed(driver), !isDone else { return }
        if form.onlyFlushes, !call.name.hasPrefix("sync") { return }
        calls += 1
        if reads { live.asAnotherProcess { peek(live, driver, call) } }
        if kills { return kill(live, driver, call) }
        enumerate(live, driver, "\(call.name) \(call.path)", call.number)
      }
      driver.onAcknowledge = { [self] in
        if armed(driver), !kills, !isDone { enumerate(fs, driver, "acknowledgement", fs.callCount) }
      }
      try script(driver)
    } catch {
      fail("\(name): the script failed: \(error)")
    }
    fs.observe(nil)
  }

  /// Notes a failure with all that repeats it: workload, call, choice with its seed, and the source of salts.
  private func fail(_ text: String) {
    if failures.count < 5 { failures.append("salts \(form.salts): \(text)") }
  }

  /// A reader looks while the writer is at work: what it has seen may never vanish.
  private func peek(_ fs: SimulatedFileSystem, _ driver: Driver, _ call: SimulatedFileSystem.Call) {
    isBusy = true
    defer { isBusy = false }
    do {
      let rows = try RowList.read(try Snapshot.open(try Collection.open(on: fs)))
      let range = driver.lower...driver.upper
      guard let place = range.last(where: { driver.history[$0] == rows }) else {
        return fail("\(name)/\(call.number) \(call.name) \(call.path): a reader saw \(rows.rows.map(\.id))")
      }
      // The same rows may be several states of the history: the earliest is what is proved to be seen.
      driver.noteSeen(range.first { driver.history[$0] == rows } ?? place)
    } catch {
      if driver.history[driver.lower] != nil {
        fail("\(name)/\(call.number) \(call.name) \(call.path): a reader failed: \(error)")
      }
    }
  }

  /// Kills the writer; another process goes on with what it sees, and the power fails under that one.
  private func kill(
    _ fs: SimulatedFileSystem, _ driver: Driver, _ call: SimulatedFileSystem.Call
  ) {
    isBusy = true
    defer { isBusy = false }
    let left = fs.killed()
    let next = Driver(left)
    do {
      // On a copy, as reading makes durable what it shows.
      guard let snapshot = try StateCheck.openIfThere(fs.killed()) else { return }
      let rows = try RowList.read(snapshot)
      guard driver.history[driver.lower...driver.upper].contains(where: { $0 == rows }) else {
        return fail(
          "\(name)/\(call.number) \(call.name) \(call.path): after a kill there are \(rows.rows.map(\.id))")
      }
      try next.adopt(rows)
      next.onAcknowledge = { [self] in
        isBusy = false
        enumerate(left, next, "killed at \(call.name) \(call.path), acknowledgement", call.number)
        isBusy = true
      }
      _ = try next.openWriter()
      try next.run(Operation.allCases[call.number % Operation.allCases.count])
      try next.run(.insertOne)
    } catch {
      fail("\(name)/\(call.number) \(call.name) \(call.path): after a kill: \(error)")
    }
  }

  private func enumerate(
    _ fs: SimulatedFileSystem, _ driver: Driver, _ place: String, _ number: Int
  ) {
    isBusy = true
    defer { isBusy = false }
    let first = UInt64(number) << 12
    var choices = fs.crashChoices(seeds: first..<(first + UInt64(form.seeds)))
    if let picked = form.picked, choices.count > picked {
      var generator = SeededGenerator(seed: first)
      choices.shuffle(using: &generator)
      choices = Array(choices.prefix(picked))
    }
    let expected = Expectation(
      allowed: Array(driver.history[driver.lower...driver.upper]), lsn: driver.acknowledgedLSN,
      version: driver.acknowledgedVersion)
    for choice in choices {
      let state = fs.crash(choice)
      let hash = state.contentHash
      distinct.insert(hash)
      guard seen.insert(hash &* 31 &+ UInt64(driver.lower) &* 1009 &+ UInt64(driver.upper)).inserted else {
        continue
      }
      checked += 1
      do {
        let deep = checked % form.recoveryShare == 0
        recoveryStates += try StateCheck.run(state, expected, depth: deep ? 2 : 1)
      } catch {
        fail("\(name)/\(number) \(place), \(choice): \(error)")
      }
    }
  }
}
