package import CommandLineParsing

/// The command `vdb update`.
package enum UpdateCommand: ToolCommand {
  package static let id = Option(
    "id", .text, "ID", repetition: .list, summary: "A record to change; may be repeated")
  package static let idsFrom = Option(
    "ids-from", .path(.file), "FILE", summary: "Change the records with the ids in FILE, one a line")
  package static let set = Option(
    "set", .text, "JSON", summary: "Set the members of a JSON object in the metadata")
  package static let setField = Option(
    "set-field", .assignment(), "PATH=JSON", repetition: .list, summary: "Set one field to a JSON value")
  package static let unset = Option(
    "unset", .text, "PATH", repetition: .list, summary: "Remove a field")
  package static let vector = Option(
    "vector", .text, "VECTOR", summary: "New vector: '[0.1,0.2]', @FILE or b64:TEXT")
  package static let merge = Option(
    "merge", .flag, summary: "Keep the other metadata fields (this is the default)")
  package static let replace = Option(
    "replace", .flag, summary: "Drop all metadata that --set and --set-field do not name")
  package static let expectCount = Option(
    "expect-count", .integer(0...Int64.max), "N", summary: "Fail unless exactly N records would change")

  package static let command = Command(
    "update", group: "Rows in", summary: "change the metadata or vectors of records",
    description: [
      "Changes parts of records that exist: fields of the metadata, the vector, or both. All changes of one command are one transaction.",
      "With a file, or `-` for standard input, every line is a JSON object such as {\"id\":\"a\",\"set\":{\"lang\":\"de\"},\"unset\":[\"old\"],\"vector\":[1,0]}.",
    ],
    operands: [
      Operands.collection,
      Operand("FILE", .optional, .path(.file), summary: "changes as JSON Lines, or - for standard input"),
    ],
    options: [
      id, idsFrom, set, setField, unset, vector, merge, replace, expectCount, SharedOptions.zeroVector,
      SharedOptions.ifVersion, SharedOptions.ifLSN,
    ],
    sharedOptions: SharedOptions.changing,
    exclusiveGroups: [
      ExclusiveGroup(["id", "ids-from", "FILE"], isRequired: true), ExclusiveGroup(["merge", "replace"]),
      ExclusiveGroup(["FILE", "set"]), ExclusiveGroup(["FILE", "set-field"]),
      ExclusiveGroup(["FILE", "unset"]),
      ExclusiveGroup(["FILE", "vector"]),
    ],
    dependencies: [
      Dependency("id", needs: "set", "set-field", "unset", "vector", "replace"),
      Dependency("ids-from", needs: "set", "set-field", "unset", "vector", "replace"),
    ],
    examples: [
      Example(
        "vdb update t.vdb --id a --set '{\"lang\":\"de\"}' --unset old", "Change two fields of a record."),
      Example("vdb update t.vdb changes.jsonl", "Apply the changes of a file."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "no record matched"), ExitNotes.note(.badInput),
        ExitNote(7, "--expect-count, --if-version or --if-lsn does not hold"),
      ], ExitNotes.writing, done: "the changes are durable"),
    isMutating: true, seeAlso: ["upsert", "delete", "get"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
