import FileStorage
import MetadataFilters
import TestSupport

/// A JSON value as tests build it, apart from any parser of the product.
indirect enum Sample: Equatable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([Sample])
  case object([(String, Sample)])

  static func == (left: Sample, right: Sample) -> Bool { left.json == right.json }

  /// Canonical JSON: names sorted by their bytes, no spaces, fewest escapes.
  var json: [UInt8] {
    switch self {
    case .null: return Array("null".utf8)
    case .bool(let bool): return Array("\(bool)".utf8)
    case .int(let int): return Array("\(int)".utf8)
    case .double(let double): return Array("\(double)".utf8)
    case .string(let string): return Sample.quoted(string)
    case .array(let elements):
      return [UInt8(ascii: "[")] + elements.map(\.json).joined(separator: [UInt8(ascii: ",")])
        + [UInt8(ascii: "]")]
    case .object(let members):
      let sorted = members.sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
      let texts = sorted.map { Sample.quoted($0.0) + [UInt8(ascii: ":")] + $0.1.json }
      return [UInt8(ascii: "{")] + texts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")]
    }
  }

  private static func quoted(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 8: bytes += Array("\\b".utf8)
      case 9: bytes += Array("\\t".utf8)
      case 10: bytes += Array("\\n".utf8)
      case 12: bytes += Array("\\f".utf8)
      case 13: bytes += Array("\\r".utf8)
      case 0..<32:
        let digits = String(byte, radix: 16)
        bytes += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
      default: bytes.append(byte)
      }
    }
    return bytes + [UInt8(ascii: "\"")]
  }
}

/// One column in the plainest form: what each row has.
struct ModelColumn: Equatable {
  enum Cell: Equatable {
    case present
    case scalar(Value)
    case long
    /// nil stands for a long string.
    case array([Value?])
  }
  var cells: [Int: Cell] = [:]
}

/// A path with a type.
struct ModelKey: Hashable, CustomStringConvertible {
  let path: String
  let type: ColumnType
  var description: String { "\(path)/\(type)" }
}

/// Columns computed the plainest way, without limits on their number.
struct ColumnModel {
  var columns: [ModelKey: ModelColumn] = [:]

  init(_ rows: [Sample]) {
    for (row, sample) in rows.enumerated() {
      guard case .object(let members) = sample else { continue }
      for (name, value) in members { add(value, [name], row) }
    }
  }

  private mutating func set(_ path: [String], _ type: ColumnType, _ row: Int, _ cell: ModelColumn.Cell) {
    columns[ModelKey(path: ColumnPath.text(path), type: type), default: ModelColumn()].cells[row] = cell
  }

  private static func scalar(_ sample: Sample) -> (ColumnType, Value?)? {
    switch sample {
    case .bool(let bool): (.bool, .bool(bool))
    case .int(let int): (.int64, .int(int))
    case .double(let double): (.double, .double(double))
    case .string(let string): (.string, string.utf8.count > 256 ? nil : Value(string))
    case .null, .array, .object: nil
    }
  }

  private mutating func add(_ sample: Sample, _ path: [String], _ row: Int) {
    if let (type, value) = Self.scalar(sample) {
      return set(path, type, row, value.map { .scalar($0) } ?? .long)
    }
    switch sample {
    case .object(let members):
      if members.isEmpty { set(path, .emptyObject, row, .present) }
      for (name, value) in members { add(value, path + [name], row) }
    case .array(let elements):
      if elements.isEmpty { return set(path, .emptyArray, row, .present) }
      var byType: [ColumnType: [Value?]] = [:]
      var nulls = false
      var nested = false
      for element in elements {
        if let (type, value) = Self.scalar(element) {
          byType[type, default: []].append(value)
        } else if case .null = element {
          nulls = true
        } else {
          nested = true
        }
      }
      for type in ColumnType.allCases where type.isArray {
        if let values = byType[type.element] { set(path, type, row, .array(values)) }
      }
      if nested {
        set(path, .rowOnly, row, .present)
      } else if nulls || byType.count > 1 {
        set(path, .mixedArray, row, .present)
      }
    default: set(path, .nullOnly, row, .present)
    }
  }
}

/// Everything that a set of columns says, read row by row.
func contents(of set: ColumnSet) throws -> [ModelKey: ModelColumn] {
  var result: [ModelKey: ModelColumn] = [:]
  for info in set.columns {
    let column = try set.column(info)
    var model = ModelColumn()
    for row in 0..<set.rows {
      switch column.value(row: row) {
      case .absent: break
      case .present: model.cells[row] = .present
      case .scalar(let value): model.cells[row] = .scalar(value)
      case .long: model.cells[row] = .long
      case .array(let positions): model.cells[row] = .array(positions.map { column.element(at: $0) })
      }
    }
    result[ModelKey(path: info.path, type: info.type)] = model
  }
  return result
}

/// A folder in memory for the containers of one test.
final class ColumnFolder {
  let fileSystem = SimulatedFileSystem()
  private var count = 0
  static let collection = UUID16(high: 1, low: 2)

  /// A name that no file has yet.
  func freshName() -> String {
    count += 1
    return "file\(count)"
  }

  /// Writes a container whose sections `fill` adds and returns its name.
  func container(
    over other: (any FileSystem)? = nil, _ fill: (ContainerWriter) throws -> Void
  ) throws -> String {
    let name = freshName()
    let writer = try ContainerWriter(
      fileSystem: other ?? fileSystem, temporaryName: name, kind: .segment, collection: Self.collection,
      features: FeatureBits(), headerFields: [])
    try fill(writer)
    _ = try writer.finish(footerFields: [])
    return name
  }

  /// Writes the columns of rows and returns the container's name.
  func build(
    _ rows: [[UInt8]], budget: Int = 1 << 24, over other: (any FileSystem)? = nil
  ) throws -> String {
    try container(over: other) { writer in
      let builder = ColumnSetBuilder(
        memoryBudget: budget, fileSystem: other ?? fileSystem, spillName: freshName())
      for row in rows { try builder.append(row: row) }
      try builder.finish(into: writer)
    }
  }

  func open(_ name: String) throws -> ContainerFile {
    try ContainerFile.open(
      fileSystem: fileSystem, name: name, kind: .segment, collection: Self.collection, expectedBytes: nil,
      expectedFooterCRC: nil)
  }

  func columns(_ rows: [Sample], budget: Int = 1 << 24) throws -> ColumnSet {
    try ColumnSet(container: open(build(rows.map(\.json), budget: budget)), rows: rows.count)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    let file = try OpenFile(fileSystem, name, .reading)
    return try file.readBytes(at: 0, count: Int(file.size()))
  }

  func write(_ bytes: [UInt8]) throws -> String {
    let name = freshName()
    let file = try OpenFile(fileSystem, name, .creating)
    try file.writeFully(bytes, at: 0)
    return name
  }

  /// Names of all files that are there.
  var files: [String] { get throws { try fileSystem.list("") } }
}

/// Random records with few names, so that paths meet with many types.
struct SampleMaker {
  var random: SeededGenerator
  /// Of 100 values, how many are strings from a large set.
  var distinctStrings = 40

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  static let names = [
    "a", "b", "price", "tags", "ünï", "x.y", "", "quo\"te", "[0]", "$id", "line\nbreak", "back\\slash", "日本",
  ]

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

  mutating func record() -> Sample { .object(members(depth: 0)) }

  private mutating func members(depth: Int) -> [(String, Sample)] {
    var result: [(String, Sample)] = []
    for name in Self.names where below(3) > 0 { result.append((name, value(depth: depth))) }
    return result
  }

  mutating func string() -> String {
    switch below(12) {
    case 0: return ""
    case 1: return String(repeating: "x", count: 250 + below(12))
    case 2: return "tab\tquote\"slash\\null\u{0}"
    case 3: return "😀é\(below(5))"
    case 4: return "shared prefix \(below(distinctStrings))"
    default: return "\(below(distinctStrings))"
    }
  }

  mutating func scalar() -> Sample {
    switch below(8) {
    case 0: return .bool(below(2) == 0)
    case 1: return .int(Int64(below(100)) - 50)
    case 2: return .int([Int64.min, .max, 0, -1, 1 << 53, 999_999_999_999_999_999][below(6)])
    case 3: return .double(Double(below(1000)) / 8 - 30)
    case 4: return .double([1e300, -1e-300, 0x1p-1074, 0.1, -0.0, 9_223_372_036_854_775_808.0][below(6)])
    default: return .string(string())
    }
  }

  private mutating func value(depth: Int) -> Sample {
    switch below(12) {
    case 0: return .null
    case 1 where depth < 3: return .object(below(4) == 0 ? [] : Array(members(depth: depth + 2).prefix(3)))
    case 2:
      let first = scalar()
      // Mostly of one kind.
      return .array((0..<below(4)).map { _ in below(4) == 0 ? scalar() : first })
    case 3:
      return .array(
        (0..<below(4)).map { _ in
          switch below(5) {
          case 0: .null
          case 1: .array([])
          case 2: .object([("z", .int(1))])
          default: scalar()
          }
        })
    default: return scalar()
    }
  }
}
