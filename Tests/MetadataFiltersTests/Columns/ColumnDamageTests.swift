import FileStorage
import MetadataFilters
import TestSupport
import Testing

@Suite struct ColumnDamageTests {
  /// Rows with a column of each type, each presence form and all sections.
  private static func rows(_ count: Int) -> [[UInt8]] {
    (0..<count).map { row in
      var members: [(String, Sample)] = [
        ("b", .bool(row % 3 == 0)), ("i", .int(Int64(row))), ("s", .string("string \(row % 7)")),
        ("t", .array([.string("x\(row % 5)"), .string("y")])),
      ]
      if row % 2 == 0 { members.append(("d", .double(Double(row) + 0.5))) }
      if row % 5 == 0 { members.append(("n", .array([.int(1), .double(2.5), .bool(true)]))) }
      if row == 20 {
        members += [("long", .string(String(repeating: "l", count: 300))), ("sparse", .string("rare"))]
        members += [("sparseArray", .array([.int(7), .int(8)])), ("nothing", .null), ("no", .array([]))]
      }
      return Sample.object(members).json
    }
  }

  /// Reads everything there is; what comes out does not matter, only that nothing traps.
  private static func readAll(_ set: ColumnSet) throws -> [ModelKey: ModelColumn] {
    for info in set.columns {
      let column = try set.column(info)
      _ = column.dictionary.code(of: Array("string 3".utf8))
      for code in 0..<column.dictionary.count { _ = Array(column.dictionary[code]) }
      _ = set.columns(path: info.path)
    }
    return try contents(of: set)
  }

  @Test func everyFlippedByteOfAFileIsFoundOrHarmless() throws {
    let folder = ColumnFolder()
    let name = try folder.build(Self.rows(40))
    let bytes = try folder.bytes(name)
    let truth = try Self.readAll(ColumnSet(container: folder.open(name)))
    var found = 0
    var random = SeededGenerator(seed: 5)
    for offset in bytes.indices {
      var damaged = bytes
      damaged[offset] ^= UInt8(truncatingIfNeeded: random.next() % 255 + 1)
      let file = try folder.write(damaged)
      do {
        let read = try Self.readAll(ColumnSet(container: folder.open(file), rows: 40))
        #expect(read == truth, "seed 5, offset \(offset)")
      } catch is StorageError {
        found += 1
      }
      try folder.fileSystem.remove(file)
    }
    #expect(found > bytes.count / 2)
  }

  /// Sections whose checksums are right but whose contents are not: written so by a hostile or broken program.
  @Test func everyFlippedByteOfASectionIsReadWithoutATrap() throws {
    let folder = ColumnFolder()
    let original = try folder.open(folder.build(Self.rows(40)))
    let sections = try original.sections.map { ($0, Array(try original.bytes($0))) }
    var failures: [String: Int] = [:]
    for (index, (entry, bytes)) in sections.enumerated() {
      for offset in bytes.indices {
        for mask: UInt8 in [0x01, 0x80, 0xFF] {
          var damaged = bytes
          damaged[offset] ^= mask
          let name = try folder.container { writer in
            for (other, section) in sections.enumerated() {
              try writer.add(
                section.0.name, column: section.0.column, elementSize: section.0.elementSize,
                other == index ? damaged : section.1)
            }
          }
          do {
            _ = try Self.readAll(ColumnSet(container: folder.open(name)))
          } catch is StorageError {
            failures[entry.name.description, default: 0] += 1
          }
          try folder.fileSystem.remove(name)
        }
      }
    }
    // The table, rows, offsets and codes are all checked; only values may be anything.
    for name in ["COLS", "CPRS", "COFF", "CDIX", "CVAL"] {
      #expect(failures[name, default: 0] > 0, "\(name)")
    }
  }

  @Test func missingShortAndLongSectionsAreDamage() throws {
    let folder = ColumnFolder()
    let original = try folder.open(folder.build(Self.rows(40)))
    let sections = try original.sections.map { ($0, Array(try original.bytes($0))) }
    for index in sections.indices {
      for change in 0..<3 {
        let name = try folder.container { writer in
          for (other, section) in sections.enumerated() {
            var bytes = section.1
            if other == index {
              if change == 0 { continue }
              if change == 1 { bytes.removeLast() } else { bytes.append(0) }
            }
            try writer.add(
              section.0.name, column: section.0.column, elementSize: section.0.elementSize, bytes)
          }
        }
        #expect(throws: StorageError.self, "\(sections[index].0.label), change \(change)") {
          _ = try Self.readAll(ColumnSet(container: folder.open(name)))
        }
      }
    }
  }

  @Test(arguments: [21 as UInt64, 22])
  func brokenRecordsAreRefusedWithoutATrap(seed: UInt64) throws {
    let folder = ColumnFolder()
    var maker = SampleMaker(seed: seed)
    let tokens = Array("{}[]\",:\\u0123456789.-+eEtfn".utf8)
    for _ in 0..<60 {
      let record = maker.record().json
      for _ in 0..<20 {
        var damaged = Array(record.prefix(maker.below(record.count + 1)))
        if damaged.isEmpty { continue }
        if maker.below(2) == 0 { damaged = record }
        for _ in 0..<maker.below(3) {
          let offset = maker.below(damaged.count)
          damaged[offset] = maker.below(2) == 0 ? UInt8(maker.below(256)) : tokens[maker.below(tokens.count)]
        }
        let builder = ColumnSetBuilder(
          memoryBudget: 1 << 20, fileSystem: folder.fileSystem, spillName: folder.freshName())
        do { try builder.append(row: damaged) } catch {
          guard case .corruption = error else { throw error }
        }
      }
      for length in 1..<record.count {
        let builder = ColumnSetBuilder(
          memoryBudget: 1 << 20, fileSystem: folder.fileSystem, spillName: folder.freshName())
        #expect(throws: StorageError.self) { try builder.append(row: Array(record[..<length])) }
      }
    }
  }

  @Test(arguments: [
    "[]", "1", "{\"a\":1,}", "{\"a\" :1}", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{\"a\":tru}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\udc00\"}", "{\"a\":\"\\q\"}", "{\"a\":-}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":1e999}",
    "{\"a\":[1,]}",
    "{a:1}", "{\"a\":\"\\u12\"}", "{\"a\":nul}", "{\"a\":[[]}",
  ])
  func notCanonicalIsRefused(text: String) throws {
    let folder = ColumnFolder()
    let builder = ColumnSetBuilder(memoryBudget: 1 << 20, fileSystem: folder.fileSystem, spillName: "spill")
    #expect(throws: StorageError.self) { try builder.append(row: Array(text.utf8)) }
  }

  @Test func deepRecordsAreRefused() throws {
    let folder = ColumnFolder()
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)).utf8)
    }
    func builder() -> ColumnSetBuilder {
      ColumnSetBuilder(memoryBudget: 1 << 20, fileSystem: folder.fileSystem, spillName: folder.freshName())
    }
    try builder().append(row: nested(64))
    #expect(throws: StorageError.self) { try builder().append(row: nested(65)) }
    #expect(throws: StorageError.self) { try builder().append(row: nested(1_000_000)) }
    let brackets = "{\"a\":" + String(repeating: "[", count: 1_000_000)
    #expect(throws: StorageError.self) { try builder().append(row: Array(brackets.utf8)) }
  }

  /// Every call of a build that spills and merges fails once: the error comes out, and no temporary file stays.
  @Test func everyFailingCallIsReported() throws {
    let rows = Self.rows(12)
    let counting = FaultyFileSystem(wrapping: ColumnFolder().fileSystem, failingAt: 0, with: 5)
    _ = try ColumnFolder().build(rows, budget: 600, over: counting)
    let calls = counting.callCount
    #expect(calls > 20)
    for call in 1...calls {
      for (code, short) in [(5 as Int32, false), (28, false), (0, true)] {
        let folder = ColumnFolder()
        let faulty = FaultyFileSystem(
          wrapping: folder.fileSystem, failingAt: call, with: code, shortWrite: short)
        do {
          let name = try folder.build(rows, budget: 600, over: faulty)
          let set = try ColumnSet(container: folder.open(name), rows: rows.count)
          #expect(try set.column(path: "i", type: .int64)?.value(row: 11) == .scalar(.int(11)))
        } catch StorageError.file(let error) {
          #expect(error.code == code, "call \(call): \(faulty.failures)")
          // A failing removal may leave what it was to remove.
          if error.operation != .remove { #expect(try folder.files.count <= 1, "call \(call)") }
        }
        #expect(faulty.hasFailed || short, "call \(call)")
      }
    }
  }

  @Test func anotherNumberOfRowsIsDamage() throws {
    let folder = ColumnFolder()
    let container = try folder.open(folder.build(Self.rows(40)))
    #expect(throws: StorageError.self) { try ColumnSet(container: container, rows: 41) }
    let empty = try folder.open(folder.container { _ in })
    #expect(throws: StorageError.self) { try ColumnSet(container: empty) }
  }
}
