import MetadataFilters
import Testing
import TestSupport

@Suite struct ValueTests {
  @Test func comparesIntegersWithDoublesExactly() {
    let cases: [(Int64, Double, ValueOrder)] = [
      (1, 1.0, .equal), (1, 1.5, .less), (-1, -1.5, .greater), (2, 1.5, .greater), (-2, -1.5, .less),
      ((1 << 53) + 1, 9_007_199_254_740_992.0, .greater), ((1 << 53) + 1, 9_007_199_254_740_994.0, .less),
      (.max, 9_223_372_036_854_775_808.0, .less), (.min, -9_223_372_036_854_775_808.0, .equal),
      (.min, -9_223_372_036_854_777_856.0, .greater), (.max, 9_223_372_036_854_774_784.0, .greater),
      (0, -0.0, .equal), (0, 0x1p-1074, .less), (.max, .infinity, .less), (.min, -.infinity, .greater),
    ]
    for (int, double, order) in cases {
      #expect(Value.compare(int, double) == order, "\(int) and \(double)")
      #expect(Value.int(int).compare(.double(double)) == order)
      #expect(Value.double(double).compare(.int(int)) == order.reversed)
    }
  }

  @Test func comparesStringsByCodePoint() {
    // Swift's own order would put these otherwise: by canonical equivalence they are the same.
    #expect(Value("\u{E9}").compare(Value("e\u{301}")) == .greater)
    #expect(Value("Z").compare(Value("a")) == .less)
    #expect(Value("").compare(Value("a")) == .less)
    #expect(Value("abcdefgh").compare(Value("abcdefghi")) == .less)
    #expect(Value("\u{FFFF}").compare(Value("\u{10000}")) == .less)
  }

  @Test func valuesOfDifferentKindsDoNotCompare() {
    let kinds: [Value] = [.null, .bool(true), .int(1), Value("1")]
    for (index, left) in kinds.enumerated() {
      for (other, right) in kinds.enumerated() where index != other { #expect(left.compare(right) == nil) }
    }
    #expect(Value.null.compare(.null) == nil)
    #expect(Value.double(.nan).compare(.int(0)) == nil)
  }

  @Test func equalValuesHashAlike() {
    #expect(Set<Value>([.int(1), .double(1), .int(0), .double(-0.0), .double(0.0)]).count == 2)
    #expect(Set<Value>([.null, .null, .bool(false), .int(0), Value("0")]).count == 4)
  }

  @Test func theOrderOfNumbersIsTransitive() {
    var random = SeededGenerator(seed: 7)
    var numbers: [Value] = []
    for _ in 0..<60 {
      let base = Int64(bitPattern: random.next()) >> Int64(random.next() % 64)
      numbers += [.int(base), .double(Double(base)), .double(Double(base).nextUp)]
    }
    numbers.sort { $0.compare($1) == .less }
    for left in numbers.indices {
      for right in left..<numbers.count {
        #expect(
          numbers[left].compare(numbers[right]) != .greater, "seed 7: \(numbers[left]), \(numbers[right])")
      }
    }
  }

  /// The empty text is one value, whether its bytes lie somewhere or nowhere.
  @Test func `The empty text is found in a list wherever it lies`() {
    let set = FilterValueSet([.string([]), .string([65]), .int(1)])
    let nowhere = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(set.holds(string: nowhere))
    [UInt8]([65, 66]).withUnsafeBytes { bytes in
      #expect(set.holds(string: UnsafeRawBufferPointer(rebasing: bytes[1..<1])))
      #expect(set.holds(string: UnsafeRawBufferPointer(rebasing: bytes[0..<1])))
      #expect(!set.holds(string: UnsafeRawBufferPointer(rebasing: bytes[1..<2])))
      var builder = FilterValueSet.Builder()
      builder.insert(string: UnsafeRawBufferPointer(rebasing: bytes[2..<2]))
      builder.insert(string: nowhere)
      let other = FilterValueSet(builder)
      #expect(other.stringCount == 1 && other.holds(string: nowhere))
    }
  }
}
