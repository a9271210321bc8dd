import Testing
import VectorMath

/// Floats to stored bytes and back.
@Suite struct StoredVectorTests {
  @Test(arguments: ElementType.allCases)
  func vectorsAreStoredAsDocumentedAndReadBack(type: ElementType) {
    let seed: UInt64 = 41
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Array(1...300) + [1000, 4095, 65_536] {
      let rows = (0..<3).map { _ in
        (0..<dimension).map { _ in type.fitted(random.nextUnitFloat() * 2 - 1) }
      }
      var stored: [UInt8] = [7]
      rows.flatMap { $0 }.withUnsafeBufferPointer { type.append($0, dimension: dimension, to: &stored) }
      #expect(stored == [7] + rows.flatMap { type.bytes($0) }, "\(type) dimension \(dimension) seed \(seed)")
      let stride = type.storedBytes(dimension: dimension)
      for (index, row) in rows.enumerated() {
        #expect(type.canEnd(with: stored[(index + 1) * stride], dimension: dimension))
        var floats = [Float](repeating: .nan, count: dimension)
        stored.withUnsafeBytes { bytes in
          guard let base = bytes.baseAddress else { return }
          type.load(base + 1 + index * stride, count: dimension, to: &floats)
        }
        #expect(floats == row, "\(type) dimension \(dimension) row \(index) seed \(seed)")
      }
    }
  }

  @Test(arguments: [ElementType.i8, .u8, .bit])
  func everyWholeNumberOfTheRangeIsHeldAndNoOther(type: ElementType) throws {
    let range = try #require(type.wholeNumbers)
    let all = range.map { Float($0) }
    #expect(type.firstUnrepresentable(all) == nil)
    #expect(type.firstUnrepresentable([-0.0]) == nil)
    let bad: [Float] = [
      Float(range.lowerBound - 1), Float(range.upperBound + 1), 0.5, -0.25, 1e-30, -.leastNonzeroMagnitude,
      0x1p22, 0x1.8p23,
      -0x1.8p23, 1e38, -1e38, .greatestFiniteMagnitude, .infinity, -.infinity, .nan, 1.0000001, 0.99999994,
    ]
    for count in [1, 7, 63, 64, 65, 200] {
      for index in 0..<count {
        for number in bad {
          var floats = (0..<count).map { all[$0 % all.count] }
          floats[index] = number
          #expect(type.firstUnrepresentable(floats) == index, "\(type) \(number) at \(index) of \(count)")
        }
      }
    }
  }

  /// Numbers that were not checked may become anything, but never end the program or leave the range.
  @Test(arguments: [ElementType.i8, .u8, .bit])
  func unheldNumbersBecomeSomeHeldNumber(type: ElementType) {
    let floats: [Float] = [
      .nan, .infinity, -.infinity, 1e38, -1e38, 300, -300, 0.5, .leastNonzeroMagnitude,
    ]
    var stored: [UInt8] = []
    floats.withUnsafeBufferPointer { type.append($0, dimension: floats.count, to: &stored) }
    var back = floats
    stored.withUnsafeBytes {
      guard let base = $0.baseAddress else { return }
      type.load(base, count: floats.count, to: &back)
    }
    #expect(type.firstUnrepresentable(back) == nil)
  }

  @Test func bitsBehindTheLastElementAreSeen() {
    for dimension in 1...40 {
      var stored = [UInt8](repeating: 0, count: ElementType.bit.storedBytes(dimension: dimension))
      func isClear() -> Bool {
        ElementType.bit.canEnd(with: stored[stored.count - 1], dimension: dimension)
      }
      for bit in (stored.count - 1) * 8..<stored.count * 8 {
        stored[bit / 8] |= 1 << UInt8(bit % 8)
        #expect(isClear() == (bit < dimension))
        stored[bit / 8] = 0
      }
    }
  }

  @Test func theFirstFloatBeyondALimitIsFound() {
    for count in [0, 1, 63, 64, 65, 200] {
      var floats = [Float](repeating: 1, count: count)
      #expect(ElementType.f32.firstUnrepresentable(floats) == nil)
      for index in 0..<count {
        for bad in [Float.nan, .infinity, -.infinity] {
          floats[index] = bad
          #expect(ElementType.f32.firstUnrepresentable(floats) == index)
          #expect(ElementType.f16.firstUnrepresentable(floats) == index)
        }
        floats[index] = 65_520
        #expect(ElementType.f32.firstUnrepresentable(floats) == nil)
        #expect(ElementType.f16.firstUnrepresentable(floats) == index)
        floats[index] = Float(-65_520).nextUp
        #expect(ElementType.f16.firstUnrepresentable(floats) == nil)
      }
    }
  }
}

extension ElementType {
  func firstUnrepresentable(_ floats: [Float]) -> Int? {
    floats.withUnsafeBufferPointer { firstUnrepresentable($0) }
  }
}
