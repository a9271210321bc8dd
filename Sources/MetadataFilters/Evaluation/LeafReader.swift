import FileStorage

/// Answers one predicate for rows that must be read.
///
/// For one thread.
struct LeafReader {
  private var interpreter: FilterInterpreter
  private let idType: IDType
  private let needsID: Bool
  private let needsTimes: Bool

  init(_ filter: BoundFilter, idType: IDType) {
    interpreter = FilterInterpreter(filter)
    self.idType = idType
    needsID = filter.mentions(.id)
    needsTimes = filter.mentions(.created) || filter.mentions(.updated)
  }

  /// Whether a row satisfies the predicate.
  mutating func matches(_ row: Int, _ source: any FilterRowSource) throws(StorageError) -> Bool {
    let id = try unsafe needsID ? source.idBytes(row) : UnsafeRawBufferPointer(start: nil, count: 0)
    let created = needsTimes ? try source.created(row) : 0
    let updated = needsTimes ? try source.updated(row) : 0
    return try unsafe interpreter.matches(
      metadata: source.metadataBytes(row), id: id, idType: idType, created: created, updated: updated)
  }
}

extension FilterInterpreter {
  /// What a filter that asks for metadata only is on a record without any.
  static func holdsWithoutMetadata(_ filter: BoundFilter) -> Bool {
    var interpreter = FilterInterpreter(filter)
    let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    return unsafe interpreter.matches(
      metadata: nothing, id: nothing, idType: .string, created: 0, updated: 0)
  }
}
