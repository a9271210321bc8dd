/// Evaluates a filter on one record after another, from the record's canonical JSON.
///
/// Nothing traps, whatever the bytes are; what is no canonical JSON counts as missing. Makes no allocation for ordinary
/// records. Each thread needs its own interpreter.
@safe
package struct FilterInterpreter {
  /// One part of the filter; numbers refer to the interpreter's arrays.
  enum Node {
    case constant(Bool)
    /// Parts are numbers in `children`.
    case and(Range<Int>)
    case or(Range<Int>)
    case not(Int)
    case scalar(path: Int, tester: Int)
    case length(path: Int, tester: Int)
    case pair(left: Int, FilterComparison, right: Int)
    case range(Int, low: Int, high: Int, isNegated: Bool)
    case blank(Int)
    case kind(path: Int, FilterKind, isNegated: Bool)
    case exists(path: Int)
    case contains(path: Int, test: Int)
    case quantified(Quantifier, path: Int, condition: Int)
    case geo(path: Int, test: Int)
  }

  /// What is asked of each value that a path finds.
  enum Question {
    /// Is there one?
    case any
    /// Does a candidate pass a tester?
    case scalar(Int)
    /// Does the length pass a tester?
    case length(Int)
    /// Is it of that kind, or for negated forms, of another?
    case kind(FilterKind, isNegated: Bool)
    /// Is it an array that passes a test?
    case contains(Int)
    /// Is it an array with an element on which a node is TRUE, or FALSE?
    case element(node: Int, isTrue: Bool)
    /// Is a candidate a place in a shape?
    case geo(Int)
    /// No: note the candidates.
    case collectCandidates
    /// No: note the lengths.
    case collectLengths
    /// No: note the candidates that are strings, in lower case.
    case collectLowered
  }

  /// All parts; the filter is number `root`.
  var nodes: [Node] = []
  var children: [Int] = []
  var paths: [FilterPath] = []
  var testers: [ScalarTester] = []
  var operands: [BoundOperand] = []
  var containsTests: [ContainsTest] = []
  var geoTests: [GeoTest] = []
  private var root = 0

  /// The record at hand, valid while it is evaluated; nil when it is empty.
  var record: RecordBytes?
  /// The element of the innermost quantifier.
  var element: Int?
  /// The record's identifier as a value.
  var id: FilterConstant = .bool(false)
  var created = FilterInstant(seconds: 0)
  var updated = FilterInstant(seconds: 0)
  /// What the collecting questions noted.
  var collected: [FilterConstant] = []
  /// Room for strings without their escapes, and for marks of values seen.
  var scratch: [UInt8] = []
  var seen: [Bool] = []
  private let usesID: Bool

  /// Makes an interpreter for a filter.
  package init(_ filter: BoundFilter) {
    usesID = filter.mentions(.id)
    root = add(filter)
  }

  /// Whether the filter is TRUE on a record.
  ///
  /// `metadata` is the record's canonical JSON, empty for `{}`, valid for the duration of the call; `created` and `updated`
  /// are nanoseconds since 1970.
  package mutating func matches(
    metadata: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer, idType: IDType, created: Int64,
    updated: Int64
  ) -> Bool {
    record = unsafe RecordBytes(metadata)
    if usesID { self.id = unsafe FilterInterpreter.constant(id, idType) }
    self.created = FilterInstant(nanoseconds: created)
    self.updated = FilterInstant(nanoseconds: updated)
    element = nil
    let result = evaluate(root)
    record = nil
    return result
  }

  /// An identifier as a value: a string, an integer, or the text of a UUID.
  package static func constant(_ id: UnsafeRawBufferPointer, _ type: IDType) -> FilterConstant {
    switch type {
    case .string: unsafe .string(Array(id))
    case .int64, .uuid:
      if let int = unsafe RecordID(bytes: Array(id), type: type).int64 {
        .int(int)
      } else {
        unsafe .string(Array(RecordID(bytes: Array(id), type: type).display.utf8))
      }
    }
  }

  // MARK: Preparing

  private mutating func add(_ filter: BoundFilter) -> Int {
    let node: Node
    switch filter {
    case .constant(let constant): node = .constant(constant)
    case .and(let parts): node = .and(add(parts))
    case .or(let parts): node = .or(add(parts))
    case .not(let inner): node = .not(add(inner))
    case .scalar(let path, let test):
      testers.append(ScalarTester(test))
      node = .scalar(path: add(path), tester: testers.count - 1)
    case .length(let path, let test):
      testers.append(ScalarTester(test))
      node = .length(path: add(path), tester: testers.count - 1)
    case .pair(let left, let comparison, let right):
      node = .pair(left: add(left), comparison, right: add(right))
    case .range(let operand, let low, let high, let isNegated):
      node = .range(add(operand), low: add(low), high: add(high), isNegated: isNegated)
    case .blank(let operand): node = .blank(add(operand))
    case .kind(let path, let kind, let isNegated): node = .kind(path: add(path), kind, isNegated: isNegated)
    case .exists(let path): node = .exists(path: add(path))
    case .contains(let path, let test):
      containsTests.append(test)
      node = .contains(path: add(path), test: containsTests.count - 1)
    case .quantified(let quantifier, let path, let condition):
      node = .quantified(quantifier, path: add(path), condition: add(condition))
    case .geo(let path, let test):
      geoTests.append(test)
      node = .geo(path: add(path), test: geoTests.count - 1)
    }
    nodes.append(node)
    return nodes.count - 1
  }

  private mutating func add(_ parts: [BoundFilter]) -> Range<Int> {
    let numbers = parts.map { add($0) }
    children += numbers
    return children.count - numbers.count..<children.count
  }

  private mutating func add(_ path: FilterPath) -> Int {
    if let known = paths.firstIndex(of: path) { return known }
    paths.append(path)
    return paths.count - 1
  }

  private mutating func add(_ operand: BoundOperand) -> Int {
    operands.append(operand)
    return operands.count - 1
  }

  // MARK: Evaluating

  /// Whether a part is TRUE on the record and the element at hand.
  mutating func evaluate(_ number: Int) -> Bool {
    switch nodes[number] {
    case .constant(let constant): return constant
    case .and(let parts):
      for part in parts where !evaluate(children[part]) { return false }
      return true
    case .or(let parts):
      for part in parts where evaluate(children[part]) { return true }
      return false
    case .not(let inner): return !evaluate(inner)
    case .scalar(let path, let tester): return find(path, .scalar(tester))
    case .length(let path, let tester): return find(path, .length(tester))
    case .pair(let left, let comparison, let right): return pair(left, comparison, right)
    case .range(let operand, let low, let high, let isNegated): return range(operand, low, high, isNegated)
    case .blank(let operand): return isBlank(operands[operand])
    case .kind(let path, let kind, let isNegated): return find(path, .kind(kind, isNegated: isNegated))
    case .exists(let path): return find(path, .any)
    case .contains(let path, let test): return find(path, .contains(test))
    case .quantified(let quantifier, let path, let condition): return quantified(quantifier, path, condition)
    case .geo(let path, let test): return find(path, .geo(test))
    }
  }

  private mutating func quantified(_ quantifier: Quantifier, _ path: Int, _ condition: Int) -> Bool {
    switch quantifier {
    case .any: find(path, .element(node: condition, isTrue: true))
    case .all:
      find(path, .kind(.array, isNegated: false)) && !find(path, .element(node: condition, isTrue: false))
    case .none:
      find(path, .kind(.array, isNegated: false)) && !find(path, .element(node: condition, isTrue: true))
    }
  }

  private mutating func pair(_ left: Int, _ comparison: FilterComparison, _ right: Int) -> Bool {
    let first = values(operands[left])
    guard !first.isEmpty else { return false }
    let second = values(operands[right])
    for a in first {
      for b in second { if let order = a.compare(b), comparison.holds(order) { return true } }
    }
    return false
  }

  private mutating func range(_ operand: Int, _ low: Int, _ high: Int, _ isNegated: Bool) -> Bool {
    let candidates = values(operands[operand])
    guard !candidates.isEmpty else { return false }
    let lows = values(operands[low])
    let highs = values(operands[high])
    for value in candidates {
      for low in lows {
        guard let below = value.compare(low) else { continue }
        for high in highs {
          guard let above = value.compare(high) else { continue }
          if (below != .less && above != .greater) != isNegated { return true }
        }
      }
    }
    return false
  }

  /// What an operand yields.
  private mutating func values(_ operand: BoundOperand) -> [FilterConstant] {
    collected.removeAll(keepingCapacity: true)
    switch operand {
    case .constant(let constant): return [constant]
    case .path(let path): _ = find(path, .collectCandidates)
    case .length(let path): _ = find(path, .collectLengths)
    case .lower(let path): _ = find(path, .collectLowered)
    }
    return collected
  }

  private mutating func isBlank(_ operand: BoundOperand) -> Bool {
    switch operand {
    case .constant: return false
    case .path(let path): return !find(path, .any) || find(path, .kind(.null, isNegated: false))
    case .length, .lower: return values(operand).isEmpty
    }
  }
}
