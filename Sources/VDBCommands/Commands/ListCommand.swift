package import CommandLineParsing

/// The command `vdb list`.
package enum ListCommand: ToolCommand {
  package static let recursive = Option(
    "recursive", short: "r", .flag, summary: "Look into folders inside folders too")

  package static let command = Command(
    "list", aliases: ["ls"], group: "Lifecycle", summary: "list the collections in a folder",
    description: [
      "Finds collections and prints their name, records, dimensions, size, version and health. One that cannot be opened is listed as damaged, never left out."
    ],
    operands: [Operand("DIR", .any, .path(.folder), summary: "where to look (default: the current folder)")],
    options: [recursive], sharedOptions: SharedOptions.writing,
    examples: [
      Example("vdb list", "List the collections here."),
      Example("vdb list -r /srv --json", "List all below a folder."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(5, "a collection is damaged")],
      [
        ExitNotes.note(.usage), ExitNote(6, "a folder does not exist"), ExitNotes.note(.ioError),
        ExitNotes.note(.denied),
      ]), seeAlso: ["info"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
