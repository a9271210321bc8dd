import FileStorage
import Synchronization
import VectorMath

/// A question to one column of a segment: which rows have a value there that passes.
enum ColumnQuestion: Sendable {
  /// Any value.
  case present
  /// One that passes the test; with `isComplement`, one of the column's type that does not.
  case values(ScalarTest, isComplement: Bool)
  /// A string that must be read from the row.
  case long
  /// Strings and arrays: one whose length, as an integer, passes.
  case length(ScalarTest)
}

/// How the values of a column are tested, once the column is open.
enum ColumnTest: Sendable {
  /// None passes.
  case never
  /// Each passes.
  case always
  /// Those in closed ranges.
  case ranges(ColumnMasks.Bounds)
  /// Codes whose bit is one.
  case set([UInt32], ColumnMasks.CodeWidth)
  /// Integers of the list, or those not in it.
  case ints(FilterValueSet, isNegated: Bool)
  /// Doubles of the list, or those not in it.
  case doubles(FilterValueSet, isNegated: Bool)
  /// Booleans.
  case bools(no: Bool, yes: Bool)
  /// Strings, row by row.
  case strings(ScalarTest, isComplement: Bool)
  /// Arrays with such a number of elements, at most 2^32.
  case lengths([ClosedRange<Int64>])

  /// Whether testing a value costs so much that it is done only for rows asked for.
  var isExpensive: Bool {
    switch self {
    case .never, .always, .ranges, .set, .bools, .lengths: false
    case .ints, .doubles, .strings: true
    }
  }
}

/// One column and a question to it.
///
/// The column is opened, and the question prepared, when the first rows are asked for.
///
/// Safe to use from several threads.
final class ColumnScan: Sendable {
  /// A column with its prepared question.
  struct Ready: Sendable {
    let column: Column
    let test: ColumnTest
  }

  let info: ColumnInfo
  let question: ColumnQuestion
  private let set: ColumnSet
  private let options: FilterEvaluationOptions
  private let ready = Mutex<Ready?>(nil)
  /// The share of rows that will be asked for, at a guess.
  private let expectedShare = Mutex(1.0)

  init(
    _ info: ColumnInfo, _ question: ColumnQuestion, _ set: ColumnSet, _ options: FilterEvaluationOptions
  ) {
    self.info = info
    self.question = question
    self.set = set
    self.options = options
  }

  /// Says which share of the segment's rows will be asked for, at a guess.
  func expect(_ share: Double) { expectedShare.withLock { $0 = share } }

  private var expectedRows: Int { Int(Double(info.values) * expectedShare.withLock { min(1, max(0, $0)) }) }

  /// The prepared test, as far as the column was needed; nil before.
  var prepared: Ready? { ready.withLock { $0 } }

  /// Opens the column and prepares the question.
  func open() throws(StorageError) -> Ready {
    try ready.withLock { (known) throws(StorageError) -> Ready in
      if let known { return known }
      let column = try set.column(info)
      let made = Ready(column: column, test: makeTest(column))
      known = made
      return made
    }
  }

  private func makeTest(_ column: Column) -> ColumnTest {
    switch question {
    case .present: return .always
    case .long:
      guard let code = column.longCode, let width = CodeTests.width(column) else { return .never }
      return .ranges(ColumnMasks.Bounds(codes: [code...code], width))
    case .length(let test):
      if info.type.isArray { return .lengths(NumberRanges.ints(test) ?? []) }
      return CodeTests.make(column, options) { CodeTests.lengths(column.dictionary, test) }
    case .values(let test, let isComplement):
      switch info.type.element {
      case .bool:
        let tester = ScalarTester(test)
        return .bools(
          no: tester.passes(bool: false) != isComplement, yes: tester.passes(bool: true) != isComplement)
      case .int64: return intTest(test, isComplement)
      case .double: return doubleTest(test, isComplement)
      case .string: return CodeTests.make(column, test, isComplement, options, expectedRows: expectedRows)
      case .boolArray, .int64Array, .doubleArray, .stringArray, .nullOnly, .emptyArray, .emptyObject,
        .mixedArray, .rowOnly:
        return .never
      }
    }
  }

  private func intTest(_ test: ScalarTest, _ isComplement: Bool) -> ColumnTest {
    if options.usesRanges, let ranges = NumberRanges.ints(test),
      let wanted = isComplement ? NumberRanges.complement(ranges) : ranges
    {
      if wanted.isEmpty { return .never }
      if case .int(let low)? = info.minimum, case .int(let high)? = info.maximum {
        let met = wanted.filter { $0.lowerBound <= high && $0.upperBound >= low }
        if met.isEmpty { return .never }
        if met.contains(where: { $0.lowerBound <= low && $0.upperBound >= high }) { return .always }
        return .ranges(.int64s(met.flatMap { [$0.lowerBound, $0.upperBound] }))
      }
      return .ranges(.int64s(wanted.flatMap { [$0.lowerBound, $0.upperBound] }))
    }
    if case .member(let values, let isNegated) = test.question, !test.isLowered {
      let isBlind = isNegated && values.count > 0 && !values.comparesWithNumbers
      if isBlind { return isComplement ? .always : .never }
      return .ints(values, isNegated: isNegated != isComplement)
    }
    // Without ranges: the few that there are, as a list of pairs for the kernel all the same.
    let ranges = NumberRanges.ints(test) ?? []
    let wanted = isComplement ? NumberRanges.complement(ranges) ?? [] : ranges
    return wanted.isEmpty ? .never : .ranges(.int64s(wanted.flatMap { [$0.lowerBound, $0.upperBound] }))
  }

  private func doubleTest(_ test: ScalarTest, _ isComplement: Bool) -> ColumnTest {
    if options.usesRanges, let ranges = NumberRanges.doubles(test),
      let wanted = isComplement ? NumberRanges.complement(ranges) : ranges
    {
      if wanted.isEmpty { return .never }
      if case .double(let low)? = info.minimum, case .double(let high)? = info.maximum {
        let met = wanted.filter { $0.lowerBound <= high && $0.upperBound >= low }
        if met.isEmpty { return .never }
        if met.contains(where: { $0.lowerBound <= low && $0.upperBound >= high }) { return .always }
        return .ranges(.doubles(met.flatMap { [$0.lowerBound, $0.upperBound] }))
      }
      return .ranges(.doubles(wanted.flatMap { [$0.lowerBound, $0.upperBound] }))
    }
    if case .member(let values, let isNegated) = test.question, !test.isLowered {
      let isBlind = isNegated && values.count > 0 && !values.comparesWithNumbers
      if isBlind { return isComplement ? .always : .never }
      return .doubles(values, isNegated: isNegated != isComplement)
    }
    let ranges = NumberRanges.doubles(test) ?? []
    let wanted = isComplement ? NumberRanges.complement(ranges) ?? [] : ranges
    return wanted.isEmpty ? .never : .ranges(.doubles(wanted.flatMap { [$0.lowerBound, $0.upperBound] }))
  }
}
