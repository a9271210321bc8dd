/// The distinct values of a list, for finding one of them in constant time.
///
/// Equal values are one value: 1 and 1.0. Immutable once made; safe to share between threads.
package final class FilterValueSet: Sendable {
  /// Whether false, true is among them.
  package let bools: (no: Bool, yes: Bool)
  /// The integers, and doubles that equal one, in the order of the list.
  package let ints: [Int64]
  /// Other doubles, in the order of the list.
  package let doubles: [Double]
  /// The instants, in the order of the list.
  package let times: [FilterInstant]
  /// Whether the list held NULL, which equals nothing.
  package let hasNull: Bool
  private let stringBytes: [UInt8]
  private let stringEnds: [Int]
  private let intSlots: [UInt32]
  private let doubleSlots: [UInt32]
  private let stringSlots: [UInt32]
  private let timeSet: Set<FilterInstant>
  private let hash: SecretHash

  /// Takes over what a builder gathered.
  package init(_ builder: Builder) {
    bools = builder.bools
    ints = builder.ints
    doubles = builder.doubles
    times = builder.times
    hasNull = builder.hasNull
    stringBytes = builder.stringBytes
    stringEnds = builder.stringEnds
    intSlots = builder.intTable.slots
    doubleSlots = builder.doubleTable.slots
    stringSlots = builder.stringTable.slots
    timeSet = builder.timeSet
    hash = builder.hash
  }

  /// Makes a set of values.
  package convenience init(_ values: [FilterConstant], hasNull: Bool = false) {
    var builder = Builder()
    for value in values { builder.insert(value) }
    builder.hasNull = hasNull
    self.init(builder)
  }

  /// How many strings there are.
  package var stringCount: Int { stringEnds.count }

  /// How many values there are, nulls left out.
  package var count: Int {
    (bools.no ? 1 : 0) + (bools.yes ? 1 : 0) + ints.count + doubles.count + times.count + stringCount
  }

  /// The bytes of string `index`, in the order of the list.
  ///
  /// Precondition: `index` is in `0..<stringCount`.
  package func string(_ index: Int) -> ArraySlice<UInt8> {
    stringBytes[(index == 0 ? 0 : stringEnds[index - 1])..<stringEnds[index]]
  }

  /// All values: booleans, integers, doubles, instants, strings.
  package var values: [FilterConstant] {
    (bools.no ? [.bool(false)] : []) + (bools.yes ? [.bool(true)] : []) + ints.map { .int($0) }
      + doubles.map { .double($0) } + times.map { .time($0) }
      + (0..<stringCount).map { .string(Array(string($0))) }
  }

  // MARK: Asking

  /// The number of a value in the set, below `count`; nil when it is not in it.
  ///
  /// Equal values have one number. An instant and a string that spells it are two values of the set, see `holds`.
  package func index(bool: Bool) -> Int? {
    guard bool ? bools.yes : bools.no else { return nil }
    return bool && bools.no ? 1 : 0
  }

  /// The number of an integer; see `index(bool:)`.
  @inline(__always)
  package func index(int: Int64) -> Int? {
    guard !ints.isEmpty else { return nil }
    let mask = intSlots.count - 1
    var slot = Int(truncatingIfNeeded: hash.number(UInt64(bitPattern: int))) & mask
    while intSlots[slot] != 0 {
      let index = Int(intSlots[slot]) - 1
      if ints[index] == int { return boolCount + index }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// The number of a double; see `index(bool:)`.
  package func index(double: Double) -> Int? {
    if let int = Int64(exactly: double) { return index(int: int) }
    guard !doubles.isEmpty else { return nil }
    let mask = doubleSlots.count - 1
    var slot = Int(truncatingIfNeeded: hash.number(double.bitPattern)) & mask
    while doubleSlots[slot] != 0 {
      let index = Int(doubleSlots[slot]) - 1
      if doubles[index] == double { return boolCount + ints.count + index }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// The number of a string among the strings; see `index(bool:)`.
  package func index(string: UnsafeRawBufferPointer) -> Int? {
    guard !stringEnds.isEmpty else { return nil }
    let mask = stringSlots.count - 1
    var slot = Int(truncatingIfNeeded: unsafe hash.bytes(string)) & mask
    while stringSlots[slot] != 0 {
      let index = Int(stringSlots[slot]) - 1
      if unsafe isString(index, string) { return count - stringCount + index }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Whether a value equal to this boolean is in the set.
  package func holds(bool: Bool) -> Bool { bool ? bools.yes : bools.no }

  /// Whether a value equal to this integer is in the set.
  package func holds(int: Int64) -> Bool { index(int: int) != nil }

  /// Whether a value equal to this double is in the set.
  package func holds(double: Double) -> Bool { index(double: double) != nil }

  /// Whether a value equal to this string is in the set: the string itself, or the instant that it spells.
  package func holds(string: UnsafeRawBufferPointer) -> Bool {
    if unsafe index(string: string) != nil { return true }
    guard !times.isEmpty, let instant = unsafe FilterInstant(string) else { return false }
    return timeSet.contains(instant)
  }

  /// Whether a value equal to this instant is in the set: the instant itself, or a string that spells it.
  package func holds(instant: FilterInstant) -> Bool {
    if timeSet.contains(instant) { return true }
    return (0..<stringCount).contains { FilterInstant(Array(string($0))) == instant }
  }

  /// Whether some value is comparable with booleans, numbers, this string, instants.
  package var comparesWithBools: Bool { bools.no || bools.yes }
  /// Whether some value is a number.
  package var comparesWithNumbers: Bool { !ints.isEmpty || !doubles.isEmpty }
  /// Whether some value is comparable with this string.
  package func compares(withString string: UnsafeRawBufferPointer) -> Bool {
    unsafe stringCount > 0 || (!times.isEmpty && FilterInstant(string) != nil)
  }
  /// Whether some value is comparable with instants.
  package var comparesWithInstants: Bool {
    !times.isEmpty || (0..<stringCount).contains { FilterInstant(Array(string($0))) != nil }
  }

  private var boolCount: Int { (bools.no ? 1 : 0) + (bools.yes ? 1 : 0) }

  private func isString(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = index == 0 ? 0 : stringEnds[index - 1]
    guard stringEnds[index] - start == bytes.count else { return false }
    guard let other = bytes.baseAddress, bytes.count > 0 else { return true }
    return unsafe stringBytes.withUnsafeBytes { all in
      // Safe: the string's bytes end at `stringEnds[index]`, inside `stringBytes`.
      unsafe all.baseAddress.map { unsafe equalBytes($0 + start, other, bytes.count) } ?? false
    }
  }
}

extension FilterValueSet: Equatable {
  /// Whether both hold the same values in the same order.
  package static func == (left: FilterValueSet, right: FilterValueSet) -> Bool {
    left === right
      || (left.bools == right.bools && left.ints == right.ints && left.doubles == right.doubles
        && left.times == right.times && left.hasNull == right.hasNull && left.stringEnds == right.stringEnds
        && left.stringBytes == right.stringBytes)
  }
}
