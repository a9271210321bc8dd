/// Moves a set of program states on by one byte.
///
/// Without assertions a set holds the states that take a byte, found from the targets of the last step. With them it holds
/// the targets themselves, and what they lead to is looked for when the next byte is known: an assertion looks at both
/// sides.
struct RegexStepper {
  /// What stands before a place in the text.
  enum Context: UInt8 {
    case textStart, newline, word, other
  }

  private let program: RegexProgram
  /// The set after the last step, in ascending order.
  private(set) var members: [Int32] = []
  /// What the last byte was; always `other` for programs without assertions.
  private(set) var context = Context.other
  /// Whether the text matches already.
  private(set) var isMatched = false
  /// States looked at by the last step.
  private(set) var looked = 0

  private var reached = SparseSet()
  private var open: [Int32] = []
  private var targets = SparseSet()

  /// Makes a stepper.
  init(_ program: RegexProgram) {
    self.program = program
    reached = SparseSet(capacity: program.states.count)
    targets = SparseSet(capacity: program.states.count)
  }

  /// Makes the set at the start of a text.
  mutating func begin() {
    looked = 0
    isMatched = false
    members = []
    guard program.start >= 0 else { return }
    if program.hasAssertions {
      context = .textStart
      members = [program.start]
    } else {
      reached.removeAll()
      follow(program.start)
      takeReached()
    }
  }

  /// Moves a set on by a byte, nil for the end of the text; a state that stands for a match ends everything.
  mutating func step(from set: ArraySlice<Int32>, context before: Context, byte: UInt8?) {
    looked = set.count
    isMatched = false
    reached.removeAll()
    if program.hasAssertions {
      for state in set { follow(state, before: before, byte: byte) }
      members = []
      guard !isMatched, let byte else { return }
      targets.removeAll()
      for state in reached.members { move(state, byte) }
      if !program.isAnchored, program.start >= 0 { targets.insert(program.start) }
      members = targets.members.sorted()
      context = RegexStepper.isWord(byte) ? .word : (byte == 0x0A ? .newline : .other)
    } else {
      members = []
      guard let byte else { return }
      targets.removeAll()
      for state in set { move(state, byte) }
      for state in targets.members { follow(state) }
      if !program.isAnchored, program.start >= 0 { follow(program.start) }
      if !isMatched { takeReached() }
    }
  }

  /// Notes where a state goes with a byte.
  private mutating func move(_ state: Int32, _ byte: UInt8) {
    let entry = program.states[Int(state)]
    guard entry.kind == .byte, byte >= entry.low, byte <= entry.high else { return }
    // A part that can never match leads nowhere.
    if entry.next >= 0 { targets.insert(entry.next) }
  }

  private mutating func takeReached() {
    members = reached.members.filter { program.states[Int($0)].kind == .byte }
    members.sort()
  }

  /// Notes everything that a state leads to without a byte.
  private mutating func follow(_ start: Int32, before: Context? = nil, byte: UInt8? = nil) {
    open.append(start)
    while let state = open.popLast() {
      guard reached.insert(state) else { continue }
      looked += 1
      let entry = program.states[Int(state)]
      switch entry.kind {
      case .byte: break
      case .match: isMatched = true
      case .split:
        if entry.other >= 0 { open.append(entry.other) }
        if entry.next >= 0 { open.append(entry.next) }
      case .assertion:
        if let before, RegexStepper.holds(entry.low, before, byte), entry.next >= 0 {
          open.append(entry.next)
        }
      }
    }
  }

  private static func holds(_ assertion: UInt8, _ before: Context, _ byte: UInt8?) -> Bool {
    let wordBefore = before == .word
    let wordAfter = byte.map(isWord) ?? false
    switch RegexAssertion(rawValue: assertion) {
    case .textStart: return before == .textStart
    case .textEnd: return byte == nil
    case .lineStart: return before == .textStart || before == .newline
    case .lineEnd: return byte == nil || byte == 0x0A
    case .wordBoundary: return wordBefore != wordAfter
    // There is no place between the bytes of one code point.
    case .notWordBoundary: return wordBefore == wordAfter && (byte ?? 0) & 0xC0 != 0x80
    case nil: return false
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte &- 0x30 <= 9 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F
  }
}

/// A set of small numbers that is emptied in constant time (Briggs and Torczon 1993).
struct SparseSet {
  private(set) var members: [Int32] = []
  private var places: [Int32]

  /// Makes an empty set of numbers below `capacity`.
  init(capacity: Int = 0) { places = [Int32](repeating: 0, count: capacity) }

  /// Adds a number; false when it was there.
  @discardableResult
  mutating func insert(_ number: Int32) -> Bool {
    let place = Int(places[Int(number)])
    guard place >= members.count || members[place] != number else { return false }
    places[Int(number)] = Int32(members.count)
    members.append(number)
    return true
  }

  /// Empties the set.
  mutating func removeAll() { members.removeAll(keepingCapacity: true) }
}
