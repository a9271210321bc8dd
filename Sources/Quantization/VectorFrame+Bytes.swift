// A frame in a file; numbers are little-endian.
//
//   offset size
//        0    1  version, 1
//        1    1  metric
//        2    1  1 when augmented, else 0
//        3    1  0
//        4    4  dimension
//        8    4  padded dimension
//       12    4  scale, float
//       16    8  seed
//       24    8  greatest norm, double
//       32    4  rows of the sample
//       36    4  rows of the sample that were clipped
//       40   24  0
//       64  4 d  mean, floats; d is the dimension, one more when augmented
//            p/2 signs, p the padded dimension: four rounds of a bit for each coordinate

internal import VectorMath

/// Why bytes are not a frame or codes.
package enum QuantizationError: Error, Equatable, Sendable {
  /// Fewer or more bytes than the numbers at their beginning ask for.
  case wrongSize(expected: Int, found: Int)
  /// Written by a newer version.
  case unsupportedVersion(found: Int, newest: Int)
  /// A field whose value cannot be.
  case invalidField(name: String, value: String)
}

extension VectorFrame {
  /// The newest version of the bytes.
  package static let newestVersion = 1
  private static let headerSize = 64

  /// The frame as bytes: see the head of this file.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func append<Number: FixedWidthInteger>(_ number: Number) {
      for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
      }
    }
    bytes += [UInt8(Self.newestVersion), metric.rawValue, isAugmented ? 1 : 0, 0]
    append(UInt32(truncatingIfNeeded: dimension))
    append(UInt32(truncatingIfNeeded: paddedDimension))
    append(scale.bitPattern)
    append(seed)
    append(greatestNorm.bitPattern)
    append(UInt32(truncatingIfNeeded: sampleCount))
    append(UInt32(truncatingIfNeeded: clippedCount))
    bytes += [UInt8](repeating: 0, count: 24)
    for number in mean { append(number.bitPattern) }
    return bytes + signs
  }

  /// The frame that bytes from a file spell.
  ///
  /// - Throws: `QuantizationError` unless the bytes are exactly a frame, every number of it finite.
  package init(bytes: [UInt8]) throws(QuantizationError) {
    guard bytes.count >= Self.headerSize else {
      throw .wrongSize(expected: Self.headerSize, found: bytes.count)
    }
    func number(_ offset: Int, _ size: Int) -> UInt64 {
      (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
    func float(_ offset: Int) -> Float { Float(bitPattern: UInt32(truncatingIfNeeded: number(offset, 4))) }
    guard bytes[0] == Self.newestVersion else {
      throw .unsupportedVersion(found: Int(bytes[0]), newest: Self.newestVersion)
    }
    guard let metric = Metric(rawValue: bytes[1]), Self.supports(metric, .f32) else {
      throw .invalidField(name: "metric", value: String(bytes[1]))
    }
    guard bytes[2] == 0 || bytes[2] == 1 && metric == .dot else {
      throw .invalidField(name: "augmented", value: String(bytes[2]))
    }
    let isAugmented = bytes[2] == 1
    let dimension = Int(number(4, 4))
    guard supportedDimensions.contains(dimension) else {
      throw .invalidField(name: "dimension", value: String(dimension))
    }
    let length = dimension + (isAugmented ? 1 : 0)
    let padded = Int(number(8, 4))
    guard padded == Quantization.paddedDimension(length), padded <= supportedDimensions.upperBound else {
      throw .invalidField(name: "padded dimension", value: String(padded))
    }
    let size = Self.headerSize + 4 * length + padded / 2
    guard bytes.count == size else { throw .wrongSize(expected: size, found: bytes.count) }
    let scale = float(12)
    guard scale.isFinite, scale >= 1e-31, scale <= 1e31 else {
      throw .invalidField(name: "scale", value: "\(scale)")
    }
    let norm = Double(bitPattern: number(24, 8))
    guard norm.isFinite, norm >= 0 else { throw .invalidField(name: "greatest norm", value: "\(norm)") }
    let sampleCount = Int(number(32, 4))
    let clippedCount = Int(number(36, 4))
    guard clippedCount <= sampleCount else {
      throw .invalidField(name: "clipped rows", value: String(clippedCount))
    }
    for offset in [3] + Array(40..<Self.headerSize) where bytes[offset] != 0 {
      throw .invalidField(name: "reserved byte \(offset)", value: String(bytes[offset]))
    }
    let mean = (0..<length).map { float(Self.headerSize + 4 * $0) }
    for number in mean where !number.isFinite { throw .invalidField(name: "mean", value: "\(number)") }
    self.init(
      metric: metric, dimension: dimension, isAugmented: isAugmented, seed: number(16, 8), scale: scale,
      mean: mean, greatestNorm: norm, sampleCount: sampleCount, clippedCount: clippedCount,
      signs: Array(bytes[(Self.headerSize + 4 * length)...]))
  }
}
