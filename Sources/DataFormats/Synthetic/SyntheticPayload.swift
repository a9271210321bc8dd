import FileStorage
import MetadataFilters

/// The metadata of made-up rows: named fields, each of a kind with known frequencies.
///
/// Written as `NAME:KIND`, `NAME:KIND:N` and `NAME:KIND:N?SHARE`, where SHARE is the part of the rows that have the field.
package struct SyntheticPayload: Sendable {
  /// What a field holds; `count` is the N of the text, or what stands here.
  package enum Kind: String, CaseIterable, Sendable {
    /// A whole number below N, all equally likely; 1,000,000.
    case int
    /// A number from 0 up to but not including 1, with six digits.
    case float
    /// True in one row of N; 2.
    case bool
    /// One of N words by Zipf's law; 100.
    case category
    /// A list of up to five different of N words by Zipf's law; 1,000.
    case tags
    /// A time in the N years from 2020 on, with seconds in UTC; 5.
    case time
    /// A place on earth as an object with `lat`, -85 to 85, and `lon`, -180 to 180, both evenly spread.
    case geo
    /// A text of 16 digits that hardly any two rows share.
    case string
    /// A line of N words from a small vocabulary; 6.
    case text
    /// The number of the cluster that the vector comes from: filters on it go together with distance.
    case cluster
    /// The first number of the vector: ranges of it go together with distance, less so.
    case axis
    /// The row's number.
    case row

    /// The N of a field that states none; nil for kinds without one.
    var defaultCount: UInt64? {
      switch self {
      case .int: 1_000_000
      case .bool: 2
      case .category: 100
      case .tags: 1000
      case .time: 5
      case .text: 6
      case .float, .geo, .string, .cluster, .axis, .row: nil
      }
    }

    /// The greatest N.
    var maximumCount: UInt64 {
      switch self {
      case .int, .bool: 1 << 53
      case .category, .tags: 1_000_000
      case .time: 100
      case .text: 1000
      case .float, .geo, .string, .cluster, .axis, .row: 0
      }
    }
  }

  /// One field.
  struct Field: Sendable {
    let name: String
    let kind: Kind
    let count: UInt64
    /// Of 2^32 rows, how many have the field.
    let presence: UInt64
    let numbers: ZipfNumbers?
    /// The name in quotes with a colon behind it.
    let key: [UInt8]
    let stream: UInt64
  }

  /// The fields, sorted by the bytes of their names.
  private(set) var fields: [Field] = []

  /// Every kind once, under a name of its own: what `standard` stands for.
  package static let standard = [
    "n:int", "share:float", "flag:bool:10", "category:category", "tags:tags", "time:time", "place:geo",
    "key:string", "text:text", "cluster:cluster", "axis:axis", "row:row", "price:int:10000?0.5",
  ]

  /// No metadata.
  package init() {}

  /// Why a description of fields cannot be followed.
  package struct Failure: Error, Equatable, Sendable {
    /// The part that is wrong.
    package let text: String
    /// What is wrong with it: a clause.
    package let reason: String
  }

  /// The fields of some descriptions; `standard` stands for `standard`.
  package init(_ descriptions: [String]) throws(Failure) {
    for text in descriptions.flatMap({ $0 == "standard" ? SyntheticPayload.standard : [$0] }) {
      let field = try SyntheticPayload.field(text)
      guard !fields.contains(where: { $0.name == field.name }) else {
        throw Failure(text: text, reason: "the name is taken")
      }
      fields.append(field)
    }
    fields.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Whether there are no fields.
  package var isEmpty: Bool { fields.isEmpty }
  /// The names of the fields, sorted by their bytes.
  package var names: [String] { fields.map(\.name) }

  private static func field(_ text: String) throws(Failure) -> Field {
    func failure(_ reason: String) -> Failure { Failure(text: text, reason: reason) }
    var rest = Substring(text)
    var presence = UInt64(1) << 32
    if let mark = rest.lastIndex(of: "?") {
      let share = rest[rest.index(after: mark)...]
      guard share.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }), let value = Double(share),
        value >= 0, value <= 1
      else { throw failure("'\(share)' is no share from 0 to 1") }
      presence = UInt64(value * 0x1p32)
      rest = rest[..<mark]
    }
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let name = parts.first, !name.isEmpty else {
      throw failure("expected NAME:KIND or NAME:KIND:N")
    }
    guard let kind = Kind(rawValue: String(parts[1])) else {
      throw failure(
        "'\(parts[1])' is none of the kinds \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var count = kind.defaultCount ?? 0
    if parts.count == 3 {
      guard kind.defaultCount != nil else { throw failure("the kind \(kind.rawValue) takes no number") }
      guard let number = UInt64(parts[2]), number >= 1, number <= kind.maximumCount else {
        throw failure("'\(parts[2])' is no whole number from 1 to \(kind.maximumCount)")
      }
      count = number
    }
    let usesWords = kind == .category || kind == .tags
    var key: [UInt8] = []
    JSONWriter.appendQuoted(String(name), to: &key)
    key.append(UInt8(ascii: ":"))
    let stream = name.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return Field(
      name: String(name), kind: kind, count: count, presence: presence,
      numbers: usesWords ? ZipfNumbers(count: Int(count)) : nil, key: key, stream: stream | 1 << 63)
  }
}

/// The row that metadata is made for.
struct SyntheticRow {
  let seed: UInt64
  let set: SyntheticSet
  let number: UInt64
  let group: Int
  let first: Float
}

extension SyntheticPayload {
  /// Appends the canonical JSON object of a row.
  func append(_ row: SyntheticRow, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for field in fields {
      var noise = SyntheticNoise(
        seed: row.seed ^ field.stream, stream: 32 + row.set.rawValue, number: row.number)
      guard noise.next() >> 32 < field.presence else { continue }
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      bytes += field.key
      SyntheticPayload.append(field, row, &noise, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private static func append(
    _ field: Field, _ row: SyntheticRow, _ noise: inout SyntheticNoise, to bytes: inout [UInt8]
  ) {
    func decimal(_ number: UInt64) {
      JSONWriter.appendDecimal(Int64(truncatingIfNeeded: number), to: &bytes)
    }
    switch field.kind {
    case .int: decimal(noise.below(field.count))
    case .float: DecimalFloat.appendShortest(Double(noise.below(1_000_000)) / 1_000_000, to: &bytes)
    case .bool: bytes += (noise.below(field.count) == 0 ? "true" : "false").utf8
    case .category:
      bytes += "\"c".utf8
      decimal(UInt64(field.numbers?.next(&noise) ?? 0))
      bytes.append(UInt8(ascii: "\""))
    case .tags:
      var tags: [Int] = []
      for _ in 0..<noise.below(6) {
        let tag = field.numbers?.next(&noise) ?? 0
        if !tags.contains(tag) { tags.append(tag) }
      }
      bytes.append(UInt8(ascii: "["))
      for (place, tag) in tags.enumerated() {
        bytes += (place == 0 ? "\"t" : ",\"t").utf8
        decimal(UInt64(tag))
        bytes.append(UInt8(ascii: "\""))
      }
      bytes.append(UInt8(ascii: "]"))
    case .time: appendTime(noise.below(field.count * 31_556_952), to: &bytes)
    case .geo:
      let latitude = Int64(noise.below(1_700_001)) - 850_000
      let longitude = Int64(noise.below(3_600_000)) - 1_800_000
      bytes += "{\"lat\":".utf8
      DecimalFloat.appendShortest(Double(latitude) / 10_000, to: &bytes)
      bytes += ",\"lon\":".utf8
      DecimalFloat.appendShortest(Double(longitude) / 10_000, to: &bytes)
      bytes.append(UInt8(ascii: "}"))
    case .string:
      let digits = Array("0123456789abcdef".utf8)
      let bits = noise.next()
      bytes.append(UInt8(ascii: "\""))
      for place in (0..<16).reversed() { bytes.append(digits[Int(bits >> UInt64(place * 4) & 15)]) }
      bytes.append(UInt8(ascii: "\""))
    case .text:
      bytes.append(UInt8(ascii: "\""))
      for place in 0..<field.count {
        if place > 0 { bytes.append(UInt8(ascii: " ")) }
        appendWord(noise.below(4096), to: &bytes)
      }
      bytes.append(UInt8(ascii: "\""))
    case .cluster: decimal(UInt64(row.group))
    case .axis: DecimalFloat.appendShortest(Double(row.first), to: &bytes)
    case .row: decimal(row.number)
    }
  }

  /// Appends one of 4,096 words that can be spoken: two syllables.
  private static func appendWord(_ number: UInt64, to bytes: inout [UInt8]) {
    let consonants = Array("bdfgklmnprstvwzh".utf8)
    let vowels = Array("aeio".utf8)
    for shift in [UInt64(0), 6] {
      bytes.append(consonants[Int(number >> shift & 15)])
      bytes.append(vowels[Int(number >> (shift + 4) & 3)])
    }
  }

  /// Appends seconds since the beginning of 2020 as a time of RFC 3339 in quotes.
  private static func appendTime(_ seconds: UInt64, to bytes: inout [UInt8]) {
    // Days since 0000-03-01, by eras of 400 years.
    let days = seconds / 86_400 + 737_730
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    func two(_ number: UInt64, _ before: Character) {
      bytes += "\(before)\(number < 10 ? "0" : "")\(number)".utf8
    }
    bytes += "\"\(year + era * 400 + (month < 10 ? 0 : 1))".utf8
    two(month < 10 ? month + 3 : month - 9, "-")
    two(day, "-")
    two(seconds / 3600 % 24, "T")
    two(seconds / 60 % 60, ":")
    two(seconds % 60, ":")
    bytes += "Z\"".utf8
  }
}
