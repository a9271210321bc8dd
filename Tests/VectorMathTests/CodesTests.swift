import Testing
import VectorMath

@Suite struct CodesTests {
  @Test func codesAndNamesAreThoseOfTheFileFormat() {
    #expect(Metric.allCases.map(\.rawValue) == [0, 1, 2, 3, 4])
    #expect(Metric.allCases.map(\.name) == ["cosine", "dot", "l2", "l1", "hamming"])
    #expect(ElementType.allCases.map(\.rawValue) == [0, 1, 3, 4, 5])
    #expect(ElementType.allCases.map(\.name) == ["f32", "f16", "i8", "u8", "bit"])
    #expect(ElementType.allCases.map { $0.storedBytes(dimension: 9) } == [36, 18, 9, 9, 2])
    #expect(ElementType.allCases.filter { $0.metrics.contains(.hamming) } == [.bit])
    #expect(
      ElementType.allCases.filter { $0.metrics == [.cosine, .dot, .l2, .l1] } == [.f32, .f16, .i8, .u8])
    for metric in Metric.allCases { #expect(Metric(name: metric.name) == metric) }
    for type in ElementType.allCases { #expect(ElementType(name: type.name) == type) }
    #expect(Metric(name: "L2") == nil && ElementType(name: "") == nil)
  }

  @Test func seededNumbersAreThoseOfSplitMix64() {
    var random = VectorMath.SeededGenerator(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
    for _ in 0..<1000 {
      let unit = random.nextUnitFloat()
      #expect(unit >= 0 && unit < 1)
    }
  }
}
