import FileStorage
import MetadataFilters
import VectorMath

/// What the options ask of every vector, whatever format it came in.
struct VectorRules: Sendable {
  /// Why a vector is refused.
  enum Refusal: Error, Equatable, Sendable {
    /// NaN or an infinite number at a place.
    case notFinite(index: Int, isNaN: Bool)
    /// All numbers are zero.
    case zero
    /// A number that the element type does not hold.
    case notHeld(index: Int, number: Float, type: ElementType)
  }

  let normalizes: Bool
  let allowsZero: Bool
  let skipsNotFinite: Bool
  /// The element type, when it holds whole numbers only.
  let wholeType: ElementType?

  init(_ options: ReadOptions) {
    normalizes = options.normalizes
    allowsZero = options.zeroVector == .allow
    skipsNotFinite = options.notFinite == .skip
    wholeType = options.elementType.wholeNumbers == nil ? nil : options.elementType
  }

  /// Checks `count` numbers, and scales them to length 1 when asked.
  func apply(_ vector: UnsafeMutablePointer<Float>, count: Int) throws(Refusal) {
    var all: UInt32 = 0
    // An exponent of all ones is the only sign of NaN and infinity; adding one to it carries into the sign's place.
    var carried: UInt32 = 0
    for index in 0..<count {
      let bits = unsafe vector[index].bitPattern & 0x7FFF_FFFF
      all |= bits
      carried |= bits &+ 0x0080_0000
    }
    if carried & 0x8000_0000 != 0 {
      for index in 0..<count where unsafe !vector[index].isFinite {
        throw unsafe .notFinite(index: index, isNaN: vector[index].isNaN)
      }
    }
    if let wholeType,
      let index = unsafe wholeType.firstUnrepresentable(UnsafeBufferPointer(start: vector, count: count))
    {
      throw unsafe .notHeld(index: index, number: vector[index], type: wholeType)
    }
    if all == 0 {
      if !allowsZero { throw .zero }
      return
    }
    guard normalizes else { return }
    var sum = 0.0
    for index in 0..<count {
      let value = unsafe Double(vector[index])
      sum += value * value
    }
    let length = sum.squareRoot()
    for index in 0..<count { unsafe vector[index] = Float(Double(vector[index]) / length) }
  }
}

/// Identifiers that are made rather than read.
struct GeneratedID {
  /// Appends the identifier that the options ask for, as it is stored.
  ///
  /// `row` is the record's number in its source, from 0, `vector` the numbers as they will be stored, `metadata`
  /// canonical JSON, empty for none.
  static func append(
    _ source: ReadOptions.IDSource, type: IDType, prefix: [UInt8], row: UInt64,
    vector: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer, to bytes: inout [UInt8]
  ) {
    switch source {
    case .field: return
    case .row:
      switch type {
      case .int64: append(row, to: &bytes)
      case .string:
        bytes.append(contentsOf: prefix)
        bytes.append(contentsOf: row.description.utf8)
      case .uuid:
        append(UInt64(0), to: &bytes)
        append(row.byteSwapped, to: &bytes)
      }
    case .uuid: append(UUID16.random(), type: type, prefix: prefix, to: &bytes)
    case .hash:
      var hash = SHA256()
      unsafe hash.update(vector)
      unsafe hash.update(metadata)
      guard let uuid = UUID16(bytes: Array(hash.finalize().bytes.prefix(16))) else { return }
      append(uuid, type: type, prefix: prefix, to: &bytes)
    }
  }

  private static func append(_ uuid: UUID16, type: IDType, prefix: [UInt8], to bytes: inout [UInt8]) {
    switch type {
    case .uuid: bytes.append(contentsOf: uuid.bytes)
    case .string:
      bytes.append(contentsOf: prefix)
      bytes.append(contentsOf: uuid.description.utf8)
    case .int64: append(uuid.high & UInt64(Int64.max), to: &bytes)
    }
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
