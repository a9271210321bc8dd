package import CommandLineParsing

/// The command `vdb completions`.
package enum CompletionsCommand: ToolCommand {
  package static let command = Command(
    "completions", group: "Tools", summary: "print a completion script for a shell",
    description: [
      "Prints a script that teaches a shell to complete commands, options, their values and paths.",
      "bash: save it as ~/.local/share/bash-completion/completions/vdb. zsh: save it as _vdb in a folder of $fpath. fish: save it as ~/.config/fish/completions/vdb.fish.",
    ],
    operands: [Operand("SHELL", .one, .choice(["bash", "zsh", "fish"]), summary: "bash, zsh or fish")],
    sharedOptions: [SharedOptions.output, SharedOptions.force],
    examples: [Example("vdb completions fish -o ~/.config/fish/completions/vdb.fish", "Install for fish.")],
    exitNotes: [ExitNotes.done, ExitNotes.note(.usage), ExitNote(7, "the output file exists already")],
    seeAlso: ["help"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let table = CommandCatalog.table
    switch context.arguments.operand(0) {
    case "bash": try context.output.write(Completions.bash(table))
    case "zsh": try context.output.write(Completions.zsh(table))
    default: try context.output.write(Completions.fish(table))
    }
  }
}
