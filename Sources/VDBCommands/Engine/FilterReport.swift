import CommandLineParsing
import MetadataFilters
import VectorDatabase

/// What `--explain` says of a filter.
enum FilterReport {
  /// Adds the member `filter`.
  static func append(_ outcome: FilterOutcome, to json: inout CommandLineParsing.JSONText) {
    json.key("filter")
    json.beginObject()
    json.member("rows", outcome.count)
    json.key("predicates")
    json.beginArray()
    for predicate in outcome.report {
      json.beginObject()
      json.member("text", predicate.text)
      json.member("ways", predicate.ways)
      json.member("rows_looked_at", predicate.counts.looked)
      json.member("rows_left", predicate.counts.left)
      json.member("rows_read", predicate.counts.read)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }

  /// Adds the rows that are left, then a line for each predicate.
  static func append(_ outcome: FilterOutcome, of rows: Int, to list: inout PropertyList) {
    let share = rows > 0 ? Double(outcome.count) / Double(rows) * 100 : 0
    list.add(
      "filter",
      "\(NumberText.grouped(UInt64(outcome.count))) rows (\(NumberText.fixed(share, 1)) %), exact count",
      "\(outcome.count)")
    for predicate in outcome.report {
      let counts = predicate.counts
      var text = "\(predicate.text) → "
      text += predicate.ways.isEmpty ? "no column" : predicate.ways.joined(separator: "; ")
      text +=
        ", \(NumberText.grouped(UInt64(counts.left))) of \(NumberText.grouped(UInt64(counts.looked))) rows"
      if counts.read > 0 { text += ", \(NumberText.grouped(UInt64(counts.read))) read" }
      list.add("", text)
    }
  }
}
