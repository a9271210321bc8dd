import VectorDatabase

/// The records of an import that the schema refuses: the first ones with what is wrong, the others as a number.
struct SchemaRefusals {
  /// Records that are told of one by one.
  static let listed = 10

  private var first: [DatabaseError] = []
  private var count: UInt64 = 0

  /// Whether no record was refused.
  var isEmpty: Bool { count == 0 }

  /// Takes in some refusals, in the order of the records.
  mutating func add(_ failures: [DatabaseError]) {
    count += UInt64(failures.count)
    first += failures.prefix(max(0, Self.listed - first.count))
  }

  /// The failure of the import: the first record as the sentence, the others below it; nil when none was refused.
  var failure: CommandFailure? {
    guard let cause = first.first else { return nil }
    var failure = CommandFailure(cause)
    for other in first.dropFirst() { failure = failure.adding(detail: other.description) }
    let more = count - UInt64(first.count)
    if more > 0 {
      failure = failure.adding(detail: "… and \(counted(more, "more record")) that the schema refuses")
    }
    return failure
  }
}
