import Synchronization
import VectorMath

/// Tests of strings as tests of their codes: the dictionary is sorted, so comparisons are ranges of codes.
enum CodeTests {
  /// More ranges of codes than this cost more than looking a code up in a bit set.
  private static let rangeLimit = 6
  /// Strings that one thread tests at a time.
  private static let stringsAtOnce = 8192

  /// How wide a column's codes are; nil for columns without codes.
  static func width(_ column: Column) -> ColumnMasks.CodeWidth? {
    switch unsafe column.values {
    case .codes8: .one
    case .codes16: .two
    case .codes32: .four
    case .none, .bools, .int64s, .doubles: nil
    }
  }

  /// The test of a string column; the code of long strings never passes.
  static func make(
    _ column: Column, _ test: ScalarTest, _ isComplement: Bool, _ options: FilterEvaluationOptions,
    expectedRows: Int
  ) -> ColumnTest {
    if let ranges = sorted(column.dictionary, test) {
      let wanted = isComplement ? complement(ranges, count: column.dictionary.count) : ranges
      return codes(wanted, column, options)
    }
    let span = candidates(column.dictionary, test)
    let isByRow: Bool =
      switch options.strings {
      case .automatic: expectedRows < (isComplement ? column.dictionary.count : span.count) / 4
      case .dictionary: false
      case .rows: true
      }
    if isByRow { return .strings(test, isComplement: isComplement) }
    return make(column, options) {
      let found: [ClosedRange<UInt32>]
      if case .text(let pattern, let isNegated) = test.question, !test.isLowered,
        let expression = pattern.expression
      {
        // Without the way through the question for each string, which takes as long as a short match.
        found = unsafe tested(column.dictionary, span, threads: options.threads) {
          RegexMatcher(expression)
        } passes: {
          matcher, string in
          unsafe matcher.matches(string) != isNegated
        }
      } else {
        found = unsafe tested(column.dictionary, span, threads: options.threads) {
          ScalarTester(test)
        } passes: {
          tester, string in
          unsafe tester.passes(string: string)
        }
      }
      return isComplement ? complement(found, count: column.dictionary.count) : found
    }
  }

  /// The test for ascending ranges of codes.
  static func make(
    _ column: Column, _ options: FilterEvaluationOptions, _ ranges: () -> [ClosedRange<UInt32>]
  ) -> ColumnTest {
    codes(ranges(), column, options)
  }

  private static func codes(
    _ ranges: [ClosedRange<UInt32>], _ column: Column, _ options: FilterEvaluationOptions
  ) -> ColumnTest {
    guard !ranges.isEmpty, let width = width(column) else { return .never }
    let count = column.dictionary.count
    if ranges.count == 1, ranges[0].lowerBound == 0, Int(ranges[0].upperBound) == count - 1,
      column.longCode == nil
    {
      return .always
    }
    if options.usesRanges, ranges.count <= rangeLimit {
      return .ranges(ColumnMasks.Bounds(codes: ranges, width))
    }
    // One bit more than codes: the code of long strings.
    var bits = [UInt32](repeating: 0, count: (count + 1 + 31) / 32)
    for range in ranges { for code in range { bits[Int(code >> 5)] |= 1 << (code & 31) } }
    return .set(bits, width)
  }

  /// Codes that pass, for questions that the order of the dictionary answers; nil for others.
  private static func sorted(_ dictionary: StringDictionary, _ test: ScalarTest) -> [ClosedRange<UInt32>]? {
    guard !test.isLowered else { return nil }
    let count = dictionary.count
    switch test.question {
    case .compare(let comparison, let constant):
      switch constant {
      case .bool, .int, .double: return []
      case .time: return nil
      case .string(let bytes):
        let (low, high) = bounds(dictionary, bytes)
        switch comparison {
        case .equal, .notDistinct: return ranges(low..<high)
        case .notEqual, .distinct: return ranges(0..<low) + ranges(high..<count)
        case .less: return ranges(0..<low)
        case .lessOrEqual: return ranges(0..<high)
        case .greater: return ranges(high..<count)
        case .greaterOrEqual: return ranges(low..<count)
        }
      }
    case .between(.string(let lowest), .string(let highest), let isNegated):
      let low = bounds(dictionary, lowest).low
      let high = bounds(dictionary, highest).high
      if !isNegated { return low < high ? ranges(low..<high) : [] }
      return low < high ? ranges(0..<low) + ranges(high..<count) : ranges(0..<count)
    case .between(let low, let high, _):
      if case .time = low { return nil }
      if case .time = high { return nil }
      return []
    case .member(let set, let isNegated):
      guard set.times.isEmpty else { return nil }
      if isNegated, set.count > 0, set.stringCount == 0 { return [] }
      // A binary search of each string of the list, unless testing each string of the dictionary is less work.
      guard set.stringCount <= max(16, count / 16) else { return nil }
      var codes: [UInt32] = []
      for index in 0..<set.stringCount {
        if let code = dictionary.code(of: Array(set.string(index))) { codes.append(code) }
      }
      let found = joined(codes.sorted())
      return isNegated ? complement(found, count: count) : found
    case .text(let pattern, let isNegated):
      guard pattern.operation == .startsWith else { return nil }
      let span = prefixed(dictionary, pattern.source)
      return isNegated ? ranges(0..<span.lowerBound) + ranges(span.upperBound..<count) : ranges(span)
    }
  }

  /// The codes outside of which none passes.
  private static func candidates(_ dictionary: StringDictionary, _ test: ScalarTest) -> Range<Int> {
    guard !test.isLowered, case .text(let pattern, isNegated: false) = test.question, !pattern.prefix.isEmpty
    else { return 0..<dictionary.count }
    return prefixed(dictionary, pattern.prefix)
  }

  /// The codes of strings that begin with some bytes.
  private static func prefixed(_ dictionary: StringDictionary, _ prefix: [UInt8]) -> Range<Int> {
    let low = unsafe prefix.withUnsafeBytes { unsafe dictionary.lowerBound($0) }
    // The first string behind all that begin so: the prefix without its trailing 0xFF, with the last byte one up.
    var next = prefix
    while next.last == 0xFF { next.removeLast() }
    guard let last = next.last else { return low..<dictionary.count }
    next[next.count - 1] = last + 1
    let high = unsafe next.withUnsafeBytes { unsafe dictionary.lowerBound($0) }
    return low..<max(low, high)
  }

  private static func bounds(_ dictionary: StringDictionary, _ text: [UInt8]) -> (low: Int, high: Int) {
    unsafe text.withUnsafeBytes { unsafe (dictionary.lowerBound($0), dictionary.upperBound($0)) }
  }

  /// The codes of strings whose length in code points passes.
  static func lengths(_ dictionary: StringDictionary, _ test: ScalarTest) -> [ClosedRange<UInt32>] {
    unsafe tested(dictionary, 0..<dictionary.count, threads: 1) {
      ScalarTester(test)
    } passes: {
      tester, string in
      var length: Int64 = 0
      // Bytes that continue a code point begin with the bits 10.
      for index in 0..<string.count where unsafe string[index] & 0xC0 != 0x80 { length += 1 }
      return tester.passes(int: length)
    }
  }

  /// The codes of strings that pass, by testing each of a span once.
  private static func tested<Tester>(
    _ dictionary: StringDictionary, _ span: Range<Int>, threads: Int, _ make: @Sendable () -> Tester,
    passes: @Sendable (inout Tester, UnsafeRawBufferPointer) -> Bool
  ) -> [ClosedRange<UInt32>] {
    let blocks = (span.count + stringsAtOnce - 1) / stringsAtOnce
    let found = Mutex([[ClosedRange<UInt32>]](repeating: [], count: blocks))
    ParallelLoop.run(blocks: blocks, threads: threads) { block in
      var tester = make()
      let start = span.lowerBound + block * stringsAtOnce
      var ranges: [ClosedRange<UInt32>] = []
      var first: Int?
      let end = min(start + stringsAtOnce, span.upperBound)
      for code in start..<end {
        if unsafe passes(&tester, dictionary[code]) {
          if first == nil { first = code }
        } else if let begin = first {
          ranges.append(UInt32(begin)...UInt32(code - 1))
          first = nil
        }
      }
      if let begin = first { ranges.append(UInt32(begin)...UInt32(end - 1)) }
      let part = ranges
      found.withLock { $0[block] = part }
    }
    var result: [ClosedRange<UInt32>] = []
    for part in found.withLock({ $0 }) {
      var part = part[...]
      if let last = result.last, let first = part.first, last.upperBound + 1 == first.lowerBound {
        result[result.count - 1] = last.lowerBound...first.upperBound
        part = part.dropFirst()
      }
      result.append(contentsOf: part)
    }
    return result
  }

  private static func ranges(_ codes: Range<Int>) -> [ClosedRange<UInt32>] {
    codes.isEmpty ? [] : [UInt32(codes.lowerBound)...UInt32(codes.upperBound - 1)]
  }

  /// Ascending codes, each once, as ranges.
  private static func joined(_ codes: [UInt32]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    for code in codes {
      if let last = result.last, code <= last.upperBound + 1 {
        result[result.count - 1] = last.lowerBound...max(code, last.upperBound)
      } else {
        result.append(code...code)
      }
    }
    return result
  }

  private static func complement(_ ranges: [ClosedRange<UInt32>], count: Int) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var next = 0
    for range in ranges {
      if next < Int(range.lowerBound) { result.append(UInt32(next)...range.lowerBound - 1) }
      next = Int(range.upperBound) + 1
    }
    if next < count { result.append(UInt32(next)...UInt32(count - 1)) }
    return result
  }
}
