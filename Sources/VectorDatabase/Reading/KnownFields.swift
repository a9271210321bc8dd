import FileStorage
package import MetadataFilters

/// The fields that the segments of a state have columns for, with what their values are.
///
/// Rows of the log are not looked at, nor values that found no column: a field that is not listed may still be there.
package struct KnownFields: Sendable {
  /// One path.
  package struct Field: Sendable {
    /// The types of its values, each once, with how many rows have one.
    package fileprivate(set) var types: [(type: ColumnType, rows: Int)]

    /// Rows that have a value, be it null.
    package var rows: Int {
      types.reduce(0) { $0 + ($1.type == .mixedArray || $1.type == .rowOnly ? 0 : $1.rows) }
    }
  }

  /// Fields by their path as `ColumnPath` writes it.
  package private(set) var fields: [String: Field] = [:]
  /// Rows of all segments, deleted ones included.
  package private(set) var rows = 0
  /// Whether every field of every row is listed.
  package private(set) var isComplete = true

  /// The paths, sorted.
  package var paths: [String] { fields.keys.sorted() }

  /// Whether all rows have a value at a path, all of one type and none of them null.
  package func isAlwaysThere(_ path: String) -> Bool {
    guard isComplete, rows > 0, let field = fields[path], field.types.count == 1 else { return false }
    return field.types[0].type.hasValues && field.types[0].rows == rows
  }

  init(_ state: CollectionState) throws(DatabaseError) {
    isComplete = state.tail.isEmpty
    for live in state.segments {
      rows += live.segment.rows
      let columns = try lifted { () throws(StorageError) in try live.segment.columns() }
      for column in columns.columns {
        if column.path.isEmpty {
          isComplete = false
          continue
        }
        var field = fields[column.path] ?? Field(types: [])
        if let known = field.types.firstIndex(where: { $0.type == column.type }) {
          field.types[known].rows += column.present
        } else {
          field.types.append((column.type, column.present))
        }
        fields[column.path] = field
      }
    }
  }
}

extension CollectionState {
  /// The fields that the segments have columns for, from the tables of columns alone.
  package func knownFields() throws(DatabaseError) -> KnownFields { try KnownFields(self) }
}
