package import CommandLineParsing

/// Documents and lines for programs.
///
/// Within a major number of a schema, members are only added and keep their order.
package enum JSONOutput {
  /// The names of all documents, without "vdb." and the major number.
  package enum Schema: String, CaseIterable, Sendable {
    case ack, bench, checkpoint, compact, config, count, create, delete, drop, error, explain, export, facet,
      filter
    case gc, gen, help,
      info, insert
    case list, log, message, page, progress, schema, search, tune, update, upsert, verify, version, warmup
    case `import`
    case rebuildIndex = "rebuild-index"
    case rebuildStatus = "rebuild-status"

    /// `vdb.search/1`.
    package var tag: String { "vdb.\(rawValue)/1" }
  }

  /// Begins an object with its `schema` member; the caller adds members and hands it to `end`.
  package static func begin(_ schema: Schema) -> JSONText {
    var json = JSONText()
    json.beginObject()
    json.member("schema", schema.tag)
    return json
  }

  /// Ends the object and writes it as one line.
  package static func end(_ json: JSONText, to context: CommandContext) throws(CommandFailure) {
    var json = json
    json.endObject()
    try context.output.write(json.text + "\n")
  }
}
