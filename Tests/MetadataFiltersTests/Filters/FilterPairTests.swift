import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// How many pairs of filter and record the campaign tries: `VDB_FILTER_PAIRS`, or some.
private var pairCount: Int {
  ProcessInfo.processInfo.environment["VDB_FILTER_PAIRS"].flatMap { Int($0) } ?? 60_000
}

/// The engine's answer for a record.
func evaluate(_ interpreter: inout FilterInterpreter, _ record: NaiveRecord) throws -> Bool {
  let metadata = try CanonicalJSON.encode(record.metadata)
  let id: RecordID =
    switch record.id {
    case .json(.int(let int)): RecordID(int64: int)
    case .json(.string(let text)): RecordID(bytes: Array(text.utf8), type: .string)
    case _: RecordID(int64: 0)
    }
  return metadata.withUnsafeBytes { metadata in
    id.bytes.withUnsafeBytes { bytes in
      interpreter.matches(
        metadata: metadata, id: bytes, idType: id.type, created: Int64(record.created) * 1_000_000_000,
        updated: Int64(record.updated) * 1_000_000_000)
    }
  }
}

@Suite struct FilterPairTests {
  /// The interpreter, and the naive one before and after normalising, agree on random filters and records; each filter's
  /// text is read back as the same filter.
  @Test func agreesWithTheNaiveInterpreter() throws {
    let seed: UInt64 = 20_261
    var random = FilterGenerator(seed: seed)
    var trues = 0
    var pairs = 0
    var filters = 0
    var translated = 0
    while pairs < pairCount {
      let expression = random.expression()
      filters += 1
      let text = FilterPrinter.text(expression)
      let parsed = try FilterParser.parse(text)
      guard parsed.expression == expression else {
        Issue.record(
          "seed \(seed), filter \(filters): \(text) is read back as \(FilterPrinter.text(parsed.expression))")
        return
      }
      let normal = FilterNormalizer.normalize(expression)
      let json = try FilterText.write(expression, as: .json)
      let fromJSON = try FilterText.parse(json)
      // A constant alone is the word true or false in both forms, and only a brace tells JSON from text.
      let form: FilterText.Form = if case .constant = expression { .text } else { .json }
      guard fromJSON.expression == expression, FilterText.form(of: json) == form else {
        Issue.record(
          "seed \(seed), filter \(filters): \(json) is read back as \(FilterPrinter.text(fromJSON.expression))"
        )
        return
      }
      var dialects: [FilterExpression] = []
      for form in [FilterText.Form.qdrant, .chroma] {
        guard let written = try? FilterText.write(expression, as: form) else { continue }
        dialects.append(try FilterText.parse(written).expression)
        translated += 1
      }
      var interpreter = FilterInterpreter(try FilterCompiler.compile(expression))
      for _ in 0..<20 {
        pairs += 1
        let record = random.record()
        let wanted = NaiveFilter(record: record).isTrue(expression)
        let found = try evaluate(&interpreter, record)
        let ofNormal = NaiveFilter(record: record).isTrue(normal)
        if wanted { trues += 1 }
        let isTranslated = dialects.allSatisfy { NaiveFilter(record: record).isTrue($0) == wanted }
        guard wanted == found, wanted == ofNormal, isTranslated else {
          let json = String(decoding: try CanonicalJSON.encode(record.metadata), as: UTF8.self)
          Issue.record(
            """
            seed \(seed), filter \(filters): \(text)
            normal: \(FilterPrinter.text(normal)) (naive: \(ofNormal))
            record: \(json) id \(record.id) created \(record.created) updated \(record.updated)
            naive \(wanted), engine \(found), dialects \(dialects.map { FilterPrinter.text($0) })
            """)
          return
        }
      }
    }
    // Pairs that are all FALSE would prove nothing.
    #expect(trues > pairs / 10 && trues < pairs - pairs / 10)
    print(
      "filters: \(pairs) pairs of \(filters) filters from seed \(seed), \(trues) TRUE, \(translated) in a dialect"
    )
  }

  /// What binding replaces is printed and read back too, and binding leaves nothing of it.
  @Test func unboundFiltersArePrintedAndBound() throws {
    let seed: UInt64 = 77
    var random = FilterGenerator(seed: seed)
    random.makesUnbound = true
    for number in 0..<pairCount / 20 {
      let expression = random.expression()
      let text = FilterPrinter.text(expression)
      let parsed = try FilterParser.parse(text)
      #expect(parsed.expression == expression, "seed \(seed), filter \(number): \(text)")
      #expect(FilterPrinter.text(parsed.expression) == text)
      var binder = FilterBinder(now: FilterInstant(seconds: 1_704_067_200))
      for name in ["p", "q_1"] where text.contains(":" + name) { binder.parameters[name] = .string("a") }
      if text.contains(":list") { binder.parameters["list"] = .array([.int(1), .string("a"), .null]) }
      for file in binder.files(of: expression) {
        binder.files[file] = FilterValueSet([.int(1), .string(Array("ab".utf8))])
      }
      let bound: FilterExpression
      do throws(FilterError) {
        bound = try binder.bind(parsed)
      } catch {
        // Identifiers and times have types of their own, and no file was read for them.
        #expect(
          error.code == .type || error.code == .file, "seed \(seed), filter \(number): \(text): \(error)")
        continue
      }
      let again = try FilterBinder(now: binder.now, types: binder.types).bind(ParsedFilter(bound))
      #expect(again == bound, "seed \(seed), filter \(number): \(text)")
      var interpreter = FilterInterpreter(try FilterCompiler.compile(bound))
      _ = try evaluate(&interpreter, random.record())
    }
  }
}
