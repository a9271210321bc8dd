import Quantization
import Testing
import VectorMath

/// A frame read back is the frame, and bytes that are no frame are an error.
@Suite struct FrameBytesTests {
  @Test(arguments: VectorFrame.metrics, [false, true])
  func bytesComeBack(metric: Metric, isAugmented: Bool) throws {
    let vectors = SampleVectors(.normal, dimension: 70, count: 100, seed: 1)
    let frame = VectorFrame.fit(
      vectors.source, metric: metric, isAugmented: isAugmented, seed: 42, threads: 1)
    #expect(frame.isAugmented == (isAugmented && metric == .dot))
    let read = try VectorFrame(bytes: frame.bytes)
    #expect(read == frame)
    #expect(CodedRows(vectors, read) == CodedRows(vectors, frame))
    #expect(frame.bytes.count == 64 + 4 * frame.mean.count + frame.paddedDimension / 2)
  }

  /// Every bit flipped and every length cut: an error, or a frame whose use is harmless.
  @Test func damagedBytesNeverTrap() {
    let vectors = SampleVectors(.normal, dimension: 5, count: 20, seed: 1)
    let bytes = VectorFrame.fit(vectors.source, metric: .dot, isAugmented: true, seed: 42, threads: 1).bytes
    var refused = 0
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        guard let frame = try? VectorFrame(bytes: damaged) else {
          refused += 1
          continue
        }
        #expect(frame.dimension == 5)
        _ = CodedRows(vectors, frame)
        _ = FrameQuery(vectors.rows[0], in: frame)
      }
    }
    #expect(refused > 200)
    for length in 0..<bytes.count {
      #expect(throws: QuantizationError.self) { try VectorFrame(bytes: Array(bytes[0..<length])) }
    }
    #expect(throws: QuantizationError.self) { try VectorFrame(bytes: bytes + [0]) }
  }

  @Test func aNewerVersionIsNamed() {
    let vectors = SampleVectors(.normal, dimension: 5, count: 20, seed: 1)
    var bytes = VectorFrame.fit(vectors.source, metric: .l2, seed: 42, threads: 1).bytes
    bytes[0] = 9
    #expect(throws: QuantizationError.unsupportedVersion(found: 9, newest: 1)) {
      try VectorFrame(bytes: bytes)
    }
  }
}
