/// A regular expression as a machine over bytes (Thompson 1968): a set of states is moved on by each byte of the text.
///
/// The order in which alternatives are tried makes no difference to whether a text matches, so lazy and greedy
/// quantifiers are one, and no state needs to be tried twice at one place.
struct RegexProgram: Sendable {
  /// What a state does.
  enum Kind: UInt8, Sendable {
    /// Takes a byte in `low...high` and goes to `next`.
    case byte
    /// Goes to `next` and to `other`.
    case split
    /// Goes to `next` where the assertion with number `low` holds.
    case assertion
    /// The text matches.
    case match
  }

  /// One state.
  struct State: Sendable {
    var kind: Kind
    var low: UInt8 = 0
    var high: UInt8 = 0
    var next: Int32 = -1
    var other: Int32 = -1
  }

  /// All states.
  private(set) var states: [State] = []
  /// Where matching begins; -1 when nothing ever matches.
  private(set) var start: Int32 = -1
  /// Whether a match can only begin where the text begins.
  private(set) var isAnchored = false
  /// Whether there are assertions.
  private(set) var hasAssertions = false
  /// The class of each byte: bytes of one class lead to the same states everywhere.
  private(set) var classes = [UInt8](repeating: 0, count: 256)
  /// One byte of each class.
  private(set) var representatives: [UInt8] = []
  private var shared: [UInt64: Int32] = [:]

  /// Compiles a tree; nil when it has too many states.
  init?(_ node: RegexNode) {
    states.append(State(kind: .match))
    guard let start = build(node, to: 0) else { return nil }
    self.start = start
    isAnchored = RegexProgram.isAnchored(node)
    shared = [:]
    divideBytes()
  }

  // MARK: Building, from the end to the start

  /// Adds states that match the node and then go to `next`; gives the first of them, -1 when the node never matches.
  private mutating func build(_ node: RegexNode, to next: Int32) -> Int32? {
    guard states.count <= RegexLimits.byteStates else { return nil }
    guard next >= 0 else { return -1 }
    switch node {
    case .empty: return next
    case .set(let set): return build(set, to: next)
    case .assertion(let assertion):
      hasAssertions = true
      return add(State(kind: .assertion, low: assertion.rawValue, next: next))
    case .sequence(let parts):
      var entry = next
      for part in parts.reversed() {
        guard let built = build(part, to: entry) else { return nil }
        entry = built
      }
      return entry
    case .choice(let parts):
      var entry: Int32 = -1
      for part in parts.reversed() {
        guard let built = build(part, to: next) else { return nil }
        entry = join(built, entry)
      }
      return entry
    case .repetition(let inner, let least, let most): return build(inner, least, most, to: next)
    }
  }

  private mutating func build(_ inner: RegexNode, _ least: Int, _ most: Int?, to next: Int32) -> Int32? {
    var entry = next
    if let most {
      for _ in least..<max(most, least) {
        guard let built = build(inner, to: entry) else { return nil }
        entry = join(built, next)
      }
    } else {
      let loop = add(State(kind: .split, next: -1, other: next))
      guard let built = build(inner, to: loop) else { return nil }
      states[Int(loop)].next = built
      entry = loop
    }
    for _ in 0..<least {
      guard let built = build(inner, to: entry) else { return nil }
      entry = built
    }
    return entry
  }

  private mutating func build(_ set: CodePointSet, to next: Int32) -> Int32? {
    var entry: Int32 = -1
    for range in set.ranges.reversed() {
      for sequence in UTF8Ranges.sequences(range).reversed() {
        var state = next
        for bytes in sequence.reversed() { state = byteState(bytes, to: state) }
        entry = join(state, entry)
      }
      guard states.count <= RegexLimits.byteStates else { return nil }
    }
    return entry
  }

  /// A state for a range of bytes, the same one for the same range and target.
  private mutating func byteState(_ bytes: ClosedRange<UInt8>, to next: Int32) -> Int32 {
    let key =
      UInt64(UInt32(bitPattern: next)) << 16 | UInt64(bytes.lowerBound) << 8 | UInt64(bytes.upperBound)
    if let known = shared[key] { return known }
    let state = add(State(kind: .byte, low: bytes.lowerBound, high: bytes.upperBound, next: next))
    shared[key] = state
    return state
  }

  private mutating func join(_ first: Int32, _ second: Int32) -> Int32 {
    guard first >= 0 else { return second }
    guard second >= 0 else { return first }
    return first == second ? first : add(State(kind: .split, next: first, other: second))
  }

  private mutating func add(_ state: State) -> Int32 {
    states.append(state)
    return Int32(states.count - 1)
  }

  // MARK: Facts

  private static func isAnchored(_ node: RegexNode) -> Bool {
    switch node {
    case .assertion(let assertion): assertion == .textStart
    case .sequence(let parts): parts.first.map(isAnchored) ?? false
    case .choice(let parts): parts.allSatisfy(isAnchored)
    case .repetition(let inner, let least, _): least > 0 && isAnchored(inner)
    case .empty, .set: false
    }
  }

  /// Finds bytes that no state tells apart.
  private mutating func divideBytes() {
    var isEnd = [Bool](repeating: false, count: 256)
    func divide(_ low: UInt8, _ high: UInt8) {
      if low > 0 { isEnd[Int(low) - 1] = true }
      isEnd[Int(high)] = true
    }
    for state in states where state.kind == .byte { divide(state.low, state.high) }
    if hasAssertions {
      divide(0x0A, 0x0A)
      divide(0x80, 0xBF)
      for range in CodePointSet.word.ranges {
        divide(UInt8(truncatingIfNeeded: range.lowerBound), UInt8(truncatingIfNeeded: range.upperBound))
      }
    }
    var number: UInt8 = 0
    for byte in 0..<256 {
      classes[byte] = number
      if representatives.count == Int(number) { representatives.append(UInt8(byte)) }
      if isEnd[byte], byte < 255 { number += 1 }
    }
  }
}
