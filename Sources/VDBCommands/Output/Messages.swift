import CommandLineParsing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Everything said to people, on standard error.
package final class Messages {
  /// How much is said; every level includes those before it.
  package enum Level: Int, Comparable, Sendable {
    case error = 0, warning, note, detail, debug
    package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  /// The most that is said.
  package let level: Level
  private let isJSON: Bool
  private let commandName: String?
  private let style: Style
  private let sink: (([UInt8]) -> Void)?
  /// Called before a message, so that a line of progress can make room.
  package var beforeMessage: (() -> Void)?

  /// Makes the messages of one command.
  ///
  /// - Parameters:
  ///   - level: The most that is said.
  ///   - isJSON: Whether every message is a line of JSON.
  ///   - commandName: Named in warnings and errors.
  ///   - style: Colours for the words that begin a line.
  ///   - sink: Takes the bytes in tests; nil writes to standard error.
  package init(
    level: Level, isJSON: Bool, commandName: String?, style: Style = .plain, sink: (([UInt8]) -> Void)? = nil
  ) {
    self.level = level
    self.isJSON = isJSON
    self.commandName = commandName
    self.style = style
    self.sink = sink
  }

  /// The level that `-q` and `-v` ask for.
  package static func level(quiet: Int, verbose: Int) -> Level {
    Level(rawValue: min(max(Level.note.rawValue - min(quiet, 8) + min(verbose, 8), 0), 4)) ?? .note
  }

  /// What a person wants to know after the work: summaries and the next useful command.
  package func note(_ text: String) { say(.note, "note", text, prefix: "") }
  /// What may be wrong.
  package func warning(_ text: String) {
    say(.warning, "warning", text, prefix: prefix + style.yellow("warning:") + " ")
  }
  /// With `-v`.
  package func detail(_ text: String) { say(.detail, "detail", text, prefix: "") }
  /// With `-vv`.
  package func debug(_ text: String) { say(.debug, "debug", text, prefix: "") }

  private var prefix: String { commandName.map { "vdb: \($0): " } ?? "vdb: " }

  private func say(_ level: Level, _ name: String, _ text: String, prefix: String) {
    guard level <= self.level else { return }
    beforeMessage?()
    if isJSON {
      var json = JSONText()
      json.beginObject()
      json.member("schema", "vdb.message/1")
      json.member("level", name)
      if let commandName { json.member("command", commandName) }
      json.member("message", text)
      json.endObject()
      line(json.text)
    } else {
      for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
        line(prefix + TerminalText.singleLine(String(part)))
      }
    }
  }

  /// Prints a failure: the sentence, its details, the hint, and the object for programs when asked for.
  package func report(_ failure: CommandFailure, help: [String] = [], endsWithJSON: Bool) {
    beforeMessage?()
    if !isJSON {
      line(style.red(prefix) + TerminalText.singleLine(failure.message))
      for detail in failure.details { line("  " + TerminalText.singleLine(detail)) }
      if let hint = failure.hint { line(style.bold("hint:") + " " + TerminalText.singleLine(hint)) }
      for text in help { line(text) }
    }
    guard isJSON || endsWithJSON else { return }
    var json = JSONText()
    json.beginObject()
    json.member("schema", "vdb.error/1")
    json.member("code", failure.code)
    json.member("exit", failure.exitCode)
    json.member("message", failure.message)
    if let hint = failure.hint { json.member("hint", hint) }
    if let path = failure.path { json.member("path", path) }
    if let commandName { json.member("command", commandName) }
    if !failure.details.isEmpty { json.member("details", failure.details) }
    json.endObject()
    line(json.text)
  }

  private func line(_ text: String) { write(Array((text + "\n").utf8)) }

  /// Writes bytes to standard error as they are; a failure is nowhere to be told.
  package func write(_ bytes: [UInt8]) {
    if let sink { return sink(bytes) }
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        return unsafe Glibc.write(2, rest.baseAddress, rest.count)
      }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        return
      }
    }
  }
}
