package import CommandLineParsing
import FileStorage

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
    options: [recursive], sharedOptions: SharedOptions.writing + SharedOptions.reading,
    examples: [
      Example("vdb list", "List the collections here."),
      Example("vdb list -r /srv --json", "List all below a folder."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(5, "a collection is damaged")],
      [
        ExitNotes.note(.usage), ExitNotes.note(.timeout), ExitNote(6, "a folder does not exist"),
        ExitNotes.note(.ioError),
        ExitNotes.note(.denied),
      ]), seeAlso: ["info"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    var folders = Array(context.arguments.operands(from: 0))
    if folders.isEmpty { folders = ["."] }
    var search = CollectionSearch(isRecursive: context.arguments.flag(recursive))
    for folder in folders { try search.look(into: folder, context) }
    let found = search.found
    if context.isJSON {
      var json = JSONOutput.begin(.list)
      json.key("collections")
      json.beginArray()
      for collection in found { collection.append(to: &json) }
      json.endArray()
      try JSONOutput.end(json, to: context)
    } else {
      var table = Table([
        ("collection", .left), ("records", .right), ("dims", .right), ("metric", .left), ("size", .right),
        ("version", .right), ("health", .left),
      ])
      for collection in found { table.add(collection.cells(isTerminal: context.output.isTerminal)) }
      if !table.isEmpty { try table.write(nil, to: context) }
      if found.isEmpty { context.messages.note("no collections found") }
    }
    for collection in found {
      if let problem = collection.problem {
        context.messages.warning("\(collection.path): \(problem.message)")
      }
      if collection.health == .damaged { context.exitStatus = .corrupt }
    }
  }
}
