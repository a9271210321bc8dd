package import CommandLineParsing

/// The command `vdb config`.
package enum ConfigCommand: ToolCommand {
  package static let showOrigin = Option(
    "show-origin", .flag, summary: "Say where every value comes from")

  package static let command = Command(
    "config", group: "Lifecycle", summary: "read and change the settings of a collection",
    description: [
      "`list` prints every setting, `get` one of them, `set` changes one and `unset` goes back to the default. A change is one new version of the collection.",
      "Settings: `wal.max-bytes` and `wal.max-records` say how long the log may become before it is turned into a segment.",
    ],
    operands: [
      Operands.collection,
      Operand("ACTION", .one, .choice(["list", "get", "set", "unset"]), summary: "list, get, set or unset"),
      Operand("KEY", .optional, summary: "the setting's name"),
      Operand("VALUE", .optional, summary: "its new value"),
    ],
    options: [showOrigin],
    sharedOptions: SharedOptions.changing,
    examples: [
      Example("vdb config docs.vdb list --show-origin", "Print all settings and where they come from."),
      Example("vdb config docs.vdb set wal.max-bytes 64M", "Allow a longer log."),
    ],
    exitNotes: ExitNotes.sorted([ExitNote(1, "the setting asked for has no value")], ExitNotes.writing),
    isMutating: true, seeAlso: ["info", "checkpoint"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
