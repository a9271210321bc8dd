import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// Prints records as JSON Lines, or as lines of ids.
struct RecordLines {
  private let printer: RecordPrinter
  private let onlyIDs: Bool
  private let context: CommandContext

  /// Takes `--with` and `--fields` from the command line; without them a record is printed with its metadata.
  init(_ context: CommandContext, idsOnly: Bool, parts: RecordParts? = nil) throws(CommandFailure) {
    self.context = context
    onlyIDs = idsOnly
    printer = try RecordPrinter(
      context, parts: parts ?? RecordParts(context, ScanCommand.with) ?? [.payload], fields: GetCommand.fields
    )
    if !idsOnly || context.isJSON { context.output.writesJSON() }
  }

  /// Prints one record.
  func write(_ location: RowLocation, _ snapshot: Snapshot) throws(CommandFailure) {
    let id = try engine { () throws(DatabaseError) in try snapshot.state.id(at: location) }
    try write(id, location, snapshot)
  }

  /// Prints one record whose id is known.
  func write(_ id: RecordID, _ location: RowLocation, _ snapshot: Snapshot) throws(CommandFailure) {
    if onlyIDs, !context.isJSON { return try context.output.write(id.display + "\n") }
    var json = JSONWriter()
    json.beginObject()
    if context.isJSON {
      json.key("schema")
      json.value("vdb.record/1")
    }
    json.key("id")
    printer.append(id, to: &json)
    if !onlyIDs { try printer.appendParts(of: location, snapshot, to: &json) }
    json.endObject()
    json.newline()
    try context.output.write(json.bytes)
  }
}
