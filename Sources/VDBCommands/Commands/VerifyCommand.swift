package import CommandLineParsing

/// The command `vdb verify`.
package enum VerifyCommand: ToolCommand {
  package static let quick = Option(
    "quick", .flag, summary: "Check structure only: names, sizes, headers, chains")
  package static let strict = Option(
    "strict", .flag, summary: "End with status 1 for notices too, such as an unclean shutdown")
  package static let expectRoot = Option(
    "expect-root", .text, "SHA256", summary: "Fail unless the newest version has this root hash")
  package static let listFiles = Option("list-files", .flag, summary: "Print every file with its state")

  package static let command = Command(
    "verify", aliases: ["check"], group: "Upkeep", summary: "prove that every bit is as it was written",
    description: [
      "Reads every byte of every live file and compares it with its checksums. Writes nothing, works on read-only media and beside a writer.",
      "Every finding names the file, the bytes, the records that are touched and what to do.",
    ],
    operands: [
      Operand("COLLECTION", .one, .path(.collection), summary: "the collection's folder, or one file of it")
    ],
    options: [quick, strict, expectRoot, listFiles],
    sharedOptions: SharedOptions.writing + SharedOptions.collection,
    examples: [
      Example("vdb verify docs.vdb", "Check everything."),
      Example("vdb verify docs.vdb --quick", "Check the structure in a moment."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(1, "intact, but there is something to know"), ExitNote(5, "damage was found")],
      ExitNotes.reading, done: "every bit is as it was written"),
    seeAlso: ["info", "log", "gc"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
