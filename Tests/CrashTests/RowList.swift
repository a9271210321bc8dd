import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// The rows of a collection in order of arrival, kept by the plainest means.
struct RowList: Equatable {
  struct Row: Equatable {
    var id: String
    var vector: [Float]
    var metadata: String
  }

  static let dimension = 3
  static let settings = CollectionSettings(
    dimension: dimension, metric: .l2, elementType: .f32, idType: .string)

  var rows: [Row] = []

  /// Puts rows as one transaction: of several with one id the last counts, and replaced rows move to the end.
  mutating func put(_ new: [Row]) {
    for (index, row) in new.enumerated() where !new[(index + 1)...].contains(where: { $0.id == row.id }) {
      rows.removeAll { $0.id == row.id }
      rows.append(row)
    }
  }

  mutating func delete(_ ids: [String]) { rows.removeAll { ids.contains($0.id) } }

  /// Reads everything that a snapshot shows, each row also by its id.
  static func read(_ snapshot: Snapshot) throws -> RowList {
    var list = RowList()
    var unfound: [String] = []
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      let id = try snapshot.state.id(at: location)
      if try snapshot.state.find(id) != location { unfound.append(id.display) }
      list.rows.append(
        Row(
          id: id.display, vector: try snapshot.state.vector(at: location),
          metadata: String(decoding: try snapshot.state.metadata(at: location), as: UTF8.self)))
      return true
    }
    guard unfound.isEmpty else { throw Broken("rows not found by id: \(unfound)") }
    guard snapshot.liveCount == list.rows.count else {
      throw Broken("\(snapshot.liveCount) rows counted, \(list.rows.count) seen")
    }
    return list
  }

  /// The rows as input of a write or an import.
  static func batch(_ rows: [Row]) -> RecordBatch {
    var batch = RecordBatch(dimension: dimension, idType: .string)
    for (number, row) in rows.enumerated() {
      batch.append(
        id: RecordID(row.id), vector: row.vector, metadata: Array(row.metadata.utf8),
        position: SourcePosition(line: UInt64(number) + 1, record: UInt64(number) + 1))
    }
    return batch
  }
}

extension RecordID {
  /// The string id of a test row.
  init(_ text: String) { self.init(bytes: Array(text.utf8), type: .string) }
}

/// A promise that was not kept.
struct Broken: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
