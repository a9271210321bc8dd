import CommandLineParsing
import VectorMath

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs `vdb` with the given arguments, the program's name first, and returns its exit status.
///
/// Does not return when a signal ended the command: the process then ends by that signal.
package func runVDB(_ arguments: [String]) -> Int32 {
  StandardStreams.reserve()
  return Run(environment: Environment(), terminals: Terminals()).run(Array(arguments.dropFirst()))
}

/// One run of the tool with everything that it sees of the outside world.
struct Run {
  let environment: Environment
  let terminals: Terminals

  func run(_ words: [String]) -> Int32 {
    let table = CommandCatalog.table
    let parser = ArgumentParser(table) { environment[$0] }
    do throws(UsageFailure) {
      switch try parser.parse(words) {
      case .version: return printAndEnd("vdb \(table.version)\n")
      case .help(let command, let isLong):
        let help = Help(table, columns: environment.columns)
        guard let command else { return printAndEnd(help.program(isLong: isLong)) }
        return printAndEnd(isLong ? help.long(command) : help.short(command))
      case .run(let parsed): return run(parsed)
      }
    } catch {
      return report(error, words, table)
    }
  }

  /// Writes a text that was asked for to standard output.
  private func printAndEnd(_ text: String) -> Int32 {
    _ = signal(SIGPIPE, SIG_IGN)
    do throws(CommandFailure) {
      try DescriptorDestination.write(Array(text.utf8), to: 1, name: "standard output")
      return 0
    } catch {
      return end(error, Messages(level: .note, isJSON: false, commandName: nil), endsWithJSON: false)
    }
  }

  private func report(_ failure: UsageFailure, _ words: [String], _ table: CommandTable) -> Int32 {
    let options = words.prefix { $0 != "--" }
    let messages = Messages(
      level: .note, isJSON: options.contains("--log-json"), commandName: failure.command?.name,
      style: Style(nil, isTerminal: terminals.isErrorTerminal, environment: environment))
    let help = Help(table, columns: environment.columns)
    if failure.error == .noCommand, words.isEmpty {
      messages.write(Array(help.program(isLong: false).utf8))
      return ExitStatus.usage.rawValue
    }
    messages.report(
      CommandFailure(.usage, code: failure.error.code, failure.error.sentence, hint: failure.error.hint),
      help: help.afterUsageError(failure),
      endsWithJSON: options.contains("--json") || options.contains("--errors-json"))
    return ExitStatus.usage.rawValue
  }

  private func run(_ parsed: ParsedArguments) -> Int32 {
    let isJSON = parsed.flag(SharedOptions.json)
    let endsWithJSON = isJSON || parsed.flag(GlobalOptions.errorsJSON)
    let messages = Messages(
      level: Messages.level(
        quiet: parsed.count(GlobalOptions.quiet), verbose: parsed.count(GlobalOptions.verbose)),
      isJSON: parsed.flag(GlobalOptions.logJSON), commandName: parsed.command.name,
      style: Style(
        parsed.text(GlobalOptions.color), isTerminal: terminals.isErrorTerminal, environment: environment))
    guard let body = CommandCatalog.commands.first(where: { $0.command.name == parsed.command.name }) else {
      return ExitStatus.bug.rawValue
    }
    Signals.install()
    var opened: BufferedOutput?
    do throws(CommandFailure) {
      try chooseInstructionSet()
      let output = try openOutput(parsed)
      if isJSON { output.writesJSON() }
      opened = output
      var context = CommandContext(
        arguments: parsed, output: output, messages: messages, environment: environment, terminals: terminals,
        deadline: deadline(parsed))
      try body.run(&context)
      try output.finish()
      return context.exitStatus.rawValue
    } catch {
      // Rows before the fault are worth having on standard output; a file appears whole or not at all.
      if error.ending == .exit, let opened, opened.isDirect { try? opened.flush() }
      opened?.abandon()
      return end(error, messages, endsWithJSON: endsWithJSON, command: parsed.command)
    }
  }

  /// Uses the instruction set that `VDB_ISA` names, or the best below it that the processor has.
  private func chooseInstructionSet() throws(CommandFailure) {
    guard let name = environment["VDB_ISA"], !name.isEmpty else { return }
    guard let set = InstructionSet(rawValue: name) else {
      let names = InstructionSet.allCases.map(\.name).joined(separator: ", ")
      throw CommandFailure(
        .usage, "VDB_ISA is '\(name)', which is no instruction set", hint: "instruction sets are \(names)")
    }
    InstructionSet.use(set)
  }

  private func openOutput(_ parsed: ParsedArguments) throws(CommandFailure) -> BufferedOutput {
    if parsed.declares(SharedOptions.output), let path = parsed.text(SharedOptions.output), path != "-" {
      return BufferedOutput(
        try FileDestination(path, replaces: parsed.flag(SharedOptions.force)), isTerminal: false)
    }
    return BufferedOutput(
      DescriptorDestination(1, name: "standard output"), isTerminal: terminals.isOutputTerminal)
  }

  private func deadline(_ parsed: ParsedArguments) -> Int64? {
    guard parsed.declares(SharedOptions.timeout), let length = parsed.duration(SharedOptions.timeout) else {
      return nil
    }
    let (sum, overflow) = MonotonicClock.now().addingReportingOverflow(length)
    return overflow ? nil : sum
  }

  private func end(
    _ failure: CommandFailure, _ messages: Messages, endsWithJSON: Bool, command: Command? = nil
  ) -> Int32 {
    switch failure.ending {
    case .brokenPipe: Signals.die(by: SIGPIPE)
    case .signal(let number):
      // The handler has said "interrupted" already.
      if failure.message != "interrupted" || endsWithJSON {
        messages.report(failure, endsWithJSON: endsWithJSON)
      }
      Signals.die(by: number)
    case .exit:
      let help = Help(CommandCatalog.table, columns: environment.columns)
      let lines = failure.showsHelp ? command.map { [help.short($0)] } : nil
      messages.report(failure, help: lines ?? [], endsWithJSON: endsWithJSON)
      return failure.status.rawValue
    }
  }
}

/// The descriptors 0, 1 and 2.
enum StandardStreams {
  /// Occupies those that the parent closed, so that no file of a collection can get their numbers.
  ///
  /// They are opened for the wrong direction: using them reports an error, as if they were closed.
  static func reserve() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
