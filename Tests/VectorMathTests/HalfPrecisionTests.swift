import CVectorKernels
import Testing
import VectorMath

/// Halves against the language's own `Float16`.
@Suite struct HalfPrecisionTests {
  @Test(arguments: KernelLevel.all)
  func everyHalfBecomesTheFloatItStandsFor(level: KernelLevel) {
    let halves = (0...UInt16.max).map { $0 }
    var floats = [Float](repeating: 0, count: halves.count)
    halves.withUnsafeBytes { level.table.halves_to_floats($0.baseAddress!, &floats, halves.count) }
    var wrong = 0
    for half in halves {
      let expected = Float(Float16(bitPattern: half))
      let found = floats[Int(half)]
      if found.bitPattern != expected.bitPattern, !(found.isNaN && expected.isNaN) { wrong += 1 }
      if found.isSignalingNaN { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(floats.map(\.bitPattern) == floatFromHalf(halves).map(\.bitPattern))
  }

  @Test(arguments: KernelLevel.all)
  func floatsRoundToTheNearestHalf(level: KernelLevel) {
    // Every half, the floats around it, and the points halfway to the next with their neighbours.
    var floats: [Float] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
    for half in 0..<UInt16(0x7C00) {
      let low = Float(Float16(bitPattern: half))
      let high = half == 0x7BFF ? 65_536 : Float(Float16(bitPattern: half + 1))
      let middle = (low + high) / 2
      for value in [low, low.nextUp, low.nextDown, middle, middle.nextUp, middle.nextDown] {
        floats.append(value)
        floats.append(-value)
      }
    }
    let seed: UInt64 = 21
    var random = VectorMath.SeededGenerator(seed: seed)
    for _ in 0..<100_000 { floats.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))) }
    var halves = [UInt16](repeating: 0, count: floats.count)
    halves.withUnsafeMutableBytes { level.table.floats_to_halves(floats, $0.baseAddress!, floats.count) }
    let wrong = zip(floats, halves).filter { float, half in
      let expected = Float16(float)
      let found = Float16(bitPattern: half)
      return found.bitPattern != expected.bitPattern && !(found.isNaN && expected.isNaN)
    }
    #expect(wrong.isEmpty, "seed \(seed)")
  }

  @Test func everyLevelGivesTheSameBitsForNaNs() {
    let floats = (0..<4096).map { Float(bitPattern: 0x7F80_0001 + $0 << 11) }
    let results = KernelLevel.all.map { level in
      var halves = [UInt16](repeating: 0, count: floats.count)
      halves.withUnsafeMutableBytes { level.table.floats_to_halves(floats, $0.baseAddress!, floats.count) }
      return halves
    }
    #expect(results.allSatisfy { $0 == results[0] })
    let halves = (0...UInt16.max).map { $0 }
    let back = KernelLevel.all.map { level in
      var floats = [Float](repeating: 0, count: halves.count)
      halves.withUnsafeBytes { level.table.halves_to_floats($0.baseAddress!, &floats, halves.count) }
      return floats.map(\.bitPattern)
    }
    #expect(back.allSatisfy { $0 == back[0] })
  }

  @Test(arguments: KernelLevel.all)
  func conversionsWorkForEveryLengthAndTouchNothingElse(level: KernelLevel) {
    for count in 0...100 {
      let floats = (0..<count).map { Float($0) + 0.25 }
      var bytes = [UInt8](repeating: 0xEE, count: 2 * count + 3)
      bytes.withUnsafeMutableBytes { level.table.floats_to_halves(floats, $0.baseAddress! + 1, count) }
      #expect(bytes[0] == 0xEE && bytes.suffix(2) == [0xEE, 0xEE])
      var back = [Float](repeating: -9, count: count + 1)
      bytes.withUnsafeBytes { level.table.halves_to_floats($0.baseAddress! + 1, &back, count) }
      #expect(back == floats + [-9])
      var appended: [UInt8] = [7]
      floats.withUnsafeBufferPointer { ElementType.f16.append($0, dimension: 1, to: &appended) }
      #expect(appended == [7] + bytes[1..<1 + 2 * count])
      #expect(floatFromHalf(halfFromFloat(floats)) == floats)
    }
  }
}
