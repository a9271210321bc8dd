import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// How many changed inputs each fuzz test tries: `VDB_FILTER_MUTATIONS`, `VDB_MUTATIONS`, or some.
private var mutationCount: Int {
  let environment = ProcessInfo.processInfo.environment
  return (environment["VDB_FILTER_MUTATIONS"] ?? environment["VDB_MUTATIONS"]).flatMap { Int($0) } ?? 4_000
}

/// Inputs of a corpus folder and changes of them.
private struct Corpus {
  let inputs: [[UInt8]]
  private let tokens: [[UInt8]]

  init(_ folder: String, tokens: [String]) throws {
    let path = PackageFolder.path + "/Fixtures/corpus/" + folder
    inputs = try FileManager.default.contentsOfDirectory(atPath: path).sorted().map {
      Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0)))
    }
    self.tokens = tokens.map { Array($0.utf8) }
  }

  /// A changed input: bytes flipped, cut out, doubled, spliced in from another input or from the language's words.
  func mutation(_ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = inputs[generator.below(inputs.count)]
    for _ in 0...generator.below(4) {
      let place = generator.below(bytes.count + 1)
      switch generator.below(6) {
      case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8(generator.below(8)) }
      case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.below(8)))
      case 2:
        bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + generator.below(24))], at: place)
      case 3:
        let other = inputs[generator.below(inputs.count)]
        let from = generator.below(other.count + 1)
        bytes.insert(contentsOf: other[from..<min(other.count, from + generator.below(40))], at: place)
      case 4: bytes.insert(contentsOf: tokens[generator.below(tokens.count)], at: place)
      case _: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
      }
    }
    return bytes
  }
}

@Suite struct FilterFuzzTests {
  private let record = Array(
    #"{"a":1,"b":[1,"x",null],"items":[{"price":3,"sizes":[1,2]}],"lang":"en","loc":{"lat":52.5,"lon":13.4},"t":"2026-11-21","tags":["a","b"]}"#
      .utf8)

  /// What holds of any filter that a parser takes.
  private func check(_ filter: ParsedFilter, _ input: String) throws {
    let text = FilterPrinter.text(filter.expression)
    // A filter may be longer printed than it was written; then only its form as JSON is tried.
    if text.utf8.count <= FilterLimits.textBytes {
      let again = try FilterParser.parse(text)
      #expect(again.expression == filter.expression, "\(input)")
      #expect(FilterPrinter.text(again.expression) == text, "\(input)")
    }
    let json = try FilterText.write(filter.expression, as: .json)
    if json.utf8.count <= FilterLimits.textBytes {
      #expect(try FilterText.parse(json).expression == filter.expression, "\(input)")
    }
    let normal = FilterNormalizer.normalize(filter.expression)
    #expect(FilterNormalizer.normalize(normal) == normal, "\(input)")
    for form in [FilterText.Form.qdrant, .chroma] {
      guard let written = try? FilterText.write(filter.expression, as: form) else { continue }
      _ = try FilterText.parse(written)
    }
    _ = FilterNote.notes(on: filter.expression).map(\.text)
    var interpreter = FilterInterpreter(try FilterCompiler.compile(filter.expression))
    var opposite = FilterInterpreter(try FilterCompiler.compile(.not(filter.expression)))
    func holds(_ interpreter: inout FilterInterpreter) -> Bool {
      record.withUnsafeBytes { metadata in
        [UInt8(ascii: "x")].withUnsafeBytes { id in
          interpreter.matches(metadata: metadata, id: id, idType: .string, created: 5, updated: 6)
        }
      }
    }
    #expect(holds(&interpreter) != holds(&opposite), "\(input)")
  }

  /// What holds of any error.
  private func check(_ error: FilterError, _ text: String) {
    if case .text(let range) = error.place {
      #expect(range.lowerBound >= 0 && range.upperBound <= text.utf8.count, "\(text): \(error)")
      #expect(error.pointer(in: text) != nil && error.placeName(in: text) != nil)
    }
    #expect(!error.description.isEmpty)
  }

  @Test(arguments: ["filter-text", "filter-json"])
  func changedFiltersAreReadOrRefused(_ folder: String) throws {
    let corpus = try Corpus(
      folder,
      tokens: [
        " AND ", " OR ", "NOT ", "(", ")", "''", "\"", "IS ", "ANY(", ": ", ".", "[]", "$id", "NULL", "1e9",
        "@'x'", ":p", "{", "}",
        "[", "]", ",", "\"op\":", "\"path\":\"a\"", "\"must\":", "\"$and\":", "null", "true", "--", "\n",
        "\u{0}", "é", "-",
      ])
    #expect(corpus.inputs.count >= 6)
    for input in corpus.inputs {
      let text = String(decoding: input, as: UTF8.self)
      try check(try FilterText.parse(text), text)
    }
    let seed: UInt64 = 99
    var generator = SeededGenerator(seed: seed)
    var accepted = 0
    for _ in 0..<mutationCount {
      let text = String(decoding: corpus.mutation(&generator), as: UTF8.self)
      let filter: ParsedFilter
      do throws(FilterError) {
        filter = try FilterText.parse(text)
      } catch {
        check(error, text)
        continue
      }
      accepted += 1
      do { try check(filter, text) } catch { Issue.record("\(text): \(error)") }
    }
    #expect(accepted > mutationCount / 100)
    print("fuzz: \(mutationCount) changes of \(folder) from seed \(seed), \(accepted) accepted")
  }

  @Test func changedPatternsAreReadOrRefused() throws {
    let corpus = try Corpus(
      "filter-regex",
      tokens: ["(", ")", "*", "+?", "{2,}", "[", "]", "|", "\\", "(?i)", "\\b", "^", "$", ".", "é", "{1000}"])
    let texts = ["", "abc", "a1 _\né", String(repeating: "ab", count: 40), "日本Σς😀"].map { Array($0.utf8) }
    for input in corpus.inputs { _ = try RegularExpression(input) }
    var generator = SeededGenerator(seed: 98)
    for _ in 0..<mutationCount / 4 {
      let pattern = corpus.mutation(&generator)
      let expression: RegularExpression
      do throws(FilterError) { expression = try RegularExpression(pattern) } catch { continue }
      let matcher = RegexMatcher(expression)
      for text in texts {
        let first = text.withUnsafeBytes { matcher.matches($0) }
        #expect(text.withUnsafeBytes { matcher.matches($0) } == first)
        // What is no UTF-8 ends too.
        let broken = text.map { $0 ^ 0x80 }
        _ = broken.withUnsafeBytes { matcher.matches($0) }
      }
    }
  }

  /// Records that are no JSON give an answer and no trap.
  @Test func changedRecordsGiveAnAnswer() throws {
    let filters = try [
      "a = 1 OR b != 'x' OR ANY(items: .price < 3 AND ANY(.sizes: . > 1))",
      "LENGTH(b) > 1 AND LOWER(lang) = 'en'", "items[0].sizes[].x IS NOT EMPTY",
      "GEO_RADIUS(loc, 52, 13, 1e5)", "tags CONTAINS ALL ('a', 'b')", "t >= TS '2026-01-01'", "a < b",
      "EXISTS(loc.lat) AND loc IS GEO AND a IS INT",
    ].map { FilterInterpreter(try FilterCompiler.compile(try FilterParser.parse($0).expression)) }
    var generator = SeededGenerator(seed: 97)
    let marks = Array("{}[]\",:\\eu0-19.tfn".utf8)
    for var interpreter in filters {
      for _ in 0..<mutationCount / 4 {
        var bytes = record
        for _ in 0...generator.below(3) {
          let place = generator.below(bytes.count)
          switch generator.below(4) {
          case 0: bytes[place] = marks[generator.below(marks.count)]
          case 1: bytes.remove(at: place)
          case 2: bytes.insert(marks[generator.below(marks.count)], at: place)
          case _: bytes.removeSubrange(place...)
          }
          if bytes.isEmpty { break }
        }
        bytes.withUnsafeBytes { metadata in
          _ = interpreter.matches(metadata: metadata, id: metadata, idType: .string, created: 0, updated: 0)
        }
      }
    }
  }
}
