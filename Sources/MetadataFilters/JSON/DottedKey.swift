/// Keys as Qdrant writes them: `a.b`, `a[].b`, `a[0]`, `"a.b".c`; anything but dots, brackets and quotes is a name.
enum DottedKey {
  /// The steps of a key; nil when it is none.
  static func steps(_ text: String) -> [FilterPath.Step]? {
    let bytes = Array(text.utf8)
    var steps: [FilterPath.Step] = []
    var at = 0
    while at < bytes.count || steps.isEmpty {
      guard steps.count < FilterPath.maximumSteps else { return nil }
      if at < bytes.count, bytes[at] == UInt8(ascii: "["), !steps.isEmpty {
        guard let close = bytes[at...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let digits = bytes[at + 1..<close]
        if digits.isEmpty {
          steps.append(.each)
        } else {
          guard let index = Int32(String(decoding: digits, as: UTF8.self)), index >= 0 else { return nil }
          steps.append(.index(Int(index)))
        }
        at = close + 1
        continue
      }
      if !steps.isEmpty {
        guard bytes[at] == UInt8(ascii: ".") else { return nil }
        at += 1
      }
      guard let name = name(bytes, &at) else { return nil }
      steps.append(.name(name))
    }
    return steps
  }

  private static func name(_ bytes: [UInt8], _ at: inout Int) -> [UInt8]? {
    let start = at
    if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
      guard let close = bytes[(at + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
      at = close + 1
      return Array(bytes[start + 1..<close])
    }
    while at < bytes.count, bytes[at] != UInt8(ascii: "."), bytes[at] != UInt8(ascii: "[") { at += 1 }
    return at > start ? Array(bytes[start..<at]) : nil
  }

  /// The key of steps; nil when a name holds a quote.
  static func text(_ steps: [FilterPath.Step]) -> String? {
    var text = ""
    for (index, step) in steps.enumerated() {
      switch step {
      case .each: text += "[]"
      case .index(let number): text += "[\(number)]"
      case .name(let name):
        guard !name.contains(UInt8(ascii: "\"")) else { return nil }
        if index > 0 { text += "." }
        let plain = String(decoding: name, as: UTF8.self)
        let isPlain = !name.isEmpty && !name.contains(UInt8(ascii: ".")) && !name.contains(UInt8(ascii: "["))
        text += isPlain ? plain : "\"\(plain)\""
      }
    }
    return text
  }
}

/// The values next to a value: nothing that a record can hold lies between them.
enum FilterSteps {
  /// The least value greater than this one; nil when there is none, or the value is no number and no instant.
  static func next(_ value: FilterValue) -> FilterValue? {
    switch value {
    case .int(let int):
      // Up to 2^53 there are doubles between the integers, beyond it integers between the doubles.
      if int.magnitude < 1 << 53 { return .double(Double(int).nextUp) }
      return int < Int64.max ? .int(int + 1) : .double(0x1p63)
    case .double(let double):
      if let int = Int64(exactly: double), int.magnitude >= 1 << 53 { return next(.int(int)) }
      // Below -2^63 the next double may be the least integer, which is equal to it.
      return double.nextUp.isFinite ? .double(double.nextUp) : nil
    case .time(let instant): return .time(instant.adding(nanoseconds: 1))
    case .null, .bool, .string, .duration, .now, .parameter: return nil
    }
  }

  /// The greatest value less than this one; nil when there is none, or the value is no number and no instant.
  static func previous(_ value: FilterValue) -> FilterValue? {
    switch value {
    case .int(let int):
      if int.magnitude < 1 << 53 { return .double(Double(int).nextDown) }
      return int > Int64.min ? .int(int - 1) : .double((-0x1p63).nextDown)
    case .double(let double):
      if let int = Int64(exactly: double), int.magnitude >= 1 << 53 { return previous(.int(int)) }
      // 2^63 itself is no integer of 64 bits; the one before it is.
      if double == 0x1p63 { return .int(Int64.max) }
      return double.nextDown.isFinite ? .double(double.nextDown) : nil
    case .time(let instant): return .time(instant.adding(nanoseconds: -1))
    case .null, .bool, .string, .duration, .now, .parameter: return nil
    }
  }
}
