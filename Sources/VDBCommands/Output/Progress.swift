import CommandLineParsing

/// Reports how far a long command has come, on standard error.
///
/// On a terminal one line is written again and again; with `--progress json` every report is a line with the
/// schema `vdb.progress/1`. Not safe to use from several threads at once.
package final class Progress {
  /// How reports look.
  package enum Style: Equatable, Sendable { case none, line, json }

  private let style: Style
  private let operation: String
  private let unit: String
  private let messages: Messages
  private let columns: Int
  private let interval: Int64
  private let clock: () -> Int64
  private let begin: Int64
  private var lastReport: Int64
  private var requestsSeen = Signals.progressRequests
  private var isShown = false
  private var phase: String
  /// What there is to do in all, when that is known.
  package var total: UInt64?
  private var done: UInt64 = 0
  /// Records that the bytes done so far held; nil where none are counted.
  package var rows: UInt64?

  /// Makes the progress of one command.
  ///
  /// - Parameters:
  ///   - style: How reports look.
  ///   - operation: The command's name.
  ///   - phase: What is being done first, one word.
  ///   - unit: What is counted, in the plural: "rows", "bytes".
  ///   - total: What there is to do in all, when that is known.
  ///   - messages: Where reports go.
  ///   - columns: The width of the terminal.
  ///   - reportsPerSecond: At most so many.
  ///   - clock: Nanoseconds, for tests.
  package init(
    style: Style, operation: String, phase: String, unit: String, total: UInt64?, messages: Messages,
    columns: Int = 80, reportsPerSecond: Int = 10, clock: @escaping () -> Int64 = MonotonicClock.now
  ) {
    self.style = style
    self.operation = operation
    self.phase = phase
    self.unit = unit
    self.total = total
    self.messages = messages
    self.columns = columns
    self.clock = clock
    interval = 1_000_000_000 / Int64(min(max(reportsPerSecond, 1), 60))
    begin = clock()
    lastReport = begin
    if style == .line { messages.beforeMessage = { [weak self] in self?.clear() } }
  }

  /// The style that the options and the terminal ask for.
  package static func style(_ context: CommandContext) -> Style {
    switch context.arguments.text(GlobalOptions.progress) {
    case "json": .json
    case "always": .line
    case "never": .none
    default:
      context.terminals.isErrorTerminal && context.messages.level >= .note
        && context.environment["TERM"] != "dumb" ? .line : .none
    }
  }

  /// Makes the progress of a command.
  package convenience init(_ context: CommandContext, phase: String, unit: String, total: UInt64?) {
    self.init(
      style: Progress.style(context), operation: context.arguments.command.name, phase: phase, unit: unit,
      total: total, messages: context.messages, columns: context.environment.columns,
      reportsPerSecond: context.environment["VDB_PROGRESS_FPS"].flatMap { Int($0) } ?? 10)
  }

  /// Tells how much is done; reports it when it is time, or when SIGUSR1 has asked for it.
  package func update(_ done: UInt64) {
    self.done = done
    let requests = Signals.progressRequests
    if requests != requestsSeen {
      requestsSeen = requests
      messages.write(Array((style == .json ? json(clock()) : text(clock())).utf8) + [0x0A])
    }
    guard style != .none else { return }
    let now = clock()
    guard now - lastReport >= interval else { return }
    report(now)
  }

  /// Goes on to another part of the work; what is done counts from 0 again.
  package func begin(phase: String, total: UInt64?) {
    self.phase = phase
    self.total = total
    done = 0
  }

  /// Ends: the line disappears, the last report in JSON is complete.
  package func finish() {
    switch style {
    case .none: break
    case .line:
      clear()
      messages.beforeMessage = nil
    case .json: report(clock())
    }
  }

  private func report(_ now: Int64) {
    lastReport = now
    switch style {
    case .none: break
    case .line:
      let line = text(now).prefix(max(columns - 1, 20))
      isShown = true
      messages.write(Array("\r\u{1B}[K\(line)".utf8))
    case .json: messages.write(Array((json(now) + "\n").utf8))
    }
  }

  private func clear() {
    guard isShown else { return }
    isShown = false
    messages.write(Array("\r\u{1B}[K".utf8))
  }

  /// Units in a second since the beginning, and the milliseconds that are left.
  private func pace(_ now: Int64) -> (rate: UInt64, remaining: UInt64?) {
    let elapsed = Double(max(now - begin, 1)) / 1e9
    let rate = Double(done) / elapsed
    guard let total, rate > 0, total >= done else { return (UInt64(min(rate, 1e18)), nil) }
    return (UInt64(min(rate, 1e18)), UInt64(min(Double(total - done) / rate * 1000, 1e15)))
  }

  /// `[import] 120,000/1,000,000 rows  12 %  410k rows/s  2 s left`.
  func text(_ now: Int64) -> String {
    let (rate, remaining) = pace(now)
    let isBytes = unit == "bytes"
    func amount(_ number: UInt64) -> String {
      isBytes ? NumberText.bytes(number) : NumberText.grouped(number)
    }
    var line = "[\(operation)] \(phase == operation ? "" : phase + " ")"
    if let rows { line += "\(NumberText.grouped(rows)) rows  " }
    line += amount(done)
    if let total { line += "/\(amount(total))" }
    if !isBytes { line += " \(unit)" }
    if let total, total > 0 { line += "  \(UInt64(Double(min(done, total)) / Double(total) * 100)) %" }
    line += isBytes ? "  \(NumberText.bytes(rate))/s" : "  \(NumberText.short(rate)) \(unit)/s"
    if let remaining { line += "  \(NumberText.seconds(milliseconds: remaining)) left" }
    return line
  }

  func json(_ now: Int64) -> String {
    let (rate, remaining) = pace(now)
    var json = JSONText()
    json.beginObject()
    json.member("schema", "vdb.progress/1")
    json.member("op", operation)
    json.member("phase", phase)
    json.member("done", done)
    json.key("total")
    if let total { json.value(total) } else { json.null() }
    json.member("unit", unit)
    json.member("rate", rate)
    json.key("eta_ms")
    if let remaining { json.value(remaining) } else { json.null() }
    if let rows { json.member("rows", rows) }
    json.endObject()
    return json.text
  }
}

/// Numbers for people, the same in every locale.
package enum NumberText {
  /// `1,234,567`.
  package static func grouped(_ number: UInt64) -> String {
    let digits = Array(String(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// `1.63 GiB`: three significant digits, powers of 1024.
  package static func bytes(_ number: UInt64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Double(number)
    var index = 0
    while value >= 1000, index < units.count - 1 {
      value /= 1024
      index += 1
    }
    return index == 0
      ? "\(number) \(number == 1 ? "byte" : "bytes")" : "\(significant(value)) \(units[index])"
  }

  /// `412k`, `1.2M`.
  package static func short(_ number: UInt64) -> String {
    let units = ["", "k", "M", "G", "T"]
    var value = Double(number)
    var index = 0
    while value >= 1000, index < units.count - 1 {
      value /= 1000
      index += 1
    }
    return index == 0 ? String(number) : significant(value) + units[index]
  }

  /// `0.9 s`, `31 s`, `4 min 10 s`, `3 h 5 min`.
  package static func seconds(milliseconds: UInt64) -> String {
    let seconds = milliseconds / 1000
    if seconds < 10 { return "\(seconds).\(milliseconds / 100 % 10) s" }
    if seconds < 120 { return "\(seconds) s" }
    if seconds < 7200 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3600) h \(seconds / 60 % 60) min"
  }

  /// Three significant digits of a number from 0 to 1024, without an exponent.
  package static func significant(_ value: Double) -> String {
    let decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2
    return fixed(value, decimals)
  }

  /// A number below 10^15 with a fixed number of decimals (0 to 6), rounded to the nearest.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    let places = min(max(decimals, 0), 6)
    var scale: Int64 = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int64((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + String(scaled) }
    let fraction = String(scaled % scale)
    return "\(sign)\(scaled / scale)." + String(repeating: "0", count: places - fraction.utf8.count)
      + fraction
  }
}
