package import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb schema`.
package enum SchemaCommand: ToolCommand {
  package static let required = Option(
    "required", .flag, summary: "With add: every record must have a value")
  package static let allowed = Option(
    "enum", .text, "JSON", summary: "With add: the only values allowed, as a JSON array")
  package static let minimum = Option("min", .text, "JSON", summary: "With add: the smallest value allowed")
  package static let maximum = Option("max", .text, "JSON", summary: "With add: the greatest value allowed")
  package static let strict = Option(
    "strict", .flag, summary: "With validate: fields that the schema does not name are faults too")

  package static let command = Command(
    "schema", group: "Lifecycle", summary: "show, change and check the types of metadata fields",
    description: [
      "Without a schema a field may hold anything. With one, records that are written must obey it: `insert`, `upsert`, `update` and `import` name the first record that does not. Literals in filters are checked against it as well.",
      "`show` prints the schema, `infer` guesses one from the records, `set FILE` makes the one of a file the collection's, `add FIELD TYPE` adds or replaces one field, `drop FIELD` removes it, `validate` checks the records that exist and prints a line of JSON for every fault.",
      "Types are `bool`, `int`, `float`, `text`, `keyword`, `time`, `geo` and `json`; with `[]` behind them the field holds an array. Every change is a new version of the collection.",
    ],
    operands: [
      Operands.collection,
      Operand(
        "ACTION", .one, .choice(["show", "infer", "set", "add", "drop", "validate"]),
        summary: "show, infer, set, add, drop or validate"),
      Operand(
        "FIELD", .optional, summary: "a field as a dotted path; for set, the file, or - for standard input"),
      Operand("TYPE", .optional, summary: "the type of its values"),
    ],
    options: [required, allowed, minimum, maximum, strict, SharedOptions.ifVersion, SharedOptions.ifLSN],
    sharedOptions: SharedOptions.changing,
    examples: [
      Example("vdb schema docs.vdb infer", "Guess a schema from the records."),
      Example("vdb schema docs.vdb add year int --min 1900 --required", "Add a field."),
      Example("vdb schema docs.vdb set schema.json", "Use the schema of a file."),
      Example("vdb schema docs.vdb validate", "Check the records that exist."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(
          1, "records break the schema, the field to drop does not exist, or there is no schema to show"),
        ExitNotes.note(.badInput), ExitNote(7, "--if-version or --if-lsn does not hold"),
      ], ExitNotes.writing),
    isMutating: true, seeAlso: ["create", "import", "config"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let action = arguments.operand(1) ?? "show"
    let wanted = ["show": 2, "infer": 2, "validate": 2, "set": 3, "drop": 3, "add": 4][action] ?? 2
    guard arguments.operands.count == wanted else {
      let isMissing = arguments.operands.count < wanted
      let needs = ["set": "a file", "drop": "a field", "add": "a field and a type"][action] ?? "nothing"
      throw CommandFailure(
        .usage, code: isMissing ? "missing-operand" : "extra-operand",
        isMissing
          ? "'schema \(action)' needs \(needs)"
          : "'schema \(action)' takes no word '\(arguments.operands[wanted])'",
        showsHelp: true)
    }
    for option in [required, allowed, minimum, maximum] where arguments.isGiven(option) && action != "add" {
      throw CommandFailure(.usage, code: "options", "--\(option.name) has a meaning only with add")
    }
    if arguments.isGiven(strict), action != "validate" {
      throw CommandFailure(.usage, code: "options", "--strict has a meaning only with validate")
    }
    switch action {
    case "infer": try infer(&context)
    case "validate": try validate(&context)
    case "set":
      let schema = try SchemaFile.read(arguments.operand(2) ?? "-", context)
      try change(&context) { (_) throws(CommandFailure) in (schema, true) }
    case "add":
      let field = try newField(context)
      try change(&context) { (old) throws(CommandFailure) in
        var schema = old ?? CollectionSchema()
        let isNew = schema.field(field.path) != field
        schema.set(field)
        return (schema, isNew)
      }
    case "drop":
      let path = try fieldPath(arguments.operand(2) ?? "")
      try change(&context) { (old) throws(CommandFailure) in
        var schema = old ?? CollectionSchema()
        let isThere = schema.remove(path)
        return (schema, isThere)
      }
    default: try show(&context)
    }
  }

  // MARK: Reading

  private static func show(_ context: inout CommandContext) throws(CommandFailure) {
    let collection = try context.openCollection()
    let manifest = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }.manifest
    let schema = try engine { () throws(DatabaseError) in try manifest.schema() }
    if context.isJSON {
      var json = JSONOutput.begin(.schema)
      json.member("version", manifest.version)
      json.key("definition")
      if let schema { json.raw(String(decoding: schema.json, as: UTF8.self)) } else { json.null() }
      if schema == nil { context.exitStatus = .negative }
      return try JSONOutput.end(json, to: context)
    }
    guard let schema else {
      context.exitStatus = .negative
      context.messages.note("\(context.collectionPath) has no schema: fields may hold anything")
      context.suggest("schema", context.collectionWord, "infer")
      return
    }
    var table = Table([("FIELD", .left), ("TYPE", .left), ("RULES", .left)])
    for field in schema.fields {
      var rules = CollectionSchema.object(field)
      rules["type"] = nil
      var json = JSONWriter()
      json.value(.object(rules))
      table.add([
        field.path, field.typeName, rules.members.isEmpty ? "" : String(decoding: json.bytes, as: UTF8.self),
      ])
    }
    try table.write(nil, to: context)
  }

  private static func infer(_ context: inout CommandContext) throws(CommandFailure) {
    let snapshot = try context.openSnapshot()
    var inference = SchemaInference()
    try context.forEachRow(of: snapshot) { (location) throws(CommandFailure) in
      let metadata = try engine { () throws(DatabaseError) in try snapshot.state.metadata(at: location) }
      do throws(JSONError) { try SchemaFile.add(metadata, to: &inference) } catch {
        throw RecordPrinter.damaged(error)
      }
      return true
    }
    context.output.writesJSON()
    if context.isJSON {
      var json = JSONOutput.begin(.schema)
      json.member("version", snapshot.version)
      json.key("definition")
      json.raw(String(decoding: inference.schema.json, as: UTF8.self))
      return try JSONOutput.end(json, to: context)
    }
    try context.output.write(inference.schema.json + [UInt8(ascii: "\n")])
  }

  private static func validate(_ context: inout CommandContext) throws(CommandFailure) {
    let snapshot = try context.openSnapshot()
    guard let schema = try engine({ () throws(DatabaseError) in try snapshot.manifest.schema() }) else {
      throw CommandFailure(
        .negative, code: "no-schema", "\(context.collectionPath) has no schema",
        hint: "make one with vdb schema \(context.collectionWord) set FILE; infer guesses one")
    }
    let validator = SchemaValidator(schema, isStrict: context.arguments.flag(strict))
    let output = context.output
    output.writesJSON()
    var faults: UInt64 = 0
    var records: UInt64 = 0
    try context.forEachRow(of: snapshot) { (location) throws(CommandFailure) in
      let metadata = try engine { () throws(DatabaseError) in try snapshot.state.metadata(at: location) }
      let violations: [SchemaViolation]
      do throws(JSONError) { violations = try SchemaFile.violations(metadata, validator) } catch {
        throw RecordPrinter.damaged(error)
      }
      guard !violations.isEmpty else { return true }
      records += 1
      let id = try engine { () throws(DatabaseError) in try snapshot.state.id(at: location) }
      for violation in violations {
        faults += 1
        var json = JSONWriter()
        json.beginObject()
        json.key("schema")
        json.value("vdb.violation/1")
        json.key("id")
        if let number = id.int64 { json.value(number) } else { json.value(id.display) }
        json.key("field")
        json.value(violation.field)
        json.key("rule")
        json.value(violation.rule.rawValue)
        json.key("expected")
        json.value(violation.expected)
        json.key("found")
        json.value(violation.found)
        json.endObject()
        json.newline()
        try output.write(json.bytes)
      }
      return true
    }
    if faults > 0 { context.exitStatus = .negative }
    context.messages.note(
      faults == 0
        ? "\(counted(UInt64(snapshot.liveCount), "record")) obey the schema"
        : "\(counted(faults, "fault")) in \(counted(records, "record")) of \(NumberText.grouped(UInt64(snapshot.liveCount)))"
    )
  }

  // MARK: Changing

  private static func fieldPath(_ text: String) throws(CommandFailure) -> String {
    guard let names = SchemaPath.names(text) else {
      throw CommandFailure(
        .usage, code: "field-path", "'\(text)' is no path of a field",
        hint: "names stand between dots, as in author.name; a name with a dot is written in double quotes")
    }
    return ColumnPath.text(names)
  }

  /// The field that `add` describes.
  private static func newField(_ context: CommandContext) throws(CommandFailure) -> CollectionSchema.Field {
    let arguments = context.arguments
    let path = try fieldPath(arguments.operand(2) ?? "")
    var rules = JSONObject()
    rules["type"] = .string(arguments.operand(3) ?? "")
    if arguments.flag(required) { rules["required"] = .bool(true) }
    for (option, name) in [(allowed, "enum"), (minimum, "min"), (maximum, "max")] {
      guard let text = arguments.text(option) else { continue }
      rules[name] = try JSONArgument.value(text, option.spelling)
    }
    let json = try JSONArgument.canonical(.object([("fields", .object([(path, .object(rules))]))]), "schema")
    do throws(SchemaError) {
      guard let field = try CollectionSchema(json: json).fields.first else {
        throw SchemaError(path, expected: "a field", found: "none")
      }
      return field
    } catch { throw CommandFailure(.usage, code: "invalid-schema", error.description) }
  }

  /// Makes what `make` says of the old schema the collection's; false with it means that nothing is to be changed.
  private static func change(
    _ context: inout CommandContext,
    _ make: (CollectionSchema?) throws(CommandFailure) -> (schema: CollectionSchema, isChange: Bool)
  ) throws(CommandFailure) {
    let collection = try context.openCollection()
    let writer = try context.openWriter(collection)
    var isChange = false
    var fields = 0
    do throws(CommandFailure) {
      try context.checkForStop()
      let old = try engine { () throws(DatabaseError) in try writer.state.manifest.schema() }
      let result = try make(old)
      isChange = result.isChange && old?.fields != result.schema.fields
      fields = result.schema.fields.count
      if isChange {
        let schema = result.schema
        let isDryRun = context.isDryRun
        _ = try engine { () throws(DatabaseError) in
          if isDryRun { return try writer.rehearseSchema(schema) }
          return try writer.setSchema(schema)
        }
      }
    } catch {
      writer.close()
      throw error
    }
    writer.close()
    if !isChange {
      context.messages.note("nothing was changed")
      if context.arguments.operand(1) == "drop" { context.exitStatus = .negative }
    } else if context.isDryRun {
      context.messages.note("would make a schema of \(counted(UInt64(fields), "field"))")
    } else {
      context.messages.note("the schema has \(counted(UInt64(fields), "field")) (version \(writer.version))")
      context.suggest("schema", context.collectionWord, "validate")
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.schema)
    json.member("version", writer.version)
    json.member("fields", fields)
    json.member("changed", isChange && !context.isDryRun)
    json.member("dry_run", context.isDryRun)
    try JSONOutput.end(json, to: context)
  }
}
