package import CommandLineParsing
import FileStorage
import VectorDatabase

/// The command `vdb drop`.
package enum DropCommand: ToolCommand {
  package static let confirm = Option(
    "confirm", .text, "NAME", summary: "The folder's base name, instead of typing it")

  package static let command = Command(
    "drop", group: "Lifecycle", summary: "delete a whole collection",
    description: [
      "Deletes the collection's folder after its base name has been typed. Refuses a folder that is no collection, that holds files of others, or that is in use.",
      "The folder is first renamed, so that an interrupted drop leaves no half of a collection under its name.",
    ],
    operands: [Operands.collection], options: [confirm],
    sharedOptions: [SharedOptions.json, SharedOptions.dryRun, SharedOptions.yes, SharedOptions.lockTimeout],
    exclusiveGroups: [ExclusiveGroup(["confirm", "yes"])],
    examples: [
      Example("vdb drop docs.vdb", "Delete a collection after a question."),
      Example("vdb drop docs.vdb --confirm docs.vdb", "Delete it without a question."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(6, "there is no such collection, or the folder is not one"),
        ExitNote(
          7, "the folder holds files that are no part of the collection, or the name was not confirmed"),
      ], [ExitNotes.note(.usage), ExitNotes.note(.locked), ExitNotes.note(.ioError), ExitNotes.note(.denied)]),
    isMutating: true, seeAlso: ["delete", "create"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let collection = try context.openCollection()
    let path = try files { () throws(FileError) in try RealFileSystem.resolvedRoot(context.collectionPath) }
    let name = Confirmation.baseName(path)
    let info = try? engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    let size = info.map { " with \(counted($0.liveRows, "row"))" } ?? ""
    if !context.isDryRun {
      try Confirmation.requireName(
        name, given: context.arguments.text(confirm),
        "This deletes the collection \(context.collectionPath)\(size).", context)
    }
    let patience = context.lockPatience
    let holds = try engine { () throws(DatabaseError) in try collection.prepareToDrop(patience: patience) }
    if !context.isDryRun {
      try files { () throws(FileError) in
        let hidden = RealFileSystem.hiddenSibling(of: path, "dropped")
        try RealFileSystem.moveRoot(path, to: hidden)
        try RealFileSystem.removeTree(hidden)
      }
    }
    withExtendedLifetime(holds) {}
    context.messages.note("\(context.isDryRun ? "would drop" : "dropped") \(context.collectionPath)\(size)")
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.drop)
    json.member("path", context.collectionPath)
    json.key("rows")
    if let info { json.value(info.liveRows) } else { json.null() }
    json.member("dropped", !context.isDryRun)
    json.member("dry_run", context.isDryRun)
    try JSONOutput.end(json, to: context)
  }
}
