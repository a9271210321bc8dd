/// Matches texts with a regular expression, with room that is used again.
///
/// Sets of the program's states become states of a deterministic machine, made when a text first needs them (Aho, Sethi,
/// Ullman: Compilers, 3.7; as in RE2) and kept in bounded room; when that is full, all are forgotten and made anew. So
/// each byte of a text costs one look into a table, or at worst one step of the whole program: time is linear in the
/// length of the text whatever the pattern is. Each thread needs its own matcher.
package final class RegexMatcher {
  /// Entries of the table of transitions, 4 bytes each.
  private static let tableEntries = 1 << 17
  /// Members of all sets kept, 4 bytes each.
  private static let memberEntries = 1 << 18

  /// Shorter texts are not searched for what each match holds.
  private static let shortText = 24

  /// What is asked.
  package let expression: RegularExpression
  /// Program states looked at and bytes read so far: a measure of work that does not depend on the computer.
  package private(set) var work = 0
  /// How often the room was full.
  package private(set) var resets = 0

  private let table: RegexTable
  private let width: Int
  private let prefix: [UInt8]
  private let required: [UInt8]
  private let isWhole: Bool
  private var stepper: RegexStepper
  private var sets: RegexSets
  /// Whether the empty text matches, and so every text.
  private var matchesAll = false

  /// Makes a matcher.
  package init(_ expression: RegularExpression) {
    self.expression = expression
    let program = expression.program
    width = program.representatives.count + 1
    table = RegexTable(classes: program.classes, width: width, entries: RegexMatcher.tableEntries)
    prefix = program.hasAssertions ? [] : expression.literals.prefix
    required = expression.literals.required
    isWhole = expression.literals.isWhole
    stepper = RegexStepper(program)
    sets = RegexSets(rows: table.rows, members: RegexMatcher.memberEntries)
    begin()
  }

  /// Whether a text holds a match, given as UTF-8, valid for the duration of the call.
  package func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    guard !matchesAll else { return true }
    var start = 0
    // In a short text the search for what each match holds takes longer than the match.
    if !required.isEmpty, isWhole || text.count >= Self.shortText {
      guard let found = unsafe ByteSearch.find(required, in: text, from: 0) else { return false }
      if isWhole { return true }
      if !prefix.isEmpty {
        // No match begins before the first place of what each match begins with.
        guard
          let first = unsafe prefix.count == required.count
            ? found : ByteSearch.find(prefix, in: text, from: 0)
        else { return false }
        start = first
      }
    }
    return unsafe run(text, from: start)
  }

  private func run(_ text: UnsafeRawBufferPointer, from start: Int) -> Bool {
    var state = 0
    var at = start
    work &+= text.count &- start
    while true {
      at = unsafe table.run(text, from: at, state: &state)
      guard at < text.count else { break }
      let byteClass = table.byteClass(unsafe text[at])
      var target = table[state + byteClass]
      if target == RegexTable.unknown { target = make(state, byteClass) }
      if target < 0 { return target == RegexTable.matched }
      state = Int(target)
      at &+= 1
    }
    var target = table[state + width - 1]
    if target == RegexTable.unknown { target = make(state, width - 1) }
    return target == RegexTable.matched
  }

  /// Forgets all states and makes the first one, which is state 0.
  private func begin() {
    sets.removeAll()
    stepper.begin()
    matchesAll = stepper.isMatched
    _ = sets.add(stepper.members, context: stepper.context)
    table.clear(row: 0)
  }

  /// Makes one transition; gives its target.
  private func make(_ state: Int, _ byteClass: Int) -> Int32 {
    let row = state / width
    let representatives = expression.program.representatives
    stepper.step(
      from: sets.members(row), context: sets.context(row),
      byte: byteClass < representatives.count ? representatives[byteClass] : nil)
    work &+= stepper.looked
    if stepper.isMatched {
      table[state + byteClass] = RegexTable.matched
      return RegexTable.matched
    }
    if stepper.members.isEmpty {
      table[state + byteClass] = RegexTable.dead
      return RegexTable.dead
    }
    if let known = sets.find(stepper.members, context: stepper.context) {
      let target = Int32(truncatingIfNeeded: known * width)
      table[state + byteClass] = target
      return target
    }
    if let added = sets.add(stepper.members, context: stepper.context) {
      table.clear(row: added)
      let target = Int32(truncatingIfNeeded: added * width)
      table[state + byteClass] = target
      return target
    }
    // The row that the transition belongs to is forgotten as well.
    resets += 1
    let members = stepper.members
    let context = stepper.context
    begin()
    guard let added = sets.find(members, context: context) ?? sets.add(members, context: context) else {
      return RegexTable.dead
    }
    if added > 0 { table.clear(row: added) }
    return Int32(truncatingIfNeeded: added * width)
  }
}
