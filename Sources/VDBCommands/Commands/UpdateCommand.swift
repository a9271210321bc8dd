package import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase

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
    "vector", .text, "VECTOR", summary: "New vector: '[0.1,0.2]', @FILE, b64:TEXT or hex:TEXT")
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
    ] + SharedOptions.filtering,
    sharedOptions: SharedOptions.changing + [SharedOptions.threads],
    exclusiveGroups: [
      ExclusiveGroup(["id", "ids-from", "filter", "filter-json", "FILE"], isRequired: true),
      ExclusiveGroup(["merge", "replace"]),
      ExclusiveGroup(["FILE", "set"]), ExclusiveGroup(["FILE", "set-field"]),
      ExclusiveGroup(["FILE", "unset"]),
      ExclusiveGroup(["FILE", "vector"]),
    ],
    dependencies: [
      Dependency("id", needs: "set", "set-field", "unset", "vector", "replace"),
      Dependency("ids-from", needs: "set", "set-field", "unset", "vector", "replace"),
      Dependency("filter", needs: "set", "set-field", "unset", "vector", "replace"),
      Dependency("filter-json", needs: "set", "set-field", "unset", "vector", "replace"),
    ] + SharedOptions.filterDependencies,
    examples: [
      Example(
        "vdb update t.vdb --id a --set '{\"lang\":\"de\"}' --unset old", "Change two fields of a record."),
      Example("vdb update t.vdb changes.jsonl", "Apply the changes of a file."),
      Example(
        "vdb update t.vdb --filter \"lang = 'xx'\" --unset lang --expect-count 12",
        "Change all records that match, if they are twelve."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "no record matched"), ExitNotes.note(.badInput),
        ExitNote(7, "--expect-count, --if-version or --if-lsn does not hold"),
      ], ExitNotes.writing, done: "the changes are durable"),
    isMutating: true, seeAlso: ["upsert", "delete", "get"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let start = MonotonicClock.now()
    let edit = try optionsEdit(context)
    let collection = try context.openCollection()
    let argument = try context.arguments.text(vector).map { (text) throws(CommandFailure) in
      try VectorArgument(text, vector, collection.settings, context)
    }
    try argument?.requireDimension(collection.settings.dimension)
    let filter = try FilterArguments(context)
    var changes =
      if let path = context.arguments.operand(1) {
        try fileChanges(path, collection.settings, context)
      } else {
        try optionChanges(edit, argument, collection.settings, context)
      }
    let expected = context.arguments.integer(expectCount).map { UInt64($0) }
    let writer = try context.openWriter(collection)
    let result: (receipt: CommitReceipt, missing: [RecordID])
    do throws(CommandFailure) {
      try context.checkForStop()
      if let filter {
        // Under the lock: the rows found are those that change.
        let bound = try filter.bound(collection, writer.state.manifest, context)
        let outcome = try context.filtered(writer.state, bound)
        let ids = try engine { () throws(DatabaseError) in try writer.state.ids(of: outcome.rows) }
        let origin = argument?.origin ?? RowOrigin(source: "", line: 0, record: 0)
        changes = ids.map { change($0, edit, argument?.numbers, origin) }
      }
      let (rules, isDryRun, wanted) = (context.vectorRules, context.isDryRun, changes)
      result = try engine { () throws(DatabaseError) in
        try writer.update(wanted, rules: rules, expectedCount: expected, dryRun: isDryRun)
      }
    } catch {
      writer.close()
      throw error
    }
    context.close(writer)
    let receipt = result.receipt
    if receipt.replaced == 0 { context.exitStatus = .negative }
    var text = "\(context.isDryRun ? "would update" : "updated") \(counted(receipt.replaced, "row"))"
    if !context.isDryRun, receipt.replaced > 0 { text += " (lsn \(receipt.lsn))" }
    context.messages.note(text)
    if !result.missing.isEmpty {
      let shown = result.missing.prefix(5).map { "'\($0.display)'" }.joined(separator: ", ")
      let more =
        result.missing.count > 5 ? " and \(NumberText.grouped(UInt64(result.missing.count - 5))) more" : ""
      context.messages.note("no row has the id \(shown)\(more)")
    }
    if !context.isDryRun, receipt.replaced > 0, let first = changes.first {
      context.suggest("get", context.collectionWord, shellWord(first.id.display))
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.update)
    json.member("collection", context.collectionPath)
    json.member("updated", receipt.replaced)
    json.member("missing", result.missing.count)
    json.member("missing_ids", result.missing.prefix(100).map(\.display))
    json.member("elapsed_ms", UInt64(max(0, MonotonicClock.now() - start)) / 1_000_000)
    json.member("dry_run", context.isDryRun)
    json.member("version", receipt.version)
    json.member("lsn", receipt.lsn)
    try JSONOutput.end(json, to: context)
  }

  /// The change that the options describe.
  private static func optionsEdit(_ context: CommandContext) throws(CommandFailure) -> MetadataEdit {
    var edit = MetadataEdit()
    edit.replaces = context.arguments.flag(replace)
    if let text = context.arguments.text(set) {
      guard case .object(let object) = try JSONArgument.value(text, set.spelling) else {
        throw CommandFailure(.usage, code: "payload-not-object", "--set: expected a JSON object")
      }
      edit.set = object
    }
    for (name, text) in context.arguments.assignments(setField) {
      edit.fields.append((try path(name, setField), try JSONArgument.value(text, "--set-field \(name)")))
    }
    for text in context.arguments.texts(unset) { edit.unset.append(try path(text, unset)) }
    return edit
  }

  private static func path(_ text: String, _ option: Option) throws(CommandFailure) -> FieldPath {
    guard let path = FieldPath(text), !path.hasIndex else {
      throw CommandFailure(
        .usage, code: "field-path", "\(option.spelling): '\(text)' is no path of a field",
        hint: "names stand between dots, as in author.name; a name with a dot is written in double quotes")
    }
    return path
  }

  private static func optionChanges(
    _ edit: MetadataEdit, _ vector: VectorArgument?, _ settings: CollectionSettings, _ context: CommandContext
  ) throws(CommandFailure) -> [RowChange] {
    var arguments = try IDArguments(
      context.arguments.texts(id), orFrom: idsFrom, type: settings.idType, context)
    return try arguments.all().map { (id) throws(CommandFailure) in
      change(id, edit, vector?.numbers, vector?.origin ?? RowOrigin(source: "", line: 0, record: 0))
    }
  }

  private static func fileChanges(
    _ path: String, _ settings: CollectionSettings, _ context: CommandContext
  ) throws(CommandFailure) -> [RowChange] {
    let source = try context.openInput(path)
    var reader = try records { () throws(FormatError) in
      try RecordChangeReader(
        source, type: settings.idType, elementType: settings.elementType, dimension: settings.dimension)
    }
    var changes: [RowChange] = []
    while let line = try records({ () throws(FormatError) in try reader.next() }) {
      if let path = line.unset.first(where: \.hasIndex) {
        throw CommandFailure(
          FormatError(
            .jsonSyntax, file: source.name, line: line.position.line, record: line.position.record,
            column: "unset",
            expected: "the path of a field", found: "'\(path.text)'"))
      }
      let edit = MetadataEdit(replaces: line.replaces, set: line.set ?? JSONObject(), unset: line.unset)
      changes.append(
        change(
          line.id, edit, line.vector,
          RowOrigin(source: source.name, line: line.position.line, record: line.position.record)))
      try context.checkForStop()
    }
    return changes
  }

  private static func change(_ id: RecordID, _ edit: MetadataEdit, _ vector: [Float]?, _ origin: RowOrigin)
    -> RowChange
  {
    guard !edit.isEmpty else { return RowChange(id: id, vector: vector, origin: origin) }
    let name = id.display
    return RowChange(
      id: id, vector: vector,
      metadata: { (old) throws(DatabaseError) in try edit.apply(to: old, id: name) }, origin: origin)
  }
}
