import FileStorage

/// Answers one predicate for rows that must be read. For one thread.
struct LeafReader {
  private var interpreter: FilterInterpreter
  private let idType: IDType

  init(_ filter: BoundFilter, idType: IDType) {
    interpreter = FilterInterpreter(filter)
    self.idType = idType
  }

  /// Whether a row satisfies the predicate.
  mutating func matches(_ row: Int, _ source: any FilterRowSource) throws(StorageError) -> Bool {
    try unsafe interpreter.matches(
      metadata: source.metadataBytes(row), id: source.idBytes(row), idType: idType,
      created: source.created(row), updated: source.updated(row))
  }
}
