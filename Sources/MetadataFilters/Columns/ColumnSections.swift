import FileStorage

/// Opens the sections of one column: their blocks' checksums, their lengths, and all that indexes something.
struct ColumnSections {
  let container: ContainerFile
  let number: UInt32

  /// The bytes of a section that must have exactly `count` elements of `size` bytes.
  private func section(_ name: SectionName, count: Int, size: Int) throws(StorageError)
    -> UnsafeRawBufferPointer
  {
    let (length, overflow) = count.multipliedReportingOverflow(by: size)
    guard let entry = container.section(name, column: number) else {
      guard length == 0, !overflow else {
        throw damage(name, expected: "a section of \(count) elements", found: "none")
      }
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    guard !overflow, entry.length == UInt64(length) else {
      throw damage(name, expected: "\(count) elements of \(size) bytes", found: "\(entry.length) bytes")
    }
    let bytes = try unsafe container.bytes(entry)
    // Sections are aligned to 64 bytes in the file and the file is mapped at a page.
    guard UInt(bitPattern: bytes.baseAddress) % 8 == 0 else {
      throw damage(name, expected: "a section at a multiple of 8", found: "offset \(entry.offset)")
    }
    return unsafe bytes
  }

  private func numbers<Number: BitwiseCopyable>(
    _ name: SectionName, count: Int, as _: Number.Type
  ) throws(StorageError) -> UnsafeBufferPointer<Number> {
    let bytes = try unsafe section(name, count: count, size: MemoryLayout<Number>.size)
    // Safe: the memory is never written, aligned and as long as `count` numbers.
    return unsafe UnsafeBufferPointer(
      start: bytes.baseAddress?.assumingMemoryBound(to: Number.self),
      count: bytes.baseAddress == nil ? 0 : count)
  }

  private func damage(_ name: SectionName, expected: String, found: String) -> StorageError {
    let entry = container.section(name, column: number)
    return .corruption(
      CorruptionError(
        path: container.name, section: entry?.label ?? "\(name) of column \(number)", offset: entry?.offset,
        expected: expected, found: found))
  }

  /// Opens and checks `CPRS`.
  func presence(_ column: ColumnDescriptor, rows: Int) throws(StorageError) -> ColumnPresence {
    switch column.presence {
    case .all: return unsafe .all
    case .bitset:
      let words = try unsafe numbers(ColumnSection.presence, count: (rows + 63) / 64, as: UInt64.self)
      var count = 0
      for index in 0..<words.count { count &+= unsafe words[index].nonzeroBitCount }
      if rows % 64 != 0, let last = unsafe words.last, last >> UInt64(rows % 64) != 0 {
        throw damage(ColumnSection.presence, expected: "rows below \(rows)", found: "a bit beyond")
      }
      guard UInt64(count) == column.present else {
        throw damage(ColumnSection.presence, expected: "\(column.present) rows", found: "\(count)")
      }
      return unsafe .bitset(words)
    case .sorted:
      let present = try unsafe numbers(
        ColumnSection.presence, count: Int(column.present), as: UInt32.self)
      var next: UInt64 = 0
      var ascends = true
      for index in 0..<present.count {
        let row = unsafe present[index]
        ascends = ascends && UInt64(row) >= next
        next = UInt64(row) + 1
      }
      guard ascends, next <= UInt64(rows) else {
        throw damage(ColumnSection.presence, expected: "ascending rows below \(rows)", found: "others")
      }
      return unsafe .sorted(present)
    }
  }

  /// Opens and checks `COFF`.
  func offsets(_ column: ColumnDescriptor, positions: Int) throws(StorageError) -> UnsafeBufferPointer<UInt32>
  {
    guard column.type.isArray else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
    let offsets = try unsafe numbers(ColumnSection.offsets, count: positions + 1, as: UInt32.self)
    var last: UInt32 = 0
    var ascends = unsafe offsets.first == 0
    for index in 0..<offsets.count {
      let offset = unsafe offsets[index]
      ascends = ascends && offset >= last
      last = offset
    }
    guard ascends, UInt64(last) == column.values else {
      throw damage(
        ColumnSection.offsets, expected: "offsets from 0 to \(column.values) that ascend", found: "others")
    }
    return unsafe offsets
  }

  /// Opens and checks `CDIX` and `CDIC`.
  func dictionary(_ column: ColumnDescriptor) throws(StorageError) -> StringDictionary {
    guard column.type.element == .string else { return StringDictionary() }
    let name = ColumnSection.dictionaryOffsets
    guard let count = Int(exactly: column.distinct), let length = Int(exactly: column.dictionaryBytes),
      count < Int.max
    else {
      throw damage(name, expected: "a dictionary that fits memory", found: "\(column.distinct) strings")
    }
    let bytes = try unsafe section(ColumnSection.dictionaryBytes, count: length, size: 1)
    let isNarrow = column.dictionaryOffsetWidth == 4
    let narrow =
      try unsafe isNarrow
      ? numbers(name, count: count + 1, as: UInt32.self) : UnsafeBufferPointer(start: nil, count: 0)
    let wide =
      try unsafe isNarrow
      ? UnsafeBufferPointer(start: nil, count: 0) : numbers(name, count: count + 1, as: UInt64.self)
    let isRight =
      unsafe isNarrow
      ? Self.areOffsets(narrow, end: UInt64(length)) : Self.areOffsets(wide, end: UInt64(length))
    guard isRight else {
      throw damage(name, expected: "offsets of strings from 0 to \(length)", found: "others")
    }
    return unsafe StringDictionary(count: count, narrow: narrow, wide: wide, bytes: bytes)
  }

  /// Whether offsets begin at 0, end at `end` and leave each string at most the bytes allowed.
  @inline(__always)
  private static func areOffsets<Number: FixedWidthInteger & UnsignedInteger>(
    _ offsets: UnsafeBufferPointer<Number>, end: UInt64
  ) -> Bool {
    guard unsafe offsets.first == 0 else { return false }
    let longest = Number(truncatingIfNeeded: ColumnLimits.stringBytes)
    var last: Number = 0
    var isRight = true
    for index in 0..<offsets.count {
      let offset = unsafe offsets[index]
      // A step back wraps around to more than any string has.
      isRight = isRight && offset &- last <= longest && offset >= last
      last = offset
    }
    return isRight && UInt64(last) == end
  }

  /// Opens and checks `CVAL`.
  func values(_ column: ColumnDescriptor, count: Int) throws(StorageError) -> ColumnValues {
    let name = ColumnSection.values
    // The largest code allowed; none is when there is neither a string nor a long one.
    let codes = column.distinct + (column.long > 0 ? 1 : 0)
    switch column.type.element {
    case .bool:
      return try unsafe .bools(numbers(name, count: (count + 63) / 64, as: UInt64.self))
    case .int64:
      return try unsafe .int64s(numbers(name, count: count, as: Int64.self))
    case .double:
      return try unsafe .doubles(numbers(name, count: count, as: Double.self))
    case .string:
      switch column.codeWidth {
      case 1:
        let values = try unsafe numbers(name, count: count, as: UInt8.self)
        try unsafe requireCodes(values, below: codes)
        return unsafe .codes8(values)
      case 2:
        let values = try unsafe numbers(name, count: count, as: UInt16.self)
        try unsafe requireCodes(values, below: codes)
        return unsafe .codes16(values)
      case _:
        let values = try unsafe numbers(name, count: count, as: UInt32.self)
        try unsafe requireCodes(values, below: codes)
        return unsafe .codes32(values)
      }
    case .boolArray, .int64Array, .doubleArray, .stringArray, .nullOnly, .emptyArray, .emptyObject,
      .mixedArray,
      .rowOnly:
      return unsafe .none
    }
  }

  @inline(__always)
  private func requireCodes<Code: FixedWidthInteger & UnsignedInteger>(
    _ values: UnsafeBufferPointer<Code>, below count: UInt64
  ) throws(StorageError) {
    var largest: Code = 0
    for index in 0..<values.count { largest = unsafe max(largest, values[index]) }
    guard values.isEmpty || UInt64(largest) < count else {
      throw damage(ColumnSection.values, expected: "codes below \(count)", found: "\(largest)")
    }
  }

  /// Opens `CZON`.
  func zones(_ column: ColumnDescriptor, positions: Int) throws(StorageError) -> ColumnZones {
    let count = (positions + ColumnLimits.zoneSize - 1) / ColumnLimits.zoneSize * 2
    switch column.type {
    case .int64: return try unsafe .int64s(numbers(ColumnSection.zones, count: count, as: Int64.self))
    case .double: return try unsafe .doubles(numbers(ColumnSection.zones, count: count, as: Double.self))
    case .bool, .string, .boolArray, .int64Array, .doubleArray, .stringArray, .nullOnly, .emptyArray,
      .emptyObject,
      .mixedArray, .rowOnly:
      return unsafe .none
    }
  }
}
