package import CommandLineParsing

/// The command `vdb help`.
package enum HelpCommand: ToolCommand {
  package static let man = Option("man", .flag, summary: "Print the manual page's source (mdoc)")

  package static let command = Command(
    "help", group: "Tools", summary: "show help for a command",
    description: [
      "Prints the full help of a command, or of the program. `--json` prints every command and option for programs."
    ],
    operands: [Operand("COMMAND", .optional, summary: "the command (default: the program)")],
    options: [man], sharedOptions: [SharedOptions.json],
    exclusiveGroups: [ExclusiveGroup(["man", "json"])],
    examples: [
      Example("vdb help search", "Print the full help of a command."),
      Example("vdb help --man search | man -l -", "Read its manual page without installing it."),
    ],
    exitNotes: [ExitNotes.done, ExitNote(2, "there is no such command")], seeAlso: ["version", "completions"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let table = CommandCatalog.table
    var wanted: Command?
    if let name = context.arguments.operand(0) {
      guard let found = table.command(named: name) else {
        let names = table.commands.flatMap { [$0.name] + $0.aliases }
        let error = UsageError.unknownCommand(name, suggestions: Suggestions.nearest(to: name, among: names))
        throw CommandFailure(.usage, code: error.code, error.sentence, hint: error.hint)
      }
      wanted = found
    }
    if context.isJSON {
      try context.output.write(HelpJSON.document(table, wanted) + "\n")
    } else if context.arguments.flag(man) {
      try context.output.write(wanted.map { ManPage.page(of: $0, table) } ?? ManPage.programPage(table))
    } else {
      let help = Help(table, columns: context.environment.columns)
      try context.output.write(wanted.map(help.long) ?? help.program(isLong: true))
    }
  }
}
