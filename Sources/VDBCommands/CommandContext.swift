package import CommandLineParsing

/// A command of the tool: its declaration and its body.
package protocol ToolCommand: SendableMetatype {
  /// What it is called, takes and promises.
  static var command: Command { get }
  /// Does the work. The exit status is `context.exitStatus`, or that of the failure thrown.
  static func run(_ context: inout CommandContext) throws(CommandFailure)
}

/// Everything that the body of a command sees of the outside world.
package struct CommandContext {
  /// Options and operands, checked.
  package let arguments: ParsedArguments
  /// Where results go: standard output, or the file of `--output`.
  package let output: BufferedOutput
  /// Where everything said to people goes.
  package let messages: Messages
  /// Environment variables.
  package let environment: Environment
  /// Which standard streams are terminals.
  package let terminals: Terminals
  /// The status with which the command ends when it throws nothing.
  package var exitStatus = ExitStatus.ok
  /// The monotonic clock in nanoseconds at which `--timeout` expires.
  package let deadline: Int64?

  /// Joins what a command sees.
  package init(
    arguments: ParsedArguments, output: BufferedOutput, messages: Messages, environment: Environment,
    terminals: Terminals, deadline: Int64?
  ) {
    self.arguments = arguments
    self.output = output
    self.messages = messages
    self.environment = environment
    self.terminals = terminals
    self.deadline = deadline
  }

  /// The operand that every command on a collection begins with.
  package var collectionPath: String { arguments.operand(0) ?? "" }
  /// Whether `--json` was given.
  package var isJSON: Bool { arguments.flag(SharedOptions.json) }
  /// Whether `--dry-run` was given.
  package var isDryRun: Bool { arguments.flag(SharedOptions.dryRun) }

  /// Colours for results.
  package var outputStyle: Style {
    Style(arguments.text(GlobalOptions.color), isTerminal: output.isTerminal, environment: environment)
  }

  /// `--format`, or "json" with `--json`; nil when neither was given.
  package func format(_ option: Option) -> String? {
    arguments.text(option) ?? (isJSON ? "json" : nil)
  }

  /// Throws when a signal asked the program to stop or the time is up; cheap enough for every block of rows.
  package func checkForStop() throws(CommandFailure) {
    if let signal = Signals.requested { throw CommandFailure.interrupted(by: signal) }
    if let deadline, MonotonicClock.now() >= deadline {
      throw CommandFailure(.timeout, code: "timeout", "the time given by --timeout ran out")
    }
  }

  /// Refuses to wait for a person to type data.
  ///
  /// - Throws: a usage failure when standard input is a terminal.
  package func requireStandardInput() throws(CommandFailure) {
    guard terminals.isInputTerminal else { return }
    throw CommandFailure(
      .usage, code: "input-is-terminal", "standard input is a terminal; name a file, or pipe data in",
      showsHelp: true)
  }
}
