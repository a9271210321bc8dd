import DataFormats
import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// What came of a source: the rows in words, then the error.
struct Outcome: Equatable {
  var rows: [String] = []
  var vectors: [UInt32] = []
  var error: FormatError?
  var skipped: UInt64 = 0
  var warnings: [FormatWarning] = []
  var dimension: Int?

  init(
    _ text: [UInt8], array: Bool = false, options: ReadOptions = ReadOptions(), threads: Int = 1,
    pieceSize: Int = .max,
    maximumRows: Int = 1000
  ) {
    let source = MemorySource(text, name: "t.jsonl", pieceSize: pieceSize)
    do throws(FormatError) {
      let reader: any RecordReader =
        array
        ? try JSONArrayReader(source, options, threads: threads)
        : try JSONLinesReader(source, options, threads: threads)
      var batch = RecordBatch(dimension: 0)
      do throws(FormatError) {
        while try reader.next(&batch, maximumRows: maximumRows) {
          for row in 0..<batch.count {
            let position = batch.positions[row]
            let metadata = String(decoding: batch.metadataBytes[batch.metadataRange(row)], as: UTF8.self)
            rows.append(
              "\(position.line)/\(position.record) \(batch.id(row).display) \(batch.hasVector[row]) \(metadata)"
            )
            vectors += batch.vectors[batch.vectorRange(row)].map(\.bitPattern)
          }
        }
      } catch { self.error = error }
      skipped = reader.skippedRows
      warnings = reader.warnings
      dimension = reader.dimension
    } catch { self.error = error }
  }

  init(_ text: String, array: Bool = false, options: ReadOptions = ReadOptions()) {
    self.init(Array(text.utf8), array: array, options: options)
  }
}

@Suite struct JSONRecordTests {
  private func options(_ change: (inout ReadOptions) -> Void) -> ReadOptions {
    var options = ReadOptions()
    change(&options)
    return options
  }

  @Test func takesPayloadOrEveryOtherFieldAsMetadata() {
    let cases: [(String, String)] = [
      (#"{"id":"a","vector":[1,2],"payload":{"b":1,"a":2}}"#, #"1/1 a true {"a":2,"b":1}"#),
      (#"{"id":"a","vector":[1,2],"metadata":{"b":1}}"#, #"1/1 a true {"b":1}"#),
      (#"{"metadata":{"b":1},"embedding":[1,2],"id":"a"}"#, #"1/1 a true {"b":1}"#),
      (#"{"title":"x","id":"a","embedding":[1,2],"année":3}"#, #"1/1 a true {"année":3,"title":"x"}"#),
      (#"{"id":"a","vector":[1,2]}"#, "1/1 a true "),
      (#"{"id":"a","vector":[1,2],"payload":{}}"#, "1/1 a true "),
      (#"{"id":"a","vector":[1,2],"payload":null}"#, "1/1 a true "),
      (#"{"id":"a","vector":[1,2],"embedding":[3]}"#, #"1/1 a true {"embedding":[3]}"#),
      (#"{"embedding":[3,"x"],"id":"a","vector":[1,2]}"#, #"1/1 a true {"embedding":[3,"x"]}"#),
      (
        #"{"embedding":[3,4],"id":"a","z":1,"vector":[1,2],"b":2}"#,
        #"1/1 a true {"b":2,"embedding":[3,4],"z":1}"#
      ),
      (#"{"embedding":"ada-002","id":"a","vector":[1,2]}"#, #"1/1 a true {"embedding":"ada-002"}"#),
      (#"{"i\u0064":"a","vect\u006fr":[1,2]}"#, "1/1 a true "),
    ]
    for (text, wanted) in cases {
      let outcome = Outcome(text)
      #expect(outcome.rows == [wanted], "\(text): \(outcome.error?.description ?? "")")
      #expect(outcome.vectors == [Float(1).bitPattern, Float(2).bitPattern], "\(text)")
    }
  }

  @Test func namesEveryPitfall() {
    let big = String(repeating: "9", count: 30)
    let cases: [(String, FormatErrorCode, String?)] = [
      ("[1]", .recordNotObject, nil), ("3", .recordNotObject, nil), ("{\"id\":1", .jsonSyntax, nil),
      ("{'id':1}", .jsonSyntax, nil),
      (#"{"id":1,"vector":[1]} x"#, .jsonTrailing, nil), (#"{"vector":[1]}"#, .idMissing, "id"),
      (#"{"id":null,"vector":[1]}"#, .idMissing, "id"), (#"{"id":1.0,"vector":[1]}"#, .idFloat, "id"),
      (#"{"id":1E+05,"vector":[1]}"#, .idFloat, "id"), (#"{"id":true,"vector":[1]}"#, .idType, "id"),
      (#"{"id":"","vector":[1]}"#, .idEmpty, "id"), (#"{"id":"a\u0000","vector":[1]}"#, .idNul, "id"),
      (#"{"id":"\#(String(repeating: "x", count: 1025))","vector":[1]}"#, .idTooLong, "id"),
      (#"{"id":1,"vector":[1],"id":2}"#, .jsonDuplicateKey, nil),
      (#"{"id":1,"vector":[1],"vector":[2]}"#, .jsonDuplicateKey, nil),
      (#"{"id":1,"embedding":[1],"embedding":[2]}"#, .jsonDuplicateKey, nil),
      (#"{"id":1,"vector":[1],"a":1,"a":1}"#, .jsonDuplicateKey, nil),
      (#"{"id":1}"#, .vectorMissing, "vector"),
      (#"{"id":1,"vector":null}"#, .vectorType, "vector"), (#"{"id":1,"vector":{}}"#, .vectorType, "vector"),
      (#"{"id":1,"vector":[]}"#, .vectorEmpty, "vector"),
      (#"{"id":1,"vector":[1,null]}"#, .vectorNumber, "vector[1]"),
      (#"{"id":1,"vector":[1,"2"]}"#, .vectorNumber, "vector[1]"),
      (#"{"id":1,"vector":[[1,2]]}"#, .vectorNumber, "vector[0]"),
      (#"{"id":1,"vector":[1,NaN]}"#, .notFinite, "vector[1]"),
      (#"{"id":1,"vector":[-Infinity]}"#, .notFinite, "vector[0]"),
      (#"{"id":1,"vector":[1,1e39]}"#, .floatOverflow, "vector[1]"),
      (#"{"id":1,"vector":[0,-0.0]}"#, .zeroVector, "vector"),
      (#"{"id":1,"vector":[1,01]}"#, .jsonSyntax, "vector[1]"),
      (#"{"id":1,"vector":[1,]}"#, .jsonSyntax, "vector[1]"),
      (#"{"id":1,"vector":[1 2]}"#, .jsonSyntax, "vector[1]"),
      (#"{"id":1,"vector":[1],"payload":3}"#, .payloadNotObject, "payload"),
      (#"{"id":1,"vector":[1],"payload":{},"x":1}"#, .strayField, "x"),
      (#"{"x":1,"id":1,"vector":[1],"payload":{}}"#, .strayField, "x"),
      (#"{"id":1,"vector":[1],"payload":{},"metadata":{}}"#, .strayField, "metadata"),
      (#"{"id":1,"vector":[1],"embedding":[1],"payload":{}}"#, .strayField, "embedding"),
      (#"{"id":1,"vector":[1],"x":NaN}"#, .notFinite, nil),
      (#"{"id":1,"vector":[1],"x":"\ud800"}"#, .jsonLoneSurrogate, nil),
      (#"{"id":1,"vector":"!!"}"#, .vectorType, nil), (#"{"id":\#(big),"vector":[1]}"#, .idRange, "id"),
    ]
    for (text, code, column) in cases {
      let isRange = code == .idRange
      let outcome = Outcome(text, options: options { $0.idType = isRange ? .int64 : .string })
      #expect(outcome.error?.code == code, "\(text): \(outcome.error?.description ?? "accepted")")
      if let column { #expect(outcome.error?.column == column, "\(text)") }
      #expect(
        outcome.error?.line == 1 && outcome.error?.record == 1 && outcome.error?.byteOffset != nil, "\(text)")
    }
  }

  @Test func placesAnErrorByLineRecordAndByte() {
    let text = "\u{FEFF}" + #"{"id":1,"vector":[1,2]}"# + "\r\n\n  \n" + #"{"id":2,"vector":[1,2,3]}"# + "\n"
    let outcome = Outcome(text)
    #expect(outcome.rows == ["1/1 1 true "])
    #expect(
      outcome.error?.description
        == "t.jsonl:4 (record 2, byte 49): vector: expected 2 numbers, found 3")
    let array = "[\n" + #"{"id":1,"vector":[1,2]},"# + "\n{\n" + #""id":2,"# + "\n" + #""vector":[1,NaN]}]"#
    let second = Outcome(array, array: true)
    #expect(second.rows == ["2/1 1 true "])
    #expect(second.error?.code == .notFinite)
    #expect(second.error?.line == 5 && second.error?.record == 2)
    let offset = array.utf8.count - "NaN]}]".utf8.count
    #expect(second.error?.byteOffset == UInt64(offset))
  }

  @Test func readsIdentifiersOfEachType() {
    let ints = Outcome(
      #"{"id":-9223372036854775808,"vector":[1]}"# + "\n" + #"{"id":"42","vector":[1]}"#,
      options: options { $0.idType = .int64 })
    #expect(ints.rows == ["1/1 -9223372036854775808 true ", "2/2 42 true "])
    let strings = Outcome(
      #"{"id":7,"vector":[1]}"# + "\n" + #"{"id":"007","vector":[1]}"# + "\n" + #"{"id":"1.0","vector":[1]}"#)
    #expect(strings.rows == ["1/1 7 true ", "2/2 007 true ", "3/3 1.0 true "])
    let uuid = Outcome(
      #"{"id":"123E4567-E89B-12D3-A456-426614174000","vector":[1]}"#, options: options { $0.idType = .uuid })
    #expect(uuid.rows == ["1/1 123e4567-e89b-12d3-a456-426614174000 true "])
    for (text, type, code) in [
      (#"{"id":"007","vector":[1]}"#, IDType.int64, FormatErrorCode.idInteger),
      (#"{"id":"x","vector":[1]}"#, .int64, .idInteger),
      (#"{"id":9223372036854775808,"vector":[1]}"#, .int64, .idRange),
      (#"{"id":"1.5","vector":[1]}"#, .int64, .idFloat),
      (#"{"id":"x","vector":[1]}"#, .uuid, .idUUID), (#"{"id":1,"vector":[1]}"#, .uuid, .idUUID),
    ] {
      #expect(Outcome(text, options: options { $0.idType = type }).error?.code == code, "\(text)")
    }
    let rows = Outcome(
      "\n" + #"{"id":"kept","vector":[1]}"# + "\n" + #"{"vector":[1]}"#,
      options: options {
        $0.idSource = .row; $0.idPrefix = "r"
      })
    #expect(rows.rows == [#"2/1 r0 true {"id":"kept"}"#, "3/2 r1 true "])
    let prefixed = Outcome(#"{"id":5,"vector":[1]}"#, options: options { $0.idPrefix = "doc-" })
    #expect(prefixed.rows == ["1/1 doc-5 true "])
  }

  @Test func followsFieldPaths() {
    let batch =
      #"{"id":"batch_req_1","custom_id":"doc-1","response":{"status_code":200,"body":{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]}],"model":"m"}},"error":null}"#
    let outcome = Outcome(
      batch,
      options: options {
        $0.idField = "custom_id"; $0.vectorField = "response.body.data[0].embedding"
      })
    #expect(
      outcome.rows == [
        #"1/1 doc-1 true {"error":null,"id":"batch_req_1","response":{"body":{"data":[{"index":0,"object":"embedding"}],"model":"m","object":"list"},"status_code":200}}"#
      ], "\(outcome.error?.description ?? "")")
    #expect(outcome.vectors == [Float(0.5).bitPattern, Float(-1).bitPattern])
    let emptied = Outcome(
      #"{"id":1,"a":{"b":[{"v":[1]}]},"c":2}"#, options: options { $0.vectorField = "a.b[0].v" })
    #expect(emptied.rows == [#"1/1 1 true {"c":2}"#])
    let inside = Outcome(
      #"{"vector":[1],"payload":{"id":"x","t":1}}"#, options: options { $0.idField = "payload.id" })
    #expect(inside.rows == [#"1/1 x true {"t":1}"#], "\(inside.error?.description ?? "")")
    let quoted = Outcome(
      #"{"a.b":"x","vector":[1],"doc":{"m":{"k":1}}}"#,
      options: options {
        $0.idField = #""a.b""#; $0.payloadField = "doc.m"
      })
    #expect(quoted.rows == [#"1/1 x true {"k":1}"#], "\(quoted.error?.description ?? "")")
    let shallow = Outcome(#"{"id":1,"a":3,"b":1}"#, options: options { $0.vectorField = "a.b" })
    #expect(shallow.error?.code == .vectorMissing)
    for path in ["", ".", "a.", ".a", "a[", "a[]", "a[x]", "a]b", "\"a", "a..b", "[0]", "a[1234567890]"] {
      #expect(Outcome("{}", options: options { $0.vectorField = path }).error?.code == .options, "\(path)")
    }
    #expect(
      Outcome(
        "{}",
        options: options {
          $0.idField = "a.b"; $0.vectorField = "a"
        }
      ).error?.code == .options)
  }

  @Test func choosesMetadata() {
    let flat = #"{"id":1,"vector":[1],"a":1,"b":2,"c":3}"#
    let nested = #"{"id":1,"vector":[1],"payload":{"a":1,"b":2,"c":3}}"#
    for text in [flat, nested] {
      #expect(
        Outcome(text, options: options { $0.payload = .only(["a", "c"]) }).rows == [
          #"1/1 1 true {"a":1,"c":3}"#
        ])
      #expect(
        Outcome(text, options: options { $0.payload = .except(["a"]) }).rows == [#"1/1 1 true {"b":2,"c":3}"#]
      )
      #expect(Outcome(text, options: options { $0.payload = .nothing }).rows == ["1/1 1 true "])
    }
  }

  @Test func readsVectorsInText() {
    let base64 = Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]).base64EncodedString()
    let wanted = [Float(1).bitPattern, Float(-2).bitPattern]
    #expect(Outcome(#"{"id":1,"vector":"\#(base64)"}"#).vectors == wanted)
    #expect(Outcome(#"{"id":1,"vector":"[1, -2.0]"}"#).vectors == wanted)
    #expect(
      Outcome(#"{"id":1,"vector":"0000803f000000c0"}"#, options: options { $0.vectorEncoding = .hex }).vectors
        == wanted)
    #expect(
      Outcome(#"{"id":1,"vector":"AACAPw"}"#, options: options { $0.vectorEncoding = .base64 }).vectors == [
        wanted[0]
      ])
    #expect(
      Outcome(#"{"id":1,"vector":"AACAP"}"#, options: options { $0.vectorEncoding = .base64 }).error?.code
        == .vectorEncoding)
    let nan = Data([0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0x3F]).base64EncodedString()
    #expect(Outcome(#"{"id":1,"vector":"\#(nan)"}"#).error?.code == .notFinite)
  }

  @Test func appliesTheRulesForVectors() {
    let text =
      #"{"id":1,"vector":[3,4,0]}"# + "\n" + #"{"id":2,"vector":[NaN,4,0]}"# + "\n"
      + #"{"id":3,"vector":[0,0,0]}"# + "\n"
    let skipping = Outcome(
      text,
      options: options {
        $0.notFinite = .skip; $0.zeroVector = .allow
      })
    #expect(skipping.rows == ["1/1 1 true ", "3/3 3 true "])
    #expect(skipping.skipped == 1)
    let cut = Outcome(
      text,
      options: options {
        $0.notFinite = .skip; $0.zeroVector = .allow; $0.truncatedDimension = 2; $0.normalizes = true
      })
    #expect(cut.vectors == [Float(0.6), 0.8, 0, 0].map(\.bitPattern))
    #expect(cut.dimension == 2)
    let short = Outcome(text, options: options { $0.truncatedDimension = 4 })
    #expect(short.error?.code == .dimensionsMismatch)
    let wanted = Outcome(
      text,
      options: options {
        $0.dimension = 2; $0.dimensionOrigin = "collection \"docs\""
      })
    #expect(wanted.error?.expected == "2 numbers, as collection \"docs\" has")
    let wide = Outcome(text, options: options { $0.maximumDimension = 2 })
    #expect(wide.error?.code == .dimensionsLimit)
    let absent = Outcome(
      #"{"id":1,"x":1}"# + "\n" + #"{"id":2,"vector":null}"# + "\n" + #"{"id":3,"vector":[1,2]}"#,
      options: options {
        $0.vectorIsOptional = true; $0.dimension = 2
      })
    #expect(absent.rows == [#"1/1 1 false {"x":1}"#, "2/2 2 false ", "3/3 3 true "])
    #expect(absent.vectors.count == 6)
  }

  @Test func skipsAndLimitsRecords() {
    let lines = (1...10).map { #"{"id":\#($0),"vector":[\#($0)]}"# }
    let text = "not json\n\n" + lines.joined(separator: "\n") + "\nnot json"
    let outcome = Outcome(
      text,
      options: options {
        $0.skip = 3; $0.limit = 2
      })
    #expect(outcome.rows == ["5/4 3 true ", "6/5 4 true "])
    #expect(outcome.error == nil)
    let array = Outcome(
      "[\n" + lines.joined(separator: ",\n") + "]", array: true,
      options: options {
        $0.skip = 3; $0.limit = 2
      })
    #expect(array.rows == ["5/4 4 true ", "6/5 5 true "])
  }

  @Test func keepsGreatNumbersAsTextWithOneWarning() {
    let text = (1...3).map { #"{"id":\#($0),"vector":[1],"n":18446744073709551616,"x":1e400}"# }.joined(
      separator: "\n")
    let outcome = Outcome(text)
    #expect(outcome.rows.first == #"1/1 1 true {"n":"18446744073709551616","x":"1e400"}"#)
    #expect(outcome.warnings.map(\.code) == [.numberKeptAsText])
    #expect(outcome.warnings.first?.count == 6 && outcome.warnings.first?.line == 1)
  }

  @Test func refusesRecordsBeyondTheLimit() {
    let text =
      #"{"id":1,"vector":[1]}"# + "\n"
      + #"{"id":2,"vector":[1],"x":"\#(String(repeating: "y", count: 5000))"}"# + "\n"
    for blockBytes in [1, 100, 10_000] {
      for array in [false, true] {
        let source = array ? "[" + text.split(separator: "\n").joined(separator: ",") + "]" : text
        let outcome = Outcome(
          source, array: array,
          options: options {
            $0.maximumRecordBytes = 1000; $0.blockBytes = blockBytes
          })
        #expect(outcome.rows.count == 1)
        #expect(outcome.error?.code == .lineTooLong, "\(blockBytes) \(array)")
      }
    }
  }

  @Test func explainsArraysThatAreNone() {
    let cases: [(String, FormatErrorCode)] = [
      ("", .emptyFile), (" \n ", .emptyFile), ("{\"id\":1}", .jsonSyntax), ("[1]", .recordNotObject),
      ("[[1]]", .recordNotObject),
      ("[", .truncatedFile), ("[{\"id\":1,\"vector\":[1]}", .truncatedFile),
      ("[{\"id\":1,\"vector\":[1]},", .truncatedFile),
      ("[{\"id\":1,\"vector\":[1]},]", .recordNotObject), ("[{\"id\":1,\"vector\":[1]} {", .jsonSyntax),
      ("[] x", .jsonTrailing), ("[{\"id\":1,\"vector\":[1]", .jsonSyntax),
      ("[{\"id\":1,\"vector\":[1}]}", .jsonSyntax),
    ]
    for (text, code) in cases {
      let outcome = Outcome(text, array: true)
      #expect(outcome.error?.code == code, "\(text): \(outcome.error?.description ?? "accepted")")
    }
    #expect(Outcome("[]", array: true).error == nil)
  }
}
