import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// A filter that is looked at and not searched with.
struct FilterInspection {
  private let text: String
  private let parsed: ParsedFilter
  private let binder: FilterBinder
  /// Whether the command line gave anything that binding puts into the filter.
  private let isBound: Bool
  private let fields: KnownFields?

  /// Reads the filter, the parameters and the fields of the collection, as the command line gives them.
  init(_ context: CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    text = arguments.operand(0) ?? ""
    do throws(FilterError) {
      parsed = try FilterText.parse(text)
    } catch { throw CommandFailure(error, "FILTER", text: text) }
    var parameters: [String: JSONValue] = [:]
    for (name, value) in arguments.assignments(SharedOptions.param) {
      parameters[name] = try JSONArgument.value(value, "\(SharedOptions.param.spelling) \(name)")
    }
    let now = arguments.time(SharedOptions.now)
    isBound = !parameters.isEmpty || now != nil
    var types = FilterTypes()
    if let path = arguments.operand(1) {
      let collection = try context.openCollection(path)
      types.idType = collection.settings.idType
      let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
      types.fields =
        try engine { () throws(DatabaseError) in try snapshot.manifest.schema() }?.filterTypes ?? [:]
      fields = try engine { () throws(DatabaseError) in try snapshot.state.knownFields() }
    } else {
      fields = nil
    }
    binder = FilterBinder(
      parameters: parameters, now: FilterInstant(nanoseconds: now ?? WallClock.now()), types: types)
  }

  // MARK: Converting

  /// Writes the filter in a form, with parameters replaced when any are given.
  func write(_ form: FilterText.Form, _ context: CommandContext) throws(CommandFailure) {
    let expression = isBound ? try bound(context) : parsed.expression
    let written: String
    do throws(FilterError) {
      written = try FilterText.write(expression, as: form)
    } catch { throw CommandFailure(error, "--to \(form.rawValue)", text: "") }
    guard context.isJSON else { return try context.output.write(written + "\n") }
    var json = JSONOutput.begin(.filter)
    json.member("form", form.rawValue)
    json.member("filter", written)
    try JSONOutput.end(json, to: context)
  }

  private func bound(_ context: CommandContext) throws(CommandFailure) -> FilterExpression {
    var binder = binder
    for file in binder.files(of: parsed.expression) {
      binder.files[file] = try FilterFileReader.read(file, context)
    }
    do throws(FilterError) {
      return try binder.bind(parsed)
    } catch { throw CommandFailure(error, "FILTER", text: text) }
  }

  // MARK: Testing

  /// Whether the record in a file matches.
  func matches(_ path: String, _ context: CommandContext) throws(CommandFailure) -> Bool {
    let expression = try bound(context)
    var interpreter: FilterInterpreter
    do throws(FilterError) {
      interpreter = FilterInterpreter(try FilterCompiler.compile(expression))
    } catch { throw CommandFailure(error, "FILTER", text: text) }
    let bytes = try WholeFile.read(path, limit: 64 << 20, context)
    let record: JSONValue
    do throws(JSONError) { record = try JSONParser.parse(bytes) } catch {
      throw CommandFailure(
        .badInput, code: error.code.rawValue, "\(path): \(error.description)", path: path)
    }
    guard case .object = record else {
      throw CommandFailure(
        .badInput, code: "record-not-object", "\(path): a record is a JSON object", path: path)
    }
    let metadata = try JSONArgument.canonical(record["payload"] ?? record, path)
    let id = try identifier(record, path)
    let created = time(record, "created")
    let updated = time(record, "updated")
    return unsafe metadata.withUnsafeBytes { metadata in
      unsafe id.bytes.withUnsafeBytes { bytes in
        unsafe interpreter.matches(
          metadata: metadata, id: bytes, idType: id.type, created: created, updated: updated)
      }
    }
  }

  private func identifier(_ record: JSONValue, _ path: String) throws(CommandFailure) -> RecordID {
    switch record["id"] {
    case .int(let int): return RecordID(int64: int)
    case .string(let text):
      guard let type = binder.types.idType, type != .string else {
        return RecordID(bytes: Array(text.utf8), type: .string)
      }
      do throws(IDError) { return try RecordID.parse(text: text, type: type) } catch {
        throw CommandFailure(
          .badInput, code: error.code.rawValue, "\(path): expected \(error.expected), found \(error.found)",
          path: path)
      }
    case .null, .bool, .double, .array, .object, nil: return RecordID(bytes: [], type: .string)
    }
  }

  /// A time of the record's `meta`, now when it has none.
  private func time(_ record: JSONValue, _ name: String) -> Int64 {
    if case .string(let text)? = record["meta"]?[name], let time = TimeParsing.nanoseconds(text) {
      return time
    }
    return WallClock.now()
  }

  // MARK: Explaining

  /// Writes what the filter means, and notes about what may surprise.
  func explain(_ context: CommandContext) throws(CommandFailure) {
    let expression = isBound ? try bound(context) : parsed.expression
    let normal = FilterNormalizer.normalize(expression)
    let canonical = FilterPrinter.text(expression)
    let notes = surprises(expression)
    let paths = expression.fullPaths
    if context.isJSON {
      try writeJSON(canonical, FilterPrinter.text(normal), expression, paths, notes, context)
    } else {
      var list = PropertyList()
      list.add("filter", canonical)
      list.add("evaluated", FilterPrinter.text(normal))
      list.add("json", try twin(expression))
      for path in paths { list.add("field", description(path)) }
      try list.write(to: context)
    }
    for note in notes { context.messages.note("note: " + note) }
    if let fields { FilterNames.warn(parsed, fields, context) }
  }

  private func twin(_ expression: FilterExpression) throws(CommandFailure) -> String {
    do throws(FilterError) { return try FilterText.write(expression, as: .json) } catch {
      throw CommandFailure(error, "FILTER", text: text)
    }
  }

  private func writeJSON(
    _ canonical: String, _ normal: String, _ expression: FilterExpression, _ paths: [FilterPath],
    _ notes: [String],
    _ context: CommandContext
  ) throws(CommandFailure) {
    var json = JSONOutput.begin(.filter)
    json.member("form", FilterText.form(of: text).rawValue)
    json.member("filter", canonical)
    json.member("evaluated", normal)
    json.key("json")
    json.raw(try twin(expression))
    json.key("fields")
    json.beginArray()
    for path in paths {
      json.beginObject()
      json.member("path", FilterPrinter.text(path))
      if let name = columnName(path), let fields {
        json.member("rows", fields.fields[name]?.rows ?? 0)
        json.member("types", typeNames(name))
      }
      json.endObject()
    }
    json.endArray()
    json.member("notes", notes)
    try JSONOutput.end(json, to: context)
  }

  /// The name of a path among the columns; nil when it takes elements of arrays.
  private func columnName(_ path: FilterPath) -> String? { path.isPlain ? path.columnPath : nil }

  private func typeNames(_ name: String) -> [String] {
    (fields?.fields[name]?.types ?? []).sorted { $0.type.rawValue < $1.type.rawValue }.map {
      FilterInspection.word($0.type)
    }
  }

  private func description(_ path: FilterPath) -> String {
    let text = FilterPrinter.text(path)
    guard let fields, let name = columnName(path) else { return text }
    guard let field = fields.fields[name] else { return "\(text): no values in columns" }
    return
      "\(text): \(typeNames(name).joined(separator: ", ")), \(NumberText.grouped(UInt64(field.rows))) of \(NumberText.grouped(UInt64(fields.rows))) rows"
  }

  private static func word(_ type: ColumnType) -> String {
    switch type {
    case .bool: "bool"
    case .int64: "int"
    case .double: "float"
    case .string: "string"
    case .boolArray: "bool[]"
    case .int64Array: "int[]"
    case .doubleArray: "float[]"
    case .stringArray: "string[]"
    case .nullOnly: "null"
    case .emptyArray: "[]"
    case .emptyObject: "{}"
    case .mixedArray: "mixed[]"
    case .rowOnly: "nested[]"
    }
  }

  /// Notes on two-valued logic, but for fields that are known to be there in all rows.
  private func surprises(_ expression: FilterExpression) -> [String] {
    FilterNote.notes(on: expression).filter { note in
      guard let path = note.path, let name = columnName(path), let fields else { return true }
      if case .comparedWithNull = note { return true }
      return !fields.isAlwaysThere(name)
    }.map(\.text)
  }
}
