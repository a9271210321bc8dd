extension FilterInterpreter {
  /// Whether the answer is yes for some value that the path with this number finds.
  mutating func find(_ path: Int, _ question: Question) -> Bool { find(paths[path], question) }

  /// Whether the answer is yes for some value that the path finds.
  mutating func find(_ path: FilterPath, _ question: Question) -> Bool {
    switch path.root {
    case .metadata:
      guard let record, record.kind(0) == .object else { return false }
      return walk(record, path, 0, at: 0, question)
    case .element:
      guard let record, let element else { return false }
      return walk(record, path, 0, at: element, question)
    case .id: return path.steps.isEmpty && ask(question, id)
    case .created: return path.steps.isEmpty && ask(question, .time(created))
    case .updated: return path.steps.isEmpty && ask(question, .time(updated))
    }
  }

  private mutating func walk(
    _ record: RecordBytes, _ path: FilterPath, _ step: Int, at: Int, _ question: Question
  ) -> Bool {
    var at = at
    var step = step
    while step < path.steps.count {
      switch path.steps[step] {
      case .name(let name):
        guard record.kind(at) == .object, let member = record.member(name, of: at) else { return false }
        at = member
      case .index(let index):
        guard record.kind(at) == .array, var element = record.firstElement(at) else { return false }
        for _ in 0..<index {
          guard let next = record.nextElement(element) else { return false }
          element = next
        }
        at = element
      case .each:
        guard record.kind(at) == .array else { return false }
        var element = record.firstElement(at)
        while let current = element {
          if walk(record, path, step + 1, at: current, question) { return true }
          element = record.nextElement(current)
        }
        return false
      }
      step += 1
    }
    return ask(question, record, at)
  }

  // MARK: Asking

  /// The answer for a value of the record.
  private mutating func ask(_ question: Question, _ record: RecordBytes, _ at: Int) -> Bool {
    let kind = record.kind(at)
    switch question {
    case .any: return kind != .none
    case .scalar(let tester):
      guard kind == .array else { return test(tester, record, at) }
      return anyElement(record, at) { interpreter, place in interpreter.test(tester, record, place) }
    case .length(let tester):
      guard let length = length(record, at) else { return false }
      return testers[tester].passes(int: length)
    case .kind(let wanted, let isNegated): return isKind(wanted, isNegated, record, at)
    case .contains(let test): return kind == .array && contains(containsTests[test], record, at)
    case .element(let node, let isTrue):
      guard kind == .array else { return false }
      let outer = element
      defer { element = outer }
      return anyElement(record, at) { interpreter, place in
        interpreter.element = place
        return interpreter.evaluate(node) == isTrue
      }
    case .geo(let test):
      guard kind == .array else { return isInside(test, record, at) }
      return anyElement(record, at) { interpreter, place in interpreter.isInside(test, record, place) }
    case .collectCandidates, .collectLowered:
      guard kind == .array else {
        collect(question, record, at)
        return false
      }
      return anyElement(record, at) { interpreter, place in
        interpreter.collect(question, record, place)
        return false
      }
    case .collectLengths:
      if let length = length(record, at) { collected.append(.int(length)) }
      return false
    }
  }

  /// Whether something holds for an element of an array.
  @inline(__always)
  private mutating func anyElement(
    _ record: RecordBytes, _ at: Int, _ holds: (inout FilterInterpreter, Int) -> Bool
  ) -> Bool {
    var element = record.firstElement(at)
    while let current = element {
      if holds(&self, current) { return true }
      element = record.nextElement(current)
    }
    return false
  }

  /// Whether a scalar of the record passes a tester.
  private mutating func test(_ tester: Int, _ record: RecordBytes, _ at: Int) -> Bool {
    switch record.kind(at) {
    case .null, .array, .object, .none: return false
    case .bool: return testers[tester].passes(bool: record.byte(at) == UInt8(ascii: "t"))
    case .number:
      switch record.number(at) {
      case .int(let int): return testers[tester].passes(int: int)
      case .double(let double): return testers[tester].passes(double: double)
      case .bool, .string, .time, nil: return false
      }
    case .string:
      if let plain = unsafe record.plainString(at) { return unsafe testers[tester].passes(string: plain) }
      scratch.removeAll(keepingCapacity: true)
      record.unescape(at, to: &scratch)
      return unsafe scratch.withUnsafeBytes { unsafe testers[tester].passes(string: $0) }
    }
  }

  private func length(_ record: RecordBytes, _ at: Int) -> Int64? {
    switch record.kind(at) {
    case .string: return Int64(record.codePoints(at))
    case .array:
      var count: Int64 = 0
      var element = record.firstElement(at)
      while let current = element {
        count += 1
        element = record.nextElement(current)
      }
      return count
    case .null, .bool, .number, .object, .none: return nil
    }
  }

  private mutating func isInside(_ test: Int, _ record: RecordBytes, _ at: Int) -> Bool {
    guard let point = record.place(at) else { return false }
    return geoTests[test].holds(latitude: point.latitude, longitude: point.longitude)
  }

  private func constant(_ record: RecordBytes, _ at: Int) -> FilterConstant? {
    switch record.kind(at) {
    case .null, .array, .object, .none: return nil
    case .bool: return .bool(record.byte(at) == UInt8(ascii: "t"))
    case .number: return record.number(at)
    case .string:
      var plain: [UInt8] = []
      record.unescape(at, to: &plain)
      return .string(plain)
    }
  }

  private mutating func collect(_ question: Question, _ record: RecordBytes, _ at: Int) {
    guard let value = constant(record, at) else { return }
    guard case .collectLowered = question else { return collected.append(value) }
    if case .string(let bytes) = value { collected.append(.string(LowerCase.of(bytes))) }
  }

  // MARK: Kinds

  private func isKind(_ wanted: FilterKind, _ isNegated: Bool, _ record: RecordBytes, _ at: Int) -> Bool {
    let kind = record.kind(at)
    if kind == .none { return false }
    if wanted == .empty {
      let isEmpty: Bool
      switch kind {
      case .string: isEmpty = record.byte(at + 1) == UInt8(ascii: "\"")
      case .array: isEmpty = record.byte(at + 1) == UInt8(ascii: "]")
      case .object: isEmpty = record.byte(at + 1) == UInt8(ascii: "}")
      case .null, .bool, .number, .none: return false
      }
      return isEmpty != isNegated
    }
    if isNegated, kind == .null { return false }
    return isKind(wanted, record, at, kind) != isNegated
  }

  private func isKind(_ wanted: FilterKind, _ record: RecordBytes, _ at: Int, _ kind: RecordBytes.Kind)
    -> Bool
  {
    switch wanted {
    case .null: return kind == .null
    case .bool: return kind == .bool
    case .number: return kind == .number
    case .string: return kind == .string
    case .array: return kind == .array
    case .object: return kind == .object
    case .empty: return false
    case .int, .float:
      guard kind == .number else { return false }
      switch record.number(at) {
      case .int: return wanted == .int
      case .double: return wanted == .float
      case .bool, .string, .time, nil: return false
      }
    case .time:
      guard kind == .string, case .string(let bytes) = constant(record, at) else { return false }
      return FilterInstant(bytes) != nil
    case .geo: return record.place(at) != nil
    }
  }

  // MARK: Arrays

  private mutating func contains(_ test: ContainsTest, _ record: RecordBytes, _ at: Int) -> Bool {
    let wanted = test.needsAll ? test.values.count : 1
    var missing = wanted
    seen.removeAll(keepingCapacity: true)
    if test.needsAll { seen.append(contentsOf: repeatElement(false, count: wanted)) }
    var element = record.firstElement(at)
    while let current = element, missing > 0 {
      if let value = constant(record, current) { mark(value, test, &missing) }
      element = record.nextElement(current)
    }
    return (missing == 0) != test.isNegated
  }

  /// Notes each of the values asked for that equals `value`.
  private mutating func mark(_ value: FilterConstant, _ test: ContainsTest, _ missing: inout Int) {
    guard test.needsAll else {
      if test.values.holds(value) { missing = 0 }
      return
    }
    for index in test.values.indices(equalTo: value) where !seen[index] {
      seen[index] = true
      missing -= 1
    }
  }

  // MARK: Identifier and times

  /// The answer for a value that is not in the metadata.
  private mutating func ask(_ question: Question, _ value: FilterConstant) -> Bool {
    switch question {
    case .any: return true
    case .scalar(let tester): return testers[tester].passes(value)
    case .length(let tester):
      guard case .string(let bytes) = value else { return false }
      return testers[tester].passes(int: Int64(bytes.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }))
    case .kind(let kind, let isNegated): return value.isKind(kind, isNegated: isNegated)
    case .contains, .element, .geo: return false
    case .collectCandidates:
      collected.append(value)
      return false
    case .collectLowered:
      if case .string(let bytes) = value { collected.append(.string(LowerCase.of(bytes))) }
      return false
    case .collectLengths:
      if case .string(let bytes) = value {
        collected.append(.int(Int64(bytes.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) })))
      }
      return false
    }
  }
}

extension FilterConstant {
  /// Whether the value `IS` of a kind, or in the negated form, of another.
  package func isKind(_ kind: FilterKind, isNegated: Bool) -> Bool {
    let holds: Bool
    switch (self, kind) {
    case (.string(let bytes), .empty): return bytes.isEmpty != isNegated
    case (_, .empty): return false
    case (.bool, .bool), (.int, .int), (.double, .float), (.int, .number), (.double, .number),
      (.string, .string),
      (.time, .time):
      holds = true
    case (.string(let bytes), .time): holds = FilterInstant(bytes) != nil
    case (.bool, _), (.int, _), (.double, _), (.string, _), (.time, _): holds = false
    }
    return holds != isNegated
  }
}

extension FilterValueSet {
  /// Whether a value equal to this one is in the set.
  package func holds(_ value: FilterConstant) -> Bool {
    switch value {
    case .bool(let bool): holds(bool: bool)
    case .int(let int): holds(int: int)
    case .double(let double): holds(double: double)
    case .time(let instant): holds(instant: instant)
    case .string(let bytes): unsafe bytes.withUnsafeBytes { unsafe holds(string: $0) }
    }
  }

  /// Numbers, below `count`, of all values of the set that equal this one.
  ///
  /// There is more than one only where an instant and strings that spell it are both in the set.
  package func indices(equalTo value: FilterConstant) -> [Int] {
    if times.isEmpty {
      switch value {
      case .bool(let bool): return index(bool: bool).map { [$0] } ?? []
      case .int(let int): return index(int: int).map { [$0] } ?? []
      case .double(let double): return index(double: double).map { [$0] } ?? []
      case .string(let bytes):
        return unsafe bytes.withUnsafeBytes { unsafe index(string: $0) }.map { [$0] } ?? []
      case .time: break
      }
    }
    return values.indices.filter { values[$0].compare(value) == .equal }
  }
}

extension ScalarTester {
  /// Whether a value passes.
  package mutating func passes(_ value: FilterConstant) -> Bool {
    switch value {
    case .bool(let bool): passes(bool: bool)
    case .int(let int): passes(int: int)
    case .double(let double): passes(double: double)
    case .time(let instant): passes(instant: instant)
    case .string(let bytes): unsafe bytes.withUnsafeBytes { unsafe passes(string: $0) }
    }
  }
}
