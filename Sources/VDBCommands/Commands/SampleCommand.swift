package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb sample`.
package enum SampleCommand: ToolCommand {
  package static let number = Option(
    "number", short: "n", .integer(0...10_000_000), "N", isRequired: true, summary: "Records to draw")
  package static let seed = Option(
    "seed", .integer(0...Int64.max), "S", default: "0", summary: "Draw others with another number",
    details: "The same number draws the same records as long as they exist, wherever they are stored.")
  package static let stratify = Option(
    "stratify", .text, "FIELD", summary: "Draw from every value of FIELD in proportion to its records")

  package static let command = Command(
    "sample", group: "Rows out", summary: "print some records drawn at random",
    description: [
      "Draws records at random, each with the same chance, and prints them as JSON Lines in the order of their arrival. Fewer are printed when fewer exist.",
      "Whether a record is drawn depends on its id and on `--seed` alone: records that come or go later change a sample as little as they can.",
    ],
    operands: [Operands.collection],
    options: [number] + SharedOptions.filtering + [
      seed, stratify, ScanCommand.with, GetCommand.fields, ScanCommand.idsOnly,
    ],
    sharedOptions: [SharedOptions.idsAsStrings] + SharedOptions.writing + SharedOptions.reading + [
      SharedOptions.threads
    ],
    exclusiveGroups: [
      ExclusiveGroup(["ids-only", "with"]), ExclusiveGroup(["ids-only", "fields"]), SharedOptions.filterGroup,
    ],
    dependencies: SharedOptions.filterDependencies,
    examples: [
      Example("vdb sample docs.vdb -n 5", "Look at five records."),
      Example(
        "vdb sample docs.vdb -n 100 --stratify lang --filter \"year >= 2020\" --ids-only",
        "Draw a hundred ids, from every language its share."),
    ],
    exitNotes: ExitNotes.sorted([ExitNote(7, "the output file exists already")], ExitNotes.reading),
    seeAlso: ["scan", "facet", "count"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let lines = try RecordLines(context, idsOnly: arguments.flag(ScanCommand.idsOnly))
    let filter = try FilterArguments(context)
    let field = try arguments.text(stratify).map { (text) throws(CommandFailure) in
      try FieldArgument.path(text, stratify.spelling, allowsOwn: false)
    }
    let snapshot = try context.openSnapshot()
    let rows = try context.filtered(snapshot, filter)?.rows ?? snapshot.allRows
    let wanted = Int(clamping: arguments.integer(number) ?? 0)
    let seed = UInt64(arguments.integer(seed) ?? 0)
    try context.checkForStop()
    let drawn = try engine { () throws(DatabaseError) in
      try snapshot.sample(rows, count: wanted, seed: seed, stratifiedBy: field)
    }
    try context.forEachRow(of: snapshot, in: drawn) { (location) throws(CommandFailure) in
      try lines.write(location, snapshot)
      return true
    }
  }
}
