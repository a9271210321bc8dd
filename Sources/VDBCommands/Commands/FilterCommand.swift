package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb filter`.
package enum FilterCommand: ToolCommand {
  package static let to = Option(
    "to", .choice(FilterText.Form.allCases.map(\.rawValue)),
    summary: "Print the filter as text, json, qdrant or chroma",
    details:
      "Nothing else is printed. A filter that a form has no exact words for fails with status 2."
  )
  package static let test = Option(
    "test", .path(.file), "FILE", summary: "Print whether the record in FILE matches, and end with 0 or 1",
    details:
      "The file holds one record as `vdb get` prints it, with `payload`, `id` and `meta`; an object without `payload` is the metadata itself. `-` reads standard input."
  )

  package static let command = Command(
    "filter", group: "Tools", summary: "explain, convert and test a filter",
    description: [
      "Reads a filter and prints what it means: its canonical text, the text that it is evaluated as, its JSON form and the fields that it looks at. A filter that begins with a brace is JSON: the form of this tool, of Qdrant or of Chroma, as its keys show.",
      "Notes on standard error say where a filter is TRUE or FALSE on records without a field. With COLLECTION, the fields are looked up, and a name that no record has is pointed at.",
      "The language is described in vdb-filter(7).",
    ],
    operands: [
      Operand("FILTER", .one, summary: "the filter, as text or as JSON"),
      Operand(
        "COLLECTION", .optional, .path(.collection), summary: "a collection whose fields are looked up"),
    ],
    options: [to, test, SharedOptions.param, SharedOptions.now],
    sharedOptions: SharedOptions.writing + SharedOptions.reading,
    exclusiveGroups: [ExclusiveGroup(["to", "test"])],
    examples: [
      Example("vdb filter \"lang = 'en' AND NOT year != 2020\"", "Explain a filter."),
      Example("vdb filter \"year BETWEEN 2000 AND 2020\" --to qdrant", "Print what another database takes."),
      Example(
        "vdb filter 'lang = :q' --param 'q=\"en\"' --test record.json", "Ask whether a record matches."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "the record of --test does not match"), ExitNote(4, "the file of --test is no record"),
        ExitNote(6, "there is no such file or collection"),
      ], ExitNotes.reading, done: "done, or the record of --test matches"),
    seeAlso: ["search", "count", "scan"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    try context.checkForStop()
    let explanation = try FilterInspection(context)
    if let form = context.arguments.text(to) {
      try explanation.write(FilterText.Form(rawValue: form) ?? .text, context)
    } else if let path = context.arguments.text(test) {
      let matches = try explanation.matches(path, context)
      context.exitStatus = matches ? .ok : .negative
      guard context.isJSON else { return try context.output.write(matches ? "true\n" : "false\n") }
      var json = JSONOutput.begin(.filter)
      json.member("matches", matches)
      try JSONOutput.end(json, to: context)
    } else {
      try explanation.explain(context)
    }
  }
}
