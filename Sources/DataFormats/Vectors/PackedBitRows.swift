import VectorMath

/// Bits read from a file of bytes that hold eight each: bit *i* of a vector is bit *i* mod 8 of byte *i* / 8, as
/// `numpy.packbits(x, axis=1, bitorder='little')` writes them.
final class PackedBitRows: VectorRows {
  let dimension: Int
  private let inner: any VectorRows
  private let file: String
  private var bytes: [Float] = []
  private var row: UInt64 = 0
  /// What stands behind the rows that were read.
  private var pending: FormatError?

  /// Nil unless vectors of bits are wanted and `rows` are as many bytes as such a vector takes.
  ///
  /// A row of as many bytes as there are bits is not packed; only a vector of one bit could be meant either way.
  init?(_ rows: any VectorRows, file: String, options: ReadOptions) {
    guard options.elementType == .bit, options.truncatedDimension == nil, let wanted = options.dimension,
      wanted > 1, rows.holdsBytes, rows.dimension == ElementType.bit.storedBytes(dimension: wanted)
    else { return nil }
    inner = rows
    dimension = wanted
    self.file = file
  }

  var rowCount: UInt64? { inner.rowCount }
  var bytesRead: UInt64 { inner.bytesRead }
  var holdsBytes: Bool { false }
  func wasFinite(row: UInt64, index: Int) -> Bool? { nil }
  func offset(ofRow row: UInt64) -> UInt64? { inner.offset(ofRow: row) }

  func read(_ count: Int, into floats: UnsafeMutablePointer<Float>) throws(FormatError) -> Int {
    if let pending { throw pending }
    let width = inner.dimension
    if bytes.count < count * width { bytes = [Float](repeating: 0, count: count * width) }
    let inner = inner
    let rows = try unsafe bytes.withUnsafeMutableBufferPointer { (all) throws(FormatError) -> Int in
      guard let base = all.baseAddress else { return 0 }
      return try unsafe inner.read(count, into: base)
    }
    for index in 0..<rows {
      for place in 0..<dimension {
        let byte = UInt8(bytes[index * width + place / 8])
        unsafe floats[index * dimension + place] = Float(byte >> UInt8(place % 8) & 1)
      }
      let last = UInt8(bytes[index * width + width - 1])
      guard ElementType.bit.canEnd(with: last, dimension: dimension) else {
        // The rows before this one are delivered first.
        let failure = FormatError(
          .vectorEncoding, file: file, record: row + 1, byteOffset: inner.offset(ofRow: row),
          column: "vector",
          expected: "zeros behind bit \(dimension - 1) of \(width) packed bytes", found: "ones",
          hint: "pack with bitorder='little', or check the number of dimensions")
        guard index > 0 else { throw failure }
        pending = failure
        return index
      }
      row += 1
    }
    return rows
  }
}

extension FormatErrorCode {
  /// The code for a number that a type of whole numbers does not hold.
  package init(notHeld number: Float) { self = number == number.rounded() ? .vectorRange : .vectorFraction }
}

extension ElementType {
  /// What to do about a number that the type does not hold.
  var notHeldHint: String {
    switch self {
    case .f32, .f16, .i8, .u8:
      "nothing is rounded: scale and round the vectors first, or use a collection of type f32"
    case .bit:
      "write 0 or 1 for each bit, or pack eight to a byte: as base64, hexadecimal, or a .npy file with --dims"
    }
  }
}
