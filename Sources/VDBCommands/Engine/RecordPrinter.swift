import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase

/// Which parts of a record are printed beside its id.
package struct RecordParts: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let payload = RecordParts(rawValue: 1)
  package static let vector = RecordParts(rawValue: 2)
  /// Number and times of changes.
  package static let meta = RecordParts(rawValue: 4)

  /// The parts that `--with` names; nil when it is not given.
  init?(_ context: CommandContext, _ option: Option) {
    guard context.arguments.isGiven(option) else { return nil }
    var parts: RecordParts = []
    for name in context.arguments.texts(option) {
      switch name {
      case "payload": parts.insert(.payload)
      case "vector": parts.insert(.vector)
      default: parts.insert(.meta)
      }
    }
    self = parts
  }
}

/// Writes records as members of JSON objects.
package struct RecordPrinter: Sendable {
  let parts: RecordParts
  let fields: FieldSelection?
  let idsAsStrings: Bool

  /// Takes `--fields` and `--ids-as-strings` from the command line; `--fields` also asks for the payload.
  init(_ context: CommandContext, parts: RecordParts, fields option: Option) throws(CommandFailure) {
    let texts = context.arguments.texts(option)
    fields = texts.isEmpty ? nil : try FieldSelection(texts, option: option.name)
    self.parts = fields == nil ? parts : parts.union(.payload)
    idsAsStrings = context.arguments.flag(SharedOptions.idsAsStrings)
  }

  /// Adds the id as a value: an integer as a number, unless ids are wanted as strings.
  func append(_ id: RecordID, to json: inout JSONWriter) {
    if let number = id.int64, !idsAsStrings { json.value(number) } else { json.value(id.display) }
  }

  /// Adds the members `vector`, `payload` and `meta` as far as they are wanted.
  func appendParts(
    of location: RowLocation, _ snapshot: Snapshot, to json: inout JSONWriter
  ) throws(CommandFailure) {
    if parts.contains(.vector) {
      json.key("vector")
      let vector = try engine { () throws(DatabaseError) in try snapshot.state.vector(at: location) }
      json.raw(snapshot.collection.settings.elementType.jsonArray(vector))
    }
    if parts.contains(.payload) {
      json.key("payload")
      let metadata = try engine { () throws(DatabaseError) in try snapshot.state.metadata(at: location) }
      json.raw(try selected(metadata))
    }
    if parts.contains(.meta) {
      let history = try engine { () throws(DatabaseError) in try snapshot.state.history(at: location) }
      json.key("meta")
      json.beginObject()
      json.key("lsn")
      json.value(history.lsn)
      json.key("created")
      json.value(TimeParsing.text(nanoseconds: history.created, digits: 9))
      json.key("updated")
      json.value(TimeParsing.text(nanoseconds: history.updated, digits: 9))
      json.endObject()
    }
  }

  /// The metadata, or what `--fields` leaves of it.
  func selected(_ metadata: [UInt8]) throws(CommandFailure) -> [UInt8] {
    guard let fields else { return metadata }
    var bytes: [UInt8] = []
    do throws(JSONError) { try fields.append(metadata, to: &bytes) } catch {
      throw RecordPrinter.damaged(error)
    }
    return bytes
  }

  /// The cell of a table for each field.
  func cells(_ metadata: [UInt8]) throws(CommandFailure) -> [String] {
    var cells: [String] = []
    for path in fields?.paths ?? [] {
      do throws(JSONError) { cells.append(try FieldSelection.cell(path, metadata)) } catch {
        throw RecordPrinter.damaged(error)
      }
    }
    return cells
  }

  /// Stored metadata passed its checksum and is no JSON: a mistake of the program that wrote it.
  static func damaged(_ error: JSONError) -> CommandFailure {
    CommandFailure(
      .corrupt, code: "corrupt",
      "stored metadata is no JSON: expected \(error.expected), found \(error.found)")
  }
}
