import DataFormats
import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// A batch of string ids.
func batch(_ rows: [(id: String, vector: [Float], metadata: String)]) -> RecordBatch {
  var batch = RecordBatch(dimension: rows.first?.vector.count ?? 0)
  for row in rows {
    batch.append(
      id: RecordID(bytes: Array(row.id.utf8), type: .string), vector: row.vector,
      metadata: Array(row.metadata.utf8))
  }
  return batch
}

/// What a writer makes of a batch, as text.
func csv(
  _ batch: RecordBatch, columns: [String], _ change: (inout CSVWriterOptions) -> Void = { _ in }
) throws -> (text: String, writer: CSVWriter) {
  let sink = MemorySink(name: "out.csv")
  var options = CSVWriterOptions()
  change(&options)
  let writer = try CSVWriter(sink, columns: columns, dimension: batch.dimension, options: options)
  try writer.write(batch)
  try writer.finish()
  return (String(decoding: sink.bytes, as: UTF8.self), writer)
}

@Test func writesATableByRFC4180() throws {
  let rows = batch([
    ("a", [0.1, -2], #"{"n":1,"o":{"x":[1,2]},"t":"say \"hi\",\ntwice"}"#),
    ("1.0", [.leastNonzeroMagnitude, 3], #"{"b":true,"t":""}"#),
    ("c,d", [0.5, 1e20], ""),
  ])
  let (text, writer) = try csv(rows, columns: ["t", "n", "o", "b", "none"])
  #expect(
    text == "id,vector,t,n,o,b,none\r\n"
      + "a,\"[0.1,-2.0]\",\"say \"\"hi\"\",\ntwice\",1,\"{\"\"x\"\":[1,2]}\",,\r\n"
      + "\"1.0\",\"[1e-45,3.0]\",\"\",,,true,\r\n" + "\"c,d\",\"[0.5,1e+20]\",,,,,\r\n")
  #expect(writer.formulaCells == 0)
}

@Test func makesFormulasHarmlessWhenAsked() throws {
  let rows = batch([("=1+1", [1], #"{"t":"@x","u":-5,"v":"plain"}"#)])
  let (plain, writer) = try csv(rows, columns: ["t", "u", "v"])
  #expect(plain.hasSuffix("=1+1,\"[1.0]\",@x,-5,plain\r\n"))
  #expect(writer.formulaCells == 2)
  let safe = try csv(rows, columns: ["t", "u", "v"]) { $0.isSpreadsheetSafe = true }
  #expect(safe.text.hasSuffix("'=1+1,\"[1.0]\",'@x,-5,plain\r\n"))
}

@Test func writesVectorsInEverySpelling() throws {
  let rows = batch([("a", [1, -2], "")])
  let names = try #require(VectorColumnNames("e{0..1}"))
  #expect(try csv(rows, columns: []) { $0.vectors = .columns(names) }.text == "id,e0,e1\r\na,1.0,-2.0\r\n")
  #expect(try csv(rows, columns: []) { $0.vectors = .none }.text == "id\r\na\r\n")
  #expect(try csv(rows, columns: []) { $0.vectors = .base64 }.text == "id,vector\r\na,b64:AACAPwAAAMA=\r\n")
  let tabs = try csv(rows, columns: []) {
    $0.delimiter = 9
    $0.endsWithReturn = false
  }
  #expect(tabs.text == "id\tvector\na\t\"[1.0,-2.0]\"\n")
}

@Test func refusesColumnsThatClash() {
  #expect(throws: FormatError.self) { try csv(batch([("a", [1], "")]), columns: ["id"]) }
  #expect(throws: FormatError.self) { try csv(batch([("a", [1], "")]), columns: ["t", "t"]) }
  #expect(throws: FormatError.self) { try csv(batch([("a", [1], "")]), columns: [""]) }
}

@Test(arguments: [UInt64(1), 2, 3, 4])
func anyTextAndVectorComesBackFromATable(_ seed: UInt64) throws {
  var generator = SeededGenerator(seed: seed)
  let pieces = [
    "a", "\"", ",", "\n", "\r", "\r\n", "\t", ";", " ", "ü", "😀", "\\", "=", "[", "0", "\u{1}", "'",
  ]
  func text() -> String {
    (0..<Int.random(in: 0..<6, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
      .joined()
  }
  for encoding in [CSVWriterOptions.Vectors.json, .base64, .columns(VectorColumnNames("x")!)] {
    var rows = RecordBatch(dimension: 3)
    var expected: [String] = []
    for row in 0..<60 {
      let vector = (0..<3).map { _ in
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
        return value.isFinite ? value : 1
      }
      var json = JSONWriter()
      json.beginObject()
      for key in ["a,b", "q\"", "z"] where Bool.random(using: &generator) {
        json.key(key)
        json.value(text())
      }
      json.endObject()
      let bytes = json.bytes == Array("{}".utf8) ? [] : json.bytes
      expected.append(String(decoding: bytes, as: UTF8.self))
      let id = Bool.random(using: &generator) ? "\(row).0" : text() + "\(row)"
      rows.append(id: RecordID(bytes: Array(id.utf8), type: .string), vector: vector, metadata: bytes)
    }
    let (table, _) = try csv(rows, columns: ["z", "a,b", "q\""]) { $0.vectors = encoding }
    let read = Reading.csv(
      table,
      options: options {
        if case .columns = encoding { $0.vectorColumns = "x" }
        $0.blockBytes = 200
        $0.zeroVector = .allow
      }, threads: 2)
    #expect(read.failure == nil)
    #expect(read.ids == (0..<60).map { rows.id($0).display }, "seed \(seed)")
    #expect(read.vectors.flatMap { $0.map(\.bitPattern) } == rows.vectors.map(\.bitPattern), "seed \(seed)")
    #expect(read.metadata == expected, "seed \(seed)")
  }
}

@Test func realRecordsComeBackFromATable() throws {
  let records = MemorySource(
    [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: PackageFolder.path + "/Fixtures/packages/records.jsonl"))))
  let original = try makeRecordReader(format: .jsonLines, source: records, options: ReadOptions(), threads: 2)
  let names = ["arch", "installed_size", "maintainer", "priority", "section", "text", "version"]
  let sink = MemorySink()
  var batch = RecordBatch(dimension: 384)
  let writer = try CSVWriter(sink, columns: names, dimension: 384, options: CSVWriterOptions())
  while try original.next(&batch, maximumRows: 64) { try writer.write(batch) }
  try writer.finish()
  let read = Reading.all(
    MemorySource(sink.bytes), format: .csv, options: options { $0.casts = ["installed_size": .int] },
    threads: 2)
  #expect(read.failure == nil)
  #expect(read.ids.count > 100)
  let whole = Reading.all(
    MemorySource(
      [UInt8](
        try Data(contentsOf: URL(fileURLWithPath: PackageFolder.path + "/Fixtures/packages/records.jsonl")))),
    format: .jsonLines)
  #expect(read.ids == whole.ids)
  #expect(read.vectors == whole.vectors)
  #expect(read.metadata == whole.metadata)
}
