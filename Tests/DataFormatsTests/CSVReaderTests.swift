import DataFormats
import FileStorage
import MetadataFilters
import TestSupport
import Testing

@Test func readsATableWithAJSONArrayInACell() {
  let read = Reading.csv("id,vector,lang,year\na,\"[1, -2.5e1, 3]\",en,2001\nb,\"[0.1,0.2,0.3]\",,\"\"\n")
  #expect(read.failure == nil)
  #expect(read.ids == ["a", "b"])
  #expect(read.vectors == [[1, -25, 3], [0.1, 0.2, 0.3]])
  #expect(read.metadata == [#"{"lang":"en","year":"2001"}"#, #"{"year":""}"#])
  #expect(read.lines == [2, 3])
  #expect(read.records == [1, 2])
  #expect(read.dimension == 3)
}

@Test func takesQuotedCellsWithDelimitersQuotesAndLineEnds() {
  let text = "id,text,vector\r\n\"a,b\",\"say \"\"hi\"\"\r\nagain\",\"[1,2]\"\r\n\r\nc,\"\"\"\",\"[3,4]\""
  let read = Reading.csv(text)
  #expect(read.failure == nil)
  #expect(read.ids == ["a,b", "c"])
  #expect(read.metadata == [#"{"text":"say \"hi\"\r\nagain"}"#, #"{"text":"\""}"#])
  #expect(read.lines == [2, 5])
}

@Test(arguments: ["\n", "\r\n", "\r"])
func takesAnyLineEnd(_ end: String) {
  let lines = ["id,vector,t", "a,\"[1,2]\",x", "", "b,\"[3,4]\",\"y\(end)z\""]
  for tail in ["", end, end + end] {
    let read = Reading.csv(lines.joined(separator: end) + tail)
    #expect(read.failure == nil)
    #expect(read.ids == ["a", "b"])
    #expect(read.lines == [2, 4])
  }
}

@Test func refusesMixedLineEnds() {
  #expect(Reading.csv("id,vector\na,\"[1]\"\rb,\"[2]\"\n").failure?.code == .csvLineEnding)
  #expect(Reading.csv("id,vector\ra,\"[1]\"\nb,\"[2]\"\r").failure?.code == .csvLineEnding)
}

@Test func theResultDoesNotDependOnBlocksPiecesAndThreads() {
  var generator = SeededGenerator(seed: 11)
  var text = "\u{FEFF}id,vector,\"t,1\",n\r\n"
  for row in 0..<300 {
    let note = ["plain", "\"two\r\nlines\"", "\"a \"\"quote\"\"\"", "", "\"\"", "grün"].randomElement(
      using: &generator)!
    text += "k\(row),\"[\(row), 0.5, -\(row)e-3]\",\(note),\(row)\r\n"
    if row % 50 == 7 { text += "\r\n" }
  }
  let whole = Reading.csv(text)
  #expect(whole.failure == nil)
  #expect(whole.ids.count == 300)
  for (block, piece, threads, rows) in [
    (64, 1, 1, 1), (64, 7, 2, 3), (100, 1000, 3, 1000), (1 << 12, 13, 2, 50),
  ] {
    let read = Reading.all(
      MemorySource(Array(text.utf8), name: "t.csv", pieceSize: piece), format: .csv,
      options: options { $0.blockBytes = block }, threads: threads, maximumRows: rows)
    #expect(read == whole)
  }
}

@Test func recordsBeforeABadOneAreDelivered() {
  var text = "id,vector\n"
  for row in 0..<50 { text += "\(row),\"[1,\(row)]\"\n" }
  text += "bad,\"[1,2,3]\"\n51,\"[1,1]\"\n"
  for threads in [1, 2] {
    let read = Reading.csv(text, options: options { $0.blockBytes = 128 }, threads: threads)
    #expect(read.ids.count == 50)
    #expect(read.failure?.code == .dimensionsMismatch)
    #expect(read.failure?.line == 52)
    #expect(read.failure?.record == 51)
    #expect(read.failure?.column == "vector")
  }
}

@Test func readsWhatPandasAndNumpyWrite() {
  let spaced = Reading.csv("id,vector\na,\"[ 0.1  0.25\n  1.   -3e-05]\"\n")
  #expect(spaced.vectors == [[0.1, 0.25, 1, -3e-05]])
  #expect(Set(spaced.warnings.map(\.code)) == [.numpyRepresentation, .reducedPrecision])
  let wrapped = Reading.csv("id,vector\na,\"[np.float32(0.1), np.float32(-2.0)]\"\n")
  #expect(wrapped.vectors == [[0.1, -2]])
  #expect(wrapped.warnings.map(\.code) == [.numpyWrapper])
  #expect(Reading.csv("id,vector\na,\"[0.1 0.2 ... 0.9]\"\n").failure?.code == .numpyElided)
  #expect(Reading.csv("id,vector\na,\"[0.1, 0.2, ..., 0.9]\"\n").failure?.code == .numpyElided)
}

@Test func readsVectorsInBase64AndHexadecimal() {
  let text = "id,vector\na,AACAPwAAAMA=\nb,b64:AACAPwAAAMA\n"
  #expect(Reading.csv(text).vectors == [[1, -2], [1, -2]])
  let hex = Reading.csv("id,vector\na,0000803f000000C0\n", options: options { $0.vectorEncoding = .hex })
  #expect(hex.vectors == [[1, -2]])
  #expect(Reading.csv("id,vector\na,b64:AACA\n").failure?.code == .vectorEncoding)
}

@Test func readsNumberedColumnsInNumericOrder() {
  let header = "e10,id,e0,e1,e2,e3,e4,e5,e6,e7,e8,e9"
  let text = header + "\n10,a,0,1,2,3,4,5,6,7,8,9\n"
  for spec in ["e{0..10}", "e"] {
    let read = Reading.csv(text, options: options { $0.vectorColumns = spec })
    #expect(read.vectors == [(0...10).map(Float.init)])
    #expect(read.metadata == [""])
  }
  let gap = Reading.csv("id,e0,e1,e3\na,1,2,3\n", options: options { $0.vectorColumns = "e{0..3}" })
  #expect(gap.failure?.code == .columnGap)
  #expect(gap.failure?.column == "e2")
  #expect(
    Reading.csv(text).failure?.hint
      == "if the numbers stand in columns of their own: --vector-columns 'e{0..10}'")
  #expect(
    Reading.csv("id,e0,e1\na,1,\n", options: options { $0.vectorColumns = "e" }).failure?.code
      == .vectorMissing)
}

@Test func castsCellsAndSaysWhichCouldBe() {
  let text = "id,vector,i,f,b,j,s\na,[1],42,0.5,True,\"{\"\"z\"\": 1, \"\"a\"\": [1]}\",007\nb,[2],,,,,\n"
  let casts: [String: ReadOptions.Cast] = ["i": .int, "f": .float, "b": .bool, "j": .json]
  let read = Reading.csv(text, options: options { $0.casts = casts })
  #expect(read.metadata == [#"{"b":true,"f":0.5,"i":42,"j":{"a":[1],"z":1},"s":"007"}"#, ""])
  #expect(read.warnings.isEmpty)
  let plain = Reading.csv(text)
  #expect(plain.warnings.map(\.message).first?.hasSuffix("--cast f=float --cast i=int") == true)
  let failed = Reading.csv("id,vector,i\na,[1],1.5\n", options: options { $0.casts = ["i": .int] })
  #expect(failed.failure?.code == .castFailed)
  #expect(
    Reading.csv("id,vector,i\na,[1],7.0\n", options: options { $0.casts = ["i": .int] }).metadata == [
      #"{"i":7}"#
    ])
}

@Test func takesIDsAsTheirTypeAsks() {
  #expect(Reading.csv("id,vector\n007,[1]\n1.2.3,[2]\n12e45,[3]\n").ids == ["007", "1.2.3", "12e45"])
  for text in ["1.0", "1E+05", "2.00", "1.5e17"] {
    #expect(Reading.csv("id,vector\n\(text),[1]\n").failure?.code == .idFloat)
    #expect(Reading.csv("id,vector\n\"\(text)\",[1]\n").ids == [text])
  }
  let int = options { $0.idType = .int64 }
  #expect(Reading.csv("id,vector\n-7,[1]\n", options: int).ids == ["-7"])
  #expect(Reading.csv("id,vector\n\"1.0\",[1]\n", options: int).failure?.code == .idFloat)
  #expect(Reading.csv("id,vector\n,[1]\n").failure?.code == .idMissing)
  #expect(Reading.csv("vector\n[1]\n").failure?.code == .idMissing)
  let rows = Reading.csv("vector,id\n[1],x\n[2],y\n", options: options { $0.idSource = .row })
  #expect(rows.ids == ["0", "1"])
  #expect(rows.metadata == [#"{"id":"x"}"#, #"{"id":"y"}"#])
}

@Test func refusesWhatIsNoTable() {
  #expect(Reading.csv("id,vector,t\na,[1],x,y\n").failure?.code == .csvRagged)
  #expect(Reading.csv("id,vector,t\na,[1]\n").failure?.code == .csvRagged)
  #expect(Reading.csv("id,vector,t\na,[1,2],x\n").failure?.hint?.contains("arrays") == true)
  #expect(Reading.csv("id;vector;t\na;[1];x\n").failure?.code == .csvDelimiter)
  #expect(Reading.csv("id,vector,t\na,[1],5\" disk\nb,[2],x\n").failure?.code == .csvQuote)
  #expect(Reading.csv("id,vector,t\na,[1],\"x\" y\n").failure?.code == .csvQuote)
  #expect(Reading.csv("id,vector,t\na,[1],\"x\n").failure?.code == .csvQuote)
  #expect(Reading.csv("id,vector,t,t\na,[1],x,y\n").failure?.code == .csvHeader)
  #expect(Reading.csv(",id,vector\n0,a,[1]\n").failure?.code == .csvHeader)
  #expect(Reading.csv("").failure?.code == .emptyFile)
  #expect(Reading.csv("\n\n").failure?.code == .emptyFile)
}

@Test func takesDelimitersAtTheEndOfEveryLine() {
  #expect(Reading.csv("id,vector,\na,[1],\n").ids == ["a"])
  #expect(Reading.csv("id,vector,\na,[1],x\n").failure?.code == .csvHeader)
}

@Test func takesASeparatorLineOtherDelimitersAndNoHeader() {
  #expect(Reading.csv("sep=;\nid;vector\na;[1,2]\n").vectors == [[1, 2]])
  #expect(
    Reading.csv("id|vector\na|[1,2]\n", options: options { $0.delimiter = UInt8(ascii: "|") }).ids == ["a"])
  #expect(Reading.csv("id\tvector\na\t[1,2]\n", format: .tsv).ids == ["a"])
  let bare = Reading.csv("a,\"[1,2]\",x\n", options: options { $0.hasHeader = false })
  #expect(bare.ids == ["a"])
  #expect(bare.metadata == [#"{"column3":"x"}"#])
}

@Test func readsOtherEncodings() {
  let text = "id,vector,t\nä😀,[1],grün\n"
  let marked: [[UInt8]] = [
    [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
    [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] },
  ]
  for bytes in marked {
    let read = Reading.all(MemorySource(bytes, name: "t.csv", pieceSize: 3), format: .csv)
    #expect(read.ids == ["ä😀"])
    #expect(read.metadata == [#"{"t":"grün"}"#])
  }
  let latin = Array("id,vector,t\na,[1],gr".utf8) + [0xFC] + Array("n\n".utf8)
  let refused = Reading.all(MemorySource(latin, name: "t.csv"), format: .csv)
  #expect(refused.failure?.code == .invalidUTF8)
  #expect(refused.failure?.byteOffset == 20)
  #expect(refused.failure?.column == "t")
  let read = Reading.all(MemorySource(latin), format: .csv, options: options { $0.encoding = .latin1 })
  #expect(read.metadata == [#"{"t":"grün"}"#])
  #expect(
    Reading.all(MemorySource(Array(marked[0].dropFirst(2)), name: "t.csv"), format: .csv).failure?.code
      == .encoding)
}

@Test func theRulesForVectorsHold() {
  #expect(Reading.csv("id,vector\na,\"[1,NaN]\"\n").failure?.code == .notFinite)
  #expect(Reading.csv("id,vector\na,\"[1,-inf]\"\n").failure?.code == .notFinite)
  #expect(Reading.csv("id,vector\na,\"[1,1e39]\"\n").failure?.code == .floatOverflow)
  #expect(Reading.csv("id,vector\na,\"[0,-0.0]\"\n").failure?.code == .zeroVector)
  #expect(
    Reading.csv("id,vector\na,\"[0,0]\"\n", options: options { $0.zeroVector = .allow }).vectors == [[0, 0]])
  let skipped = Reading.csv(
    "id,vector\na,\"[1,NaN]\"\nb,\"[1,1e-45]\"\n", options: options { $0.notFinite = .skip })
  #expect(skipped.ids == ["b"])
  #expect(skipped.vectors == [[1, .leastNonzeroMagnitude]])
  #expect(skipped.skipped == 1)
  #expect(
    Reading.csv("id,vector\na,\"[3,4]\"\n", options: options { $0.normalizes = true }).vectors == [
      [0.6, 0.8]
    ])
  #expect(
    Reading.csv("id,vector\na,\"[3,4,5]\"\n", options: options { $0.truncatedDimension = 2 }).vectors == [
      [3, 4]
    ])
}

@Test func skipsAndLimitsRecords() {
  let text = "id,vector\n" + (0..<10).map { "\($0),[\($0 + 1)]\n" }.joined()
  let read = Reading.csv(
    text,
    options: options {
      $0.skip = 3
      $0.limit = 4
    })
  #expect(read.ids == ["3", "4", "5", "6"])
  #expect(read.records == [4, 5, 6, 7])
}

@Test func takesThePayloadFromOneColumn() {
  let text = "id,vector,metadata\na,[1],\"{\"\"b\"\": 1, \"\"a\"\": null}\"\nb,[2],\n"
  #expect(Reading.csv(text).metadata == [#"{"a":null,"b":1}"#, ""])
  #expect(Reading.csv("id,vector,t,payload\na,[1],x,{}\n").failure?.code == .strayField)
  #expect(Reading.csv("id,vector,payload\na,[1],x\n").failure?.code == .payloadNotObject)
  let kept = Reading.csv("id,vector,payload\na,[1],x\n", options: options { $0.payload = .only(["payload"]) })
  #expect(kept.metadata == [#"{"payload":"x"}"#])
}

@Test func aReturnAtTheEndOfAFullBufferIsNoTrap() {
  for padding in 30..<70 {
    let text = "id,vector,t\r\na,[1]," + String(repeating: "x", count: padding) + "\r\nb,[2],y\r\n"
    let read = Reading.csv(text, options: options { $0.blockBytes = 64 })
    #expect(read.failure == nil)
    #expect(read.ids == ["a", "b"])
  }
}
