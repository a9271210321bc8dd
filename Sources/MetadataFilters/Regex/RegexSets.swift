/// The sets of program states that the states of the deterministic machine stand for.
struct RegexSets {
  private let rowLimit: Int
  private let memberLimit: Int
  private var flat: [Int32] = []
  private var ends: [Int] = []
  private var contexts: [RegexStepper.Context] = []
  /// Row + 1 of each slot, 0 for none.
  private var slots: [Int32]

  /// Makes room for so many sets with so many members in all.
  init(rows: Int, members: Int) {
    rowLimit = rows
    memberLimit = members
    var count = 16
    while count < rows * 2 { count *= 2 }
    slots = [Int32](repeating: 0, count: count)
  }

  /// Forgets all sets.
  mutating func removeAll() {
    for row in ends.indices { clearSlot(of: row) }
    flat.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    contexts.removeAll(keepingCapacity: true)
  }

  /// The members of a set.
  func members(_ row: Int) -> ArraySlice<Int32> { flat[(row == 0 ? 0 : ends[row - 1])..<ends[row]] }

  /// What stands before a place where the set is current.
  func context(_ row: Int) -> RegexStepper.Context { contexts[row] }

  /// The row of a set; nil when it is not there.
  func find(_ members: [Int32], context: RegexStepper.Context) -> Int? {
    var slot = hash(members[...], context) & (slots.count - 1)
    while slots[slot] != 0 {
      let row = Int(slots[slot]) - 1
      if contexts[row] == context, self.members(row).elementsEqual(members) { return row }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Adds a set that is not there; nil when the room is full.
  ///
  /// There is always room for two sets.
  mutating func add(_ members: [Int32], context: RegexStepper.Context) -> Int? {
    guard ends.count < rowLimit, ends.count < 2 || flat.count + members.count <= memberLimit else {
      return nil
    }
    let row = ends.count
    flat += members
    ends.append(flat.count)
    contexts.append(context)
    var slot = hash(members[...], context) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(truncatingIfNeeded: row + 1)
    return row
  }

  /// Empties every slot from the set's first one up to an empty one; all sets are being forgotten.
  private mutating func clearSlot(of row: Int) {
    var slot = hash(members(row), contexts[row]) & (slots.count - 1)
    while slots[slot] != 0 {
      slots[slot] = 0
      slot = (slot + 1) & (slots.count - 1)
    }
  }

  private func hash(_ members: ArraySlice<Int32>, _ context: RegexStepper.Context) -> Int {
    var state = UInt64(context.rawValue) &+ 0x9E37_79B9_7F4A_7C15
    for member in members {
      state = (state ^ UInt64(UInt32(bitPattern: member))) &* 0xFF51_AFD7_ED55_8CCD
      state ^= state >> 32
    }
    return Int(truncatingIfNeeded: state)
  }
}
