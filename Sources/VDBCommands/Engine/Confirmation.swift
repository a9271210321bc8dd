import CommandLineParsing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Questions before something is lost.
enum Confirmation {
  /// The last part of a path.
  static func baseName(_ path: String) -> String {
    path.split(separator: "/").last.map { String($0) } ?? path
  }

  /// Goes on after `--yes` or a yes on a terminal.
  ///
  /// - Throws: status 7 otherwise.
  static func requireYes(_ question: String, _ context: CommandContext) throws(CommandFailure) {
    if context.arguments.flag(SharedOptions.yes) { return }
    guard let answer = try answer("\(question) [y/N] ", context) else {
      throw notConfirmed("add --yes to do it without a question")
    }
    guard ["y", "yes"].contains(answer.lowercased()) else { throw notConfirmed("nothing was changed") }
  }

  /// Goes on after `--yes`, the right `--confirm`, or the name typed on a terminal.
  ///
  /// - Throws: status 7 otherwise.
  static func requireName(
    _ name: String, given: String?, _ warning: String, _ context: CommandContext
  ) throws(CommandFailure) {
    if context.arguments.flag(SharedOptions.yes) { return }
    if let given {
      guard given == name else { throw wrongName(given, expected: name) }
      return
    }
    guard let answer = try answer("\(warning)\nType its name, \(name), to go on: ", context) else {
      throw notConfirmed("add --confirm \(shellWord(name))")
    }
    guard answer == name else { throw wrongName(answer, expected: name) }
  }

  /// The failure for a name that is not the collection's.
  static func wrongName(_ name: String, expected: String) -> CommandFailure {
    CommandFailure(
      .conflict, code: "not-confirmed", "the name '\(name)' is not '\(expected)'; nothing was changed",
      hint: "give the last part of the collection's path: --confirm \(shellWord(expected))")
  }

  private static func notConfirmed(_ hint: String) -> CommandFailure {
    CommandFailure(
      .conflict, code: "not-confirmed", "this was not confirmed; nothing was changed", hint: hint)
  }

  /// The line that a person types; nil where nobody can be asked.
  private static func answer(_ question: String, _ context: CommandContext) throws(CommandFailure) -> String?
  {
    guard context.terminals.isInputTerminal, context.terminals.isErrorTerminal,
      !context.arguments.flag(GlobalOptions.noInput)
    else { return nil }
    let lines = question.split(separator: "\n").map { TerminalText.singleLine(String($0)) }
    context.messages.write(Array(lines.joined(separator: "\n").utf8))
    var line: [UInt8] = []
    while line.count < 4096 {
      var byte: UInt8 = 0
      let count = unsafe read(0, &byte, 1)
      if count < 0, errno == EINTR {
        if let signal = Signals.requested { throw .interrupted(by: signal) }
        continue
      }
      guard count == 1, byte != 10 else { break }
      line.append(byte)
    }
    return String(decoding: line, as: UTF8.self)
  }
}
