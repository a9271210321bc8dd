import FileStorage
import MetadataFilters
import Testing

@Suite struct ColumnSetTests {
  @Test(arguments: [0, 1, 2, 15, 16, 17, 63, 64, 65, 400], [1 as UInt64, 2, 3])
  func columnsHoldWhatThePlainModelHolds(rows: Int, seed: UInt64) throws {
    let folder = ColumnFolder()
    var maker = SampleMaker(seed: seed &* 1000 &+ UInt64(rows))
    let samples = (0..<rows).map { _ in maker.record() }
    let set = try folder.columns(samples)
    let model = ColumnModel(samples).columns
    let found = try contents(of: set)
    #expect(Set(found.keys) == Set(model.keys), "rows \(rows), seed \(seed)")
    for (key, column) in model {
      #expect(found[key] == column, "rows \(rows), seed \(seed), \(key)")
    }
    #expect(try set.leftOut() == nil)
    try check(set, against: model)
  }

  /// The table's numbers, and the access by path, agree with the model.
  private func check(_ set: ColumnSet, against model: [ModelKey: ModelColumn]) throws {
    for info in set.columns {
      let key = ModelKey(path: info.path, type: info.type)
      let cells = try #require(model[key]).cells
      #expect(info.present == cells.count)
      let nulls = model[ModelKey(path: info.path, type: .nullOnly)]?.cells.count ?? 0
      #expect(info.nulls == nulls)
      var values: [Value] = []
      var long = 0
      for cell in cells.values {
        switch cell {
        case .present: break
        case .long: long += 1
        case .scalar(let value): values.append(value)
        case .array(let elements):
          values += elements.compactMap { $0 }
          long += elements.count { $0 == nil }
        }
      }
      #expect(info.values == values.count + long)
      #expect(info.long == long)
      let column = try #require(try set.column(path: info.path, type: info.type))
      #expect(column === (try set.column(info)))
      #expect(set.columns(path: info.path).contains { $0.type == info.type })
      #expect(set.isComplete(path: info.path))
      if info.type.element == .string {
        let distinct = Set(values)
        #expect(info.distinct == distinct.count)
        #expect(column.dictionary.count == distinct.count)
        for value in distinct {
          guard case .string(let bytes) = value else { continue }
          let code = try #require(column.dictionary.code(of: bytes))
          #expect(Array(column.dictionary[Int(code)]) == bytes)
          bytes.withUnsafeBytes {
            #expect(column.dictionary.lowerBound($0) == Int(code))
            #expect(column.dictionary.upperBound($0) == Int(code) + 1)
          }
        }
        #expect(column.dictionary.code(of: Array("no such string".utf8)) == nil)
        for code in 1..<max(column.dictionary.count, 1) {
          #expect(compareBytes(column.dictionary[code - 1], column.dictionary[code]) == .less)
        }
        #expect((column.longCode != nil) == (long > 0))
      } else if info.type.hasValues {
        #expect(info.distinct == nil)
        for value in values {
          let low = try #require(info.minimum)
          let high = try #require(info.maximum)
          #expect(value.compare(low) != .less && value.compare(high) != .greater)
        }
        #expect(values.contains { $0 == info.minimum } && values.contains { $0 == info.maximum })
      }
    }
  }

  @Test(arguments: [11 as UInt64, 12, 13])
  func theBudgetDoesNotChangeAByte(seed: UInt64) throws {
    let folder = ColumnFolder()
    var maker = SampleMaker(seed: seed)
    let rows = (0..<300).map { _ in maker.record().json }
    let whole = try folder.bytes(folder.build(rows))
    for budget in [1, 1000, 20_000, 200_000] {
      let name = try folder.build(rows, budget: budget)
      #expect(try folder.bytes(name) == whole, "seed \(seed), budget \(budget)")
    }
    // Temporary files are gone: one container for each build.
    #expect(try folder.files.count == 5)
  }

  @Test func aDroppedBuilderLeavesNoFile() throws {
    let folder = ColumnFolder()
    do {
      let builder = ColumnSetBuilder(memoryBudget: 1, fileSystem: folder.fileSystem, spillName: "spill")
      for row in 0..<10 { try builder.append(row: Array("{\"a\":\(row)}".utf8)) }
      #expect(try folder.files == ["spill"])
    }
    #expect(try folder.files == [])
  }

  @Test func presenceTakesTheSmallestForm() throws {
    let folder = ColumnFolder()
    var samples: [Sample] = []
    for row in 0..<160 {
      var members: [(String, Sample)] = [("all", .int(Int64(row)))]
      if row % 16 == 0 { members.append(("sixteenth", .string("s\(row)"))) }
      if row % 16 == 0, row > 0 { members.append(("fewer", .bool(true))) }
      samples.append(.object(members))
    }
    let set = try folder.columns(samples)
    let all = try #require(try set.column(path: "all", type: .int64))
    guard case .all = all.presence else { throw Unexpected() }
    let sixteenth = try #require(try set.column(path: "sixteenth", type: .string))
    guard case .bitset(let words) = sixteenth.presence else { throw Unexpected() }
    #expect(words.count == 3 && sixteenth.positions == 160)
    let fewer = try #require(try set.column(path: "fewer", type: .bool))
    guard case .sorted(let rows) = fewer.presence else { throw Unexpected() }
    #expect(Array(rows) == (1..<10).map { UInt32($0 * 16) } && fewer.positions == 9)
    #expect(fewer.value(row: 16) == .scalar(.bool(true)) && fewer.value(row: 17) == .absent)
    #expect(fewer.value(row: -1) == .absent && fewer.value(row: 160) == .absent)
  }

  @Test(arguments: [255, 256, 257, 65_535, 65_536, 65_537])
  func codesAreAsWideAsTheirNumberNeeds(distinct: Int) throws {
    let folder = ColumnFolder()
    let rows = (0..<distinct).map { Array("{\"s\":\"\($0)\"}".utf8) }
    let set = try ColumnSet(container: folder.open(folder.build(rows, budget: 1 << 19)))
    let column = try #require(try set.column(path: "s", type: .string))
    switch column.values {
    case .codes8: #expect(distinct <= 256)
    case .codes16: #expect(distinct > 256 && distinct <= 65_536)
    case .codes32: #expect(distinct > 65_536)
    default: throw Unexpected()
    }
    for row in stride(from: 0, to: distinct, by: 97) {
      #expect(column.value(row: row) == .scalar(Value("\(row)")))
    }
  }

  @Test func zonesBoundTheirStretch() throws {
    let folder = ColumnFolder()
    let count = 3 * ColumnLimits.zoneSize + 5
    let rows = (0..<count).map { row in
      // The second zone of `d` has no value at all.
      Array((row / ColumnLimits.zoneSize == 1 ? "{\"i\":\(row)}" : "{\"d\":-\(row).5,\"i\":\(row)}").utf8)
    }
    let set = try ColumnSet(container: folder.open(folder.build(rows, budget: 300_000)))
    guard case .int64s(let ints) = try set.column(path: "i", type: .int64)?.zones,
      case .doubles(let doubles) = try set.column(path: "d", type: .double)?.zones
    else { throw Unexpected() }
    #expect(Array(ints) == [0, 8191, 8192, 16383, 16384, 24575, 24576, 24580])
    #expect(Array(doubles[..<2]) == [-8191.5, -0.5])
    #expect(doubles[2] > doubles[3])
    #expect(Array(doubles[6...]) == [-24580.5, -24576.5])
  }

  @Test func furtherPathsAreInTheRowsOnly() throws {
    let folder = ColumnFolder()
    // Exactly the limit, then one name, one type and one array too many.
    var samples = (0..<4).map { row in
      Sample.object((0..<256).map { ("n\(row * 256 + $0)", .object([("v", .int(1))])) })
    }
    let full = try folder.columns(samples)
    #expect(full.columns.count == 1024)
    #expect(try full.leftOut() == nil && full.isComplete(path: "other"))
    samples += [
      .object([("other", .int(1))]), .object([("n1", .object([("v", .int(2))]))]),
      .object([("n2", .object([("v", .string("x"))]))]),
      .object([("n3", .object([("w", .array([.int(1)]))]))]),
    ]
    for budget in [1, 1 << 24] {
      let set = try folder.columns(samples, budget: budget)
      #expect(set.columns.count == 1025)
      let left = try #require(try set.leftOut())
      #expect((0..<8).filter { left.value(row: $0) == .present } == [4, 6, 7])
      #expect(set.isComplete(path: "n1.v") && set.isComplete(path: "n3.v"))
      #expect(
        !set.isComplete(path: "n2.v") && !set.isComplete(path: "other") && !set.isComplete(path: "n3.w"))
      #expect(try set.column(path: "n1.v", type: .int64)?.value(row: 5) == .scalar(.int(2)))
      #expect(try set.column(path: "n2.v", type: .string) == nil)
    }
  }

  @Test func longPathsAndLongStringsAreInTheRowsOnly() throws {
    let folder = ColumnFolder()
    let name = String(repeating: "p", count: 1024)
    let set = try folder.columns([
      .object([(name, .int(1)), ("s", .string(String(repeating: "é", count: 128)))]),
      .object([(name + "p", .int(1)), ("s", .string(String(repeating: "é", count: 128) + "x"))]),
      .object([("a", .object([(String(repeating: "q", count: 1023), .int(1))]))]),
    ])
    #expect(set.columns.map(\.path) == ["", name, "s"])
    let left = try #require(try set.leftOut())
    #expect((0..<3).map { left.value(row: $0) } == [.absent, .present, .present])
    let strings = try #require(try set.column(path: "s", type: .string))
    #expect(strings.value(row: 1) == .long && strings.longCode == 1 && strings.info.long == 1)
    #expect(strings.value(row: 0) == .scalar(Value(String(repeating: "é", count: 128))))
    #expect(strings.string(code: 1) == nil)
  }

  @Test func pathsOfStrangeNamesDiffer() {
    #expect(ColumnPath.text(["a", "b"]) == "a.b")
    #expect(ColumnPath.text(["a.b"]) == "\"a.b\"")
    #expect(ColumnPath.text(["", "x"]) == "\"\".x")
    #expect(ColumnPath.text(["say \"hi\""]) == "\"say \"\"hi\"\"\"")
    #expect(ColumnPath.text(["$id"]) == "\"$id\"" && ColumnPath.text(["a$"]) == "a$")
    #expect(ColumnPath.text(["a[0]"]) == "\"a[0]\"")
  }
}

/// A test's value has not the form that the test needs.
struct Unexpected: Error {}
