import DataFormats
import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

@Suite struct JSONReaderPropertyTests {
  /// Random records, some of them bad when `faults` says so, as lines or as an array.
  static func text(_ generator: inout SeededGenerator, records: Int, array: Bool, faults: Bool) -> [UInt8] {
    var text = array ? "[\n" : ""
    for record in 0..<records {
      if array {
        if record > 0 { text += generator.oneIn(2) ? "," : " ,\n " }
      } else if record > 0 {
        text += "\n"
      }
      if !array, generator.oneIn(8) { text += " \r\n" }
      let numbers = (0..<3).map { _ in
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
        return value.isFinite ? value.description : "1.25"
      }
      var fields = [
        #""id":"r\#(record)""#, #""vector":[\#(numbers.joined(separator: generator.oneIn(2) ? "," : ", "))]"#,
      ]
      if generator.oneIn(2) { fields.append(#""t":"\#(generator.oneIn(2) ? "a{}[]\\\"é\\n" : "plain")""#) }
      if generator.oneIn(2) { fields.append(#""n":{"b":[1,2,{"c":null}],"a":1.50}"#) }
      if generator.oneIn(4) { fields.append(#""m":\#(generator.next())"#) }
      if generator.oneIn(12) { fields[1] = #""vector":[1,NaN,2]"# }
      if faults, generator.oneIn(10) {
        fields[1] =
          [#""vector":[1,2]"#, #""vector":[1,2,null]"#, #""id":1"#, #""vector":[1,2,3"#, #""x":"\#u{1}""#][
            generator.below(5)]
      }
      if generator.oneIn(2) { fields.reverse() }
      text += "{" + fields.joined(separator: array && generator.oneIn(3) ? ",\n" : ",") + "}"
    }
    if array { text += "\n]" }
    if generator.oneIn(2) { text += "\n" }
    return Array(text.utf8)
  }

  @Test(arguments: [false, true]) func givesTheSameForEveryThreadCountAndBlockSize(array: Bool) {
    for seed in 1...40 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let text = Self.text(&generator, records: generator.below(120), array: array, faults: seed % 2 == 0)
      var options = ReadOptions()
      options.notFinite = .skip
      options.zeroVector = .allow
      if seed % 3 == 0 { options.skip = 5 }
      if seed % 5 == 0 { options.limit = 20 }
      if seed % 7 == 0 { options.idSource = .row }
      let wanted = Outcome(text, array: array, options: options)
      for threads in [1, 2, 5] {
        for blockBytes in [1, 7, 100, 1000, 1 << 20] {
          options.blockBytes = blockBytes
          let outcome = Outcome(
            text, array: array, options: options, threads: threads, pieceSize: 1 + generator.below(300),
            maximumRows: 1 + generator.below(50))
          // Warnings of records behind an error or a limit are seen or not.
          if wanted.error == nil, options.limit == nil {
            #expect(outcome.warnings == wanted.warnings, "seed \(seed)")
          }
          #expect(outcome.rows == wanted.rows, "seed \(seed), \(threads) threads, blocks of \(blockBytes)")
          #expect(outcome.vectors == wanted.vectors, "seed \(seed)")
          #expect(outcome.error == wanted.error, "seed \(seed), \(threads) threads, blocks of \(blockBytes)")
        }
      }
    }
  }

  @Test(arguments: [false, true]) func readsOrRefusesDamagedSourcesWithoutATrap(array: Bool) {
    var accepted = 0
    for seed in 1...150 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let text = Self.text(&generator, records: 1 + generator.below(6), array: array, faults: false)
      for _ in 0..<20 {
        var damaged = text
        for _ in 0...generator.below(3) {
          damaged[generator.below(damaged.count)] ^= 1 << UInt8(generator.below(8))
        }
        if generator.oneIn(3) { damaged.removeLast(generator.below(damaged.count)) }
        var options = ReadOptions()
        options.blockBytes = 1 + generator.below(200)
        if generator.oneIn(3) { options.vectorField = "n.b[2].c" }
        let outcome = Outcome(damaged, array: array, options: options, threads: 2)
        if let error = outcome.error {
          #expect(error.byteOffset.map { $0 <= UInt64(damaged.count) } ?? true, "seed \(seed): \(error)")
        } else {
          accepted += 1
        }
      }
    }
    #expect(accepted > 0)
  }

  @Test(arguments: [IDType.string, .int64, .uuid]) func bringsBackWhatItWrote(type: IDType) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let dimension = 1 + generator.below(40)
      var batch = RecordBatch(dimension: dimension, idType: type)
      for row in 0..<generator.below(60) {
        let id: RecordID =
          switch type {
          case .string: RecordID(bytes: Array("id \(row) \"é\"\n".utf8), type: .string)
          case .int64: RecordID(int64: Int64(truncatingIfNeeded: generator.next()))
          case .uuid:
            RecordID(bytes: (0..<16).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, type: .uuid)
          }
        let vector = (0..<dimension).map { _ -> Float in
          let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
          return value.isFinite ? value : 1
        }
        let metadata = generator.oneIn(3) ? [] : Array(#"{"a":\#(row),"b":"x\ny","c":[1.5,null]}"#.utf8)
        batch.append(id: id, vector: vector, metadata: metadata)
      }
      for array in [false, true] {
        for vectors in [JSONWriterOptions.Vectors.numbers, .base64] {
          let sink = MemorySink()
          var options = JSONWriterOptions()
          options.vectors = vectors
          options.idsAsStrings = generator.oneIn(2)
          let writer: any RecordWriter =
            array ? JSONArrayWriter(sink, options) : JSONLinesWriter(sink, options)
          try writer.write(batch)
          try writer.finish()
          var reading = ReadOptions()
          reading.idType = type
          reading.zeroVector = .allow
          let source = MemorySource(sink.bytes)
          let reader: any RecordReader =
            array
            ? try JSONArrayReader(source, reading, threads: 2)
            : try JSONLinesReader(source, reading, threads: 2)
          var back = RecordBatch(dimension: 0)
          #expect(try reader.next(&back, maximumRows: 1000) == !batch.isEmpty)
          #expect(back.idBytes == batch.idBytes && back.idOffsets == batch.idOffsets, "seed \(seed)")
          #expect(back.vectors.map(\.bitPattern) == batch.vectors.map(\.bitPattern), "seed \(seed)")
          #expect(back.metadataBytes == batch.metadataBytes && back.metadataOffsets == batch.metadataOffsets)
          #expect(try !reader.next(&back, maximumRows: 1000))
        }
      }
    }
  }
}
