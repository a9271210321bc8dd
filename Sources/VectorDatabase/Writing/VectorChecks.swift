import FileStorage
import MetadataFilters
import VectorMath

/// The rules that every vector obeys before it is stored.
struct VectorChecks {
  private let settings: CollectionSettings
  private let rules: VectorRules

  init(_ settings: CollectionSettings, _ rules: VectorRules) {
    self.settings = settings
    self.rules = rules
  }

  /// Checks a whole batch; the first bad row is the error.
  func check(_ batch: RecordBatch, source: String) throws(DatabaseError) {
    let dimension = settings.dimension
    guard batch.vectors.count == batch.count * dimension else {
      throw .dimensionMismatch(
        origin: batch.origin(0, source: source), expected: dimension,
        found: batch.count == 0 ? 0 : batch.vectors.count / batch.count)
    }
    for row in 0..<batch.count {
      if !batch.hasVector[row] {
        throw .vectorMissing(
          origin: batch.origin(row, source: source), id: batch.displayID(row))
      }
      let problem = unsafe batch.vectors.withUnsafeBufferPointer { all in
        unsafe self.problem(UnsafeBufferPointer(rebasing: all[(row * dimension)..<((row + 1) * dimension)]))
      }
      if let problem {
        throw error(
          problem, origin: batch.origin(row, source: source), id: batch.displayID(row))
      }
    }
  }

  /// Checks one vector of the right length.
  func check(_ vector: [Float], origin: RowOrigin, id: String) throws(DatabaseError) {
    let problem = unsafe vector.withUnsafeBufferPointer { unsafe self.problem($0) }
    if let problem { throw error(problem, origin: origin, id: id) }
  }

  private enum Problem {
    case notFinite, zero, outOfHalfRange
    case notHeld(index: Int, Float)
  }

  private func problem(_ vector: UnsafeBufferPointer<Float>) -> Problem? {
    // An exponent of all ones is an infinity or NaN; an all-zero pattern but for the sign is zero. Integer tests vectorise.
    var worst: UInt32 = 0
    var any: UInt32 = 0
    for i in vector.indices {
      let magnitude = unsafe vector[i].bitPattern & 0x7FFF_FFFF
      worst = max(worst, magnitude)
      any |= magnitude
    }
    if worst >= 0x7F80_0000 { return .notFinite }
    if settings.elementType.wholeNumbers != nil,
      let index = unsafe settings.elementType.firstUnrepresentable(vector)
    {
      return unsafe .notHeld(index: index, vector[index])
    }
    // 65,520 and above round to infinity in a half.
    if settings.elementType == .f16, worst >= Float(65_520).bitPattern { return .outOfHalfRange }
    if settings.metric == .cosine, !rules.allowsZero {
      if any == 0 { return .zero }
      // Below half the smallest subnormal half everything rounds to zero.
      if settings.elementType == .f16, worst <= Float(0x1p-25).bitPattern { return .zero }
    }
    return nil
  }

  private func error(_ problem: Problem, origin: RowOrigin, id: String) -> DatabaseError {
    switch problem {
    case .notFinite: .notFinite(origin: origin, id: id)
    case .zero: .zeroVector(origin: origin, id: id)
    case .outOfHalfRange: .outOfHalfRange(origin: origin, id: id)
    case .notHeld(let index, let number):
      .elementNotHeld(origin: origin, id: id, index: index, number: number, type: settings.elementType)
    }
  }
}

extension RecordBatch {
  /// The id of a row as people write it.
  func displayID(_ row: Int) -> String { id(row).display }

  /// Where a row of the batch stood in its source.
  func origin(_ row: Int, source: String) -> RowOrigin {
    RowOrigin(source: source, line: positions[row].line, record: positions[row].record)
  }
}

/// Vectors between the element type on disk and f32.
enum VectorConversion {
  /// Fills `floats` from the bytes of one stored vector; `floats.count` numbers are read.
  static func toFloats(_ stored: UnsafeRawBufferPointer, _ type: ElementType, into floats: inout [Float]) {
    let count = floats.count
    precondition(stored.count >= type.storedBytes(dimension: count), "too few stored bytes")
    unsafe floats.withUnsafeMutableBufferPointer { target in
      guard let from = stored.baseAddress, let to = target.baseAddress else { return }
      unsafe type.load(from, count: count, to: to)
    }
  }

  /// Fills `stored` with one vector in the element type; f16 is rounded to nearest even, other types hold every number exactly.
  static func toStored(_ floats: UnsafeBufferPointer<Float>, _ type: ElementType, into stored: inout [UInt8])
  {
    precondition(
      stored.count == type.storedBytes(dimension: floats.count), "stored bytes of another length")
    unsafe stored.withUnsafeMutableBytes { target in
      guard let from = floats.baseAddress, let to = target.baseAddress else { return }
      unsafe type.store(from, count: floats.count, to: to)
    }
  }
}
