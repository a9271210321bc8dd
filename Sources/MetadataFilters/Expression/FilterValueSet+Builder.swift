extension FilterValueSet {
  /// Gathers the values of a list, each distinct one once, in flat arrays.
  package struct Builder: Sendable {
    private(set) var bools = (no: false, yes: false)
    private(set) var ints: [Int64] = []
    private(set) var doubles: [Double] = []
    private(set) var times: [FilterInstant] = []
    private(set) var stringBytes: [UInt8] = []
    private(set) var stringEnds: [Int] = []
    private(set) var intTable = HashSlots()
    private(set) var doubleTable = HashSlots()
    private(set) var stringTable = HashSlots()
    private(set) var timeSet: Set<FilterInstant> = []
    /// Whether the list holds NULL.
    package var hasNull = false
    let hash = SecretHash()

    /// Makes an empty builder.
    package init() {}

    /// Bytes that the values take.
    package var memory: Int {
      stringBytes.count + 8 * (stringEnds.count + ints.count + doubles.count) + 16 * times.count
        + 4 * (intTable.slots.count + doubleTable.slots.count + stringTable.slots.count)
    }

    /// Adds a value unless an equal one is there.
    package mutating func insert(_ value: FilterConstant) {
      switch value {
      case .bool(let bool): if bool { bools.yes = true } else { bools.no = true }
      case .int(let int): insert(int)
      case .double(let double):
        if let int = Int64(exactly: double) { insert(int) } else { insert(double) }
      case .time(let time): if timeSet.insert(time).inserted { times.append(time) }
      case .string(let bytes): unsafe bytes.withUnsafeBytes { unsafe insert(string: $0) }
      }
    }

    private mutating func insert(_ int: Int64) {
      var slot = intTable.slot(hash.number(UInt64(bitPattern: int)))
      while let number = intTable[slot] {
        if ints[number] == int { return }
        slot = intTable.next(slot)
      }
      intTable.put(ints.count, at: slot)
      ints.append(int)
      guard intTable.isCrowded(ints.count) else { return }
      intTable.grow()
      for index in ints.indices { intTable.add(index, hash.number(UInt64(bitPattern: ints[index]))) }
    }

    private mutating func insert(_ double: Double) {
      var slot = doubleTable.slot(hash.number(double.bitPattern))
      while let number = doubleTable[slot] {
        if doubles[number] == double { return }
        slot = doubleTable.next(slot)
      }
      doubleTable.put(doubles.count, at: slot)
      doubles.append(double)
      guard doubleTable.isCrowded(doubles.count) else { return }
      doubleTable.grow()
      for index in doubles.indices { doubleTable.add(index, hash.number(doubles[index].bitPattern)) }
    }

    /// Adds a string unless it is there.
    package mutating func insert(string: UnsafeRawBufferPointer) {
      var slot = stringTable.slot(unsafe hash.bytes(string))
      while let number = stringTable[slot] {
        if unsafe isString(number, string) { return }
        slot = stringTable.next(slot)
      }
      stringTable.put(stringEnds.count, at: slot)
      unsafe stringBytes.append(contentsOf: string)
      stringEnds.append(stringBytes.count)
      guard stringTable.isCrowded(stringEnds.count) else { return }
      stringTable.grow()
      unsafe stringBytes.withUnsafeBytes { all in
        for index in stringEnds.indices {
          // Safe: string ends ascend and lie inside the bytes.
          let range = (index == 0 ? 0 : stringEnds[index - 1])..<stringEnds[index]
          stringTable.add(index, unsafe hash.bytes(UnsafeRawBufferPointer(rebasing: all[range])))
        }
      }
    }

    private func isString(_ index: Int, _ string: UnsafeRawBufferPointer) -> Bool {
      let range = (index == 0 ? 0 : stringEnds[index - 1])..<stringEnds[index]
      return unsafe stringBytes.withUnsafeBytes { all in
        unsafe compareBytes(UnsafeRawBufferPointer(rebasing: all[range]), string) == .equal
      }
    }
  }
}

/// The slots of a table with open addressing: number + 1 of an entry, 0 for none.
struct HashSlots: Sendable {
  private(set) var slots = [UInt32](repeating: 0, count: 16)

  /// The first slot to look at for a hash.
  func slot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

  /// The slot to look at after this one.
  func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }

  /// The number of the entry in a slot.
  subscript(slot: Int) -> Int? { slots[slot] == 0 ? nil : Int(slots[slot]) - 1 }

  /// Fills a slot.
  mutating func put(_ number: Int, at slot: Int) { slots[slot] = UInt32(truncatingIfNeeded: number + 1) }

  /// Whether so many entries call for more slots.
  func isCrowded(_ entries: Int) -> Bool { entries * 4 > slots.count * 3 }

  /// Doubles the slots, all empty; the entries must be added again.
  mutating func grow() { slots = [UInt32](repeating: 0, count: slots.count * 2) }

  /// Adds an entry that is not there.
  mutating func add(_ number: Int, _ hash: UInt64) {
    var slot = slot(hash)
    while slots[slot] != 0 { slot = next(slot) }
    put(number, at: slot)
  }
}

extension SecretHash {
  /// The hash of a number.
  @inline(__always)
  func number(_ bits: UInt64) -> UInt64 {
    unsafe withUnsafeBytes(of: bits) { buffer in unsafe bytes(buffer) }
  }

  /// The hash of some bytes.
  @inline(__always)
  func bytes(_ buffer: UnsafeRawBufferPointer) -> UInt64 {
    // The empty text has one hash, whether its buffer lies somewhere or nowhere.
    guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
    return unsafe self(base, buffer.count)
  }
}
