package import CommandLineParsing
import VectorDatabase

/// The command `vdb insert`.
package enum InsertCommand: ToolCommand {
  package static let id = Option("id", .text, "ID", summary: "Id of the one record to write")
  package static let vector = Option(
    "vector", .text, "VECTOR", summary: "Vector of the one record: '[0.1,0.2]', @FILE, b64:TEXT or hex:TEXT",
    details:
      "`@FILE` reads a .npy file or a JSON array, `@-` standard input, `b64:` is followed by base64 and `hex:` by hexadecimal digits of the vector's bytes: little-endian 32-bit floats, or for the types i8, u8 and bit the bytes as stored."
  )
  package static let payload = Option(
    "payload", .text, "JSON", summary: "Metadata of the one record, a JSON object")
  package static let ack = Option(
    "ack", .flag, summary: "Print a line of JSON for every durable batch",
    details: "The lines have the schema `vdb.ack/1`.")
  package static let batchRows = Option(
    "batch-rows", .integer(1...1_000_000), "N", default: "1000",
    summary: "Make every N records durable together",
    details: "A batch also ends at 16 MiB.")
  package static let atomic = Option(
    "atomic", .flag, summary: "Write all records in one transaction",
    details: "All become visible together or none does. The transaction is limited to 256 MiB.")

  static let options = [
    id, vector, payload, ack, batchRows, atomic, SharedOptions.idField, SharedOptions.vectorField,
    SharedOptions.payloadField, SharedOptions.zeroVector, SharedOptions.ifVersion, SharedOptions.ifLSN,
  ]
  static let operands = [
    Operands.collection,
    Operand("FILE", .optional, .path(.file), summary: "JSON Lines to read, or - for standard input"),
  ]
  static let sharedOptions = SharedOptions.changing + [SharedOptions.threads]
  static let exclusiveGroups = [
    ExclusiveGroup(["id", "FILE"], isRequired: true), ExclusiveGroup(["batch-rows", "atomic"]),
  ]
  static let dependencies = [
    Dependency("id", needs: "vector"), Dependency("vector", needs: "id"), Dependency("payload", needs: "id"),
  ]

  package static let command = Command(
    "insert", group: "Rows in", summary: "add new records, durable when it returns",
    description: [
      "Adds records through the log: a few at once, or a stream of JSON Lines. When the command returns with status 0, the records are on disk.",
      "An id that is there already fails the batch that holds it; nothing of that batch is applied. `vdb upsert` replaces instead.",
      "For files of many records `vdb import` is faster.",
    ],
    operands: operands, options: options, sharedOptions: sharedOptions, exclusiveGroups: exclusiveGroups,
    dependencies: dependencies,
    examples: [
      Example(
        "vdb insert t.vdb --id a --vector '[1,0,0]' --payload '{\"lang\":\"en\"}'", "Add one record."),
      Example("vdb insert t.vdb records.jsonl", "Add the records of a file."),
      Example("tail -f new.jsonl | vdb insert t.vdb - --ack", "Add a stream and learn what is durable."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNotes.note(.badInput),
        ExitNote(7, "an id is there already, or --if-version or --if-lsn does not hold"),
      ], ExitNotes.writing, done: "all records are durable"),
    isMutating: true, seeAlso: ["upsert", "update", "import"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    var stream = RecordStream(context, .insert)
    try stream.run()
  }
}
