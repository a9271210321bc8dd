/// A question to one scalar, the same for each record.
///
/// Immutable; safe to share between threads. `ScalarTester` answers it.
package struct ScalarTest: Sendable {
  /// What is asked.
  package enum Question: Sendable {
    /// The scalar is comparable with the constant and stands to it so; never `distinct` or `notDistinct`.
    case compare(FilterComparison, FilterConstant)
    /// It is comparable with both and low <= scalar <= high; negated: comparable with both and outside.
    case between(low: FilterConstant, high: FilterConstant, isNegated: Bool)
    /// It equals a value of the set.
    ///
    /// Negated: it equals none, and the set has no values or one that is comparable with the scalar.
    case member(FilterValueSet, isNegated: Bool)
    /// It is a string that matches; negated: a string that does not.
    case text(TextPattern, isNegated: Bool)
  }

  /// What is asked.
  package let question: Question
  /// Whether a string is put in lower case first, and anything else fails: `LOWER(path)`.
  package let isLowered: Bool

  /// Makes a test.
  package init(_ question: Question, isLowered: Bool = false) {
    self.question = question
    self.isLowered = isLowered
  }
}

/// Answers a `ScalarTest` for one value after another, with room that is used again.
///
/// Each thread needs its own. Nothing here traps, whatever the bytes are.
package struct ScalarTester {
  /// The question.
  package let test: ScalarTest
  private var matcher: TextMatcher?
  private var lowered: [UInt8] = []

  /// Makes a tester.
  package init(_ test: ScalarTest) {
    self.test = test
    if case .text(let pattern, _) = test.question { matcher = TextMatcher(pattern) }
  }

  /// Whether a boolean passes.
  package func passes(bool: Bool) -> Bool {
    guard !test.isLowered else { return false }
    switch test.question {
    case .compare, .between: return passes(constant: .bool(bool))
    case .member(let set, let isNegated):
      return isNegated
        ? !set.holds(bool: bool) && (set.count == 0 || set.comparesWithBools) : set.holds(bool: bool)
    case .text: return false
    }
  }

  /// Whether an integer passes.
  package func passes(int: Int64) -> Bool {
    guard !test.isLowered else { return false }
    switch test.question {
    case .compare, .between: return passes(constant: .int(int))
    case .member(let set, let isNegated):
      return isNegated
        ? !set.holds(int: int) && (set.count == 0 || set.comparesWithNumbers) : set.holds(int: int)
    case .text: return false
    }
  }

  /// Whether a double passes.
  package func passes(double: Double) -> Bool {
    guard !test.isLowered else { return false }
    switch test.question {
    case .compare, .between: return passes(constant: .double(double))
    case .member(let set, let isNegated):
      return isNegated
        ? !set.holds(double: double) && (set.count == 0 || set.comparesWithNumbers)
        : set.holds(double: double)
    case .text: return false
    }
  }

  /// Whether an instant passes.
  package func passes(instant: FilterInstant) -> Bool {
    guard !test.isLowered else { return false }
    switch test.question {
    case .compare, .between: return passes(constant: .time(instant))
    case .member(let set, let isNegated):
      return isNegated
        ? !set.holds(instant: instant) && (set.count == 0 || set.comparesWithInstants)
        : set.holds(instant: instant)
    case .text: return false
    }
  }

  /// Whether a string passes, given as UTF-8 without escapes, valid for the duration of the call.
  package mutating func passes(string: UnsafeRawBufferPointer) -> Bool {
    guard test.isLowered else { return unsafe passes(plain: string) }
    var lowered = lowered
    lowered.removeAll(keepingCapacity: true)
    self.lowered = []
    unsafe LowerCase.append(string, to: &lowered)
    let passes = unsafe lowered.withUnsafeBytes { bytes in unsafe self.passes(plain: bytes) }
    self.lowered = lowered
    return passes
  }

  private mutating func passes(plain string: UnsafeRawBufferPointer) -> Bool {
    switch test.question {
    case .compare(let comparison, let constant):
      guard let order = unsafe ScalarTester.compare(string, constant) else { return false }
      return comparison.holds(order)
    case .between(let low, let high, let isNegated):
      guard let below = unsafe ScalarTester.compare(string, low),
        let above = unsafe ScalarTester.compare(string, high)
      else { return false }
      return (below != .less && above != .greater) != isNegated
    case .member(let set, let isNegated):
      let holds = unsafe set.holds(string: string)
      guard isNegated, !holds else { return holds && !isNegated }
      return unsafe set.count == 0 || set.compares(withString: string)
    case .text(_, let isNegated):
      return unsafe (matcher?.matches(string) ?? false) != isNegated
    }
  }

  private func passes(constant value: FilterConstant) -> Bool {
    switch test.question {
    case .compare(let comparison, let constant):
      return value.compare(constant).map { comparison.holds($0) } ?? false
    case .between(let low, let high, let isNegated):
      guard let below = value.compare(low), let above = value.compare(high) else { return false }
      return (below != .less && above != .greater) != isNegated
    case .member, .text: return false
    }
  }

  private static func compare(_ string: UnsafeRawBufferPointer, _ constant: FilterConstant) -> ValueOrder? {
    switch constant {
    case .string(let bytes): return unsafe bytes.withUnsafeBytes { unsafe compareBytes(string, $0) }
    case .time(let instant): return unsafe FilterInstant(string)?.compare(instant)
    case .bool, .int, .double: return nil
    }
  }
}
