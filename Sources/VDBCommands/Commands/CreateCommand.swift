package import CommandLineParsing

/// The command `vdb create`.
package enum CreateCommand: ToolCommand {
  package static let dims = Option(
    "dims", .integer(1...65_536), "N", isRequired: true, summary: "Numbers in every vector")
  package static let metric = Option(
    "metric", .choice(["cosine", "dot", "l2"]), default: "cosine", summary: "How distance is measured",
    details:
      "`cosine` is one minus the cosine of the angle, `dot` the negative inner product, `l2` the Euclidean distance. Smaller is nearer."
  )
  package static let type = Option(
    "type", .choice(["f32", "f16"]), default: "f32", summary: "How each number is stored",
    details: "`f16` halves the space and keeps about three decimal digits.")
  package static let idType = Option(
    "id-type", .choice(["string", "int64", "uuid"]), default: "string", summary: "What ids are")
  package static let mode = Option(
    "mode", .fileMode, "MODE", summary: "Permissions of the folder in octal (default: by umask)")
  package static let ifNotExists = Option(
    "if-not-exists", .flag, summary: "Succeed when it exists with the same settings")

  package static let command = Command(
    "create", group: "Lifecycle", summary: "create an empty collection",
    description: [
      "Creates the folder of a collection and its first version. The number of dimensions, the metric, the element type and the id type are fixed from then on.",
      "`vdb import --create` does the same and fills the collection in one step.",
    ],
    operands: [Operand("COLLECTION", .one, .path(.folder), summary: "the folder to create")],
    options: [dims, metric, type, idType, mode, ifNotExists],
    sharedOptions: [SharedOptions.json, SharedOptions.dryRun, SharedOptions.allowNetworkFS],
    examples: [
      Example("vdb create docs.vdb --dims 384", "Create a collection for vectors of 384 numbers."),
      Example(
        "vdb create docs.vdb --dims 384 --metric l2 --type f16 --id-type int64",
        "Choose every property of the collection."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(7, "the folder exists already, or exists with other settings under --if-not-exists")],
      [
        ExitNotes.note(.usage), ExitNotes.note(.noSpace), ExitNotes.note(.ioError), ExitNotes.note(.denied),
        ExitNote(6, "the parent folder does not exist"),
      ], done: "created, or there already under --if-not-exists"),
    isMutating: true, seeAlso: ["import", "insert", "info", "drop"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
