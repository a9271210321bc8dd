import DataFormats
import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorMath

/// Vectors of whole numbers from 0 to 255.
private func sample(rows: Int, dimension: Int, seed: UInt64) -> RecordBatch {
  var generator = TestSupport.SeededGenerator(seed: seed)
  var batch = RecordBatch(dimension: dimension)
  for row in 0..<rows {
    let vector = (0..<dimension).map { _ in Float(Int.random(in: 0..<256, using: &generator)) }
    let metadata = row % 3 == 0 ? "" : "{\"n\":\(row)}"
    batch.append(
      id: RecordID(bytes: Array("row \(row)".utf8), type: .string), vector: vector,
      metadata: Array(metadata.utf8))
  }
  return batch
}

@Test(arguments: [RecordFormat.npy, .fvecs, .bvecs, .ivecs])
func bareVectorsComeBackWithTheirCompanions(_ format: RecordFormat) throws {
  for (rows, dimension) in [(0, 3), (1, 1), (7, 5), (1000, 17)] {
    let batch = sample(rows: rows, dimension: dimension, seed: UInt64(rows))
    let (sink, ids, payload) = (MemorySink(), MemorySink(), MemorySink())
    let writer: any RecordWriter =
      format == .npy
      ? NPYWriter(sink, rowCount: UInt64(rows), dimension: dimension, ids: ids, payload: payload)
      : VecsWriter(sink, format: format, dimension: dimension, ids: ids, payload: payload)
    try writer.write(batch)
    try writer.finish()
    guard rows > 0 || format == .npy else { continue }
    for (piece, block) in [(Int.max, 1 << 20), (11, 256)] {
      let read = Reading.all(
        MemorySource(sink.bytes, pieceSize: piece), format: format,
        options: options {
          $0.zeroVector = .allow
          $0.blockBytes = block
          $0.idsSource = MemorySource(ids.bytes, pieceSize: piece)
          $0.payloadSource = MemorySource(payload.bytes, pieceSize: piece)
        })
      #expect(read.failure == nil)
      #expect(read.ids == (0..<rows).map { "row \($0)" })
      #expect(read.vectors.flatMap(\.self) == batch.vectors)
      #expect(read.metadata == (0..<rows).map { $0 % 3 == 0 ? "{}" : "{\"n\":\($0)}" })
    }
  }
}

@Test func halvesAreWrittenAsHalves() throws {
  let sink = MemorySink()
  let writer = NPYWriter(sink, rowCount: 1, dimension: 3, elementType: .f16)
  try writer.write(batch([("a", [1, -0.5, 65504], "")]))
  try writer.finish()
  #expect(sink.bytes.count == 128 + 6)
  #expect(Reading.all(MemorySource(sink.bytes), format: .npy).vectors == [[1, -0.5, 65504]])
}

/// The numbers of an array have the collection's type; numpy's names for them, and a byte for each bool.
@Test(arguments: [(ElementType.i8, "|i1"), (.u8, "|u1"), (.bit, "|b1")])
func wholeNumbersAreWrittenAsWhatTheyAre(type: ElementType, descr: String) throws {
  let vectors: [[Float]] = [[0, 1, 0, 1, 1, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1]]
  let sink = MemorySink()
  let writer = NPYWriter(sink, rowCount: 2, dimension: 9, elementType: type)
  try writer.write(batch([("a", vectors[0], ""), ("b", vectors[1], "")]))
  try writer.finish()
  #expect(sink.bytes.count == 128 + 18)
  #expect(String(decoding: sink.bytes[..<128], as: UTF8.self).contains("'descr': '\(descr)'"))
  #expect(sink.bytes[128...].map { Float($0) } == vectors.flatMap(\.self))
  let read = Reading.all(
    MemorySource(sink.bytes), format: .npy, options: options { $0.elementType = type })
  #expect(read.failure == nil && read.vectors == vectors)
}

/// JSON and tables give back every number of the type, as numbers and as base64 of the stored bytes.
@Test(arguments: [ElementType.i8, .u8, .bit], [1, 7, 8, 9, 12, 16, 300])
func wholeNumbersComeBackFromText(type: ElementType, dimension: Int) throws {
  var random = TestSupport.SeededGenerator(seed: UInt64(dimension))
  let range = try #require(type.wholeNumbers)
  let vectors = (0..<20).map { _ in
    (0..<dimension).map { _ in Float(random.below(range.count) + range.lowerBound) }
  }
  let rows = batch(vectors.enumerated().map { ("row \($0.offset)", $0.element, "") })
  for isBase64 in [false, true] {
    let (lines, table) = (MemorySink(), MemorySink())
    var jsonOptions = JSONWriterOptions()
    jsonOptions.elementType = type
    jsonOptions.vectors = isBase64 ? .base64 : .numbers
    var csvOptions = CSVWriterOptions()
    csvOptions.elementType = type
    csvOptions.vectors = isBase64 ? .base64 : .json
    let writers: [(any RecordWriter, MemorySink, RecordFormat)] = [
      (JSONLinesWriter(lines, jsonOptions), lines, .jsonLines),
      (try CSVWriter(table, columns: [], dimension: dimension, options: csvOptions), table, .csv),
    ]
    for (writer, sink, format) in writers {
      try writer.write(rows)
      try writer.finish()
      // No number is written with a fraction.
      if !isBase64 { #expect(!sink.bytes.contains(UInt8(ascii: "."))) }
      let read = Reading.all(
        MemorySource(sink.bytes), format: format,
        options: options {
          $0.elementType = type
          $0.dimension = dimension
          $0.zeroVector = .allow
        })
      #expect(read.failure == nil && read.vectors == vectors, "\(type) \(dimension) \(format) \(isBase64)")
    }
  }
}

/// Packed bits of every length, in the order that numpy calls little.
@Test func packedBitsAreReadForEveryDimension() throws {
  var random = TestSupport.SeededGenerator(seed: 61)
  for dimension in 2...40 {
    let width = (dimension + 7) / 8
    let vectors = (0..<5).map { _ in (0..<dimension).map { _ in Float(random.below(2)) } }
    var bytes = Array(NPYFixture.header(shape: "(5, \(width))", descr: "|u1"))
    for vector in vectors {
      var packed = [UInt8](repeating: 0, count: width)
      for (place, bit) in vector.enumerated() where bit == 1 { packed[place / 8] |= 1 << UInt8(place % 8) }
      bytes += packed
    }
    for source in [MemorySource(bytes), MemorySource(bytes, pieceSize: 3)] {
      let read = Reading.all(
        source, format: .npy,
        options: options {
          $0.elementType = .bit
          $0.dimension = dimension
          $0.zeroVector = .allow
        })
      #expect(read.failure == nil && read.vectors == vectors, "dimension \(dimension)")
    }
  }
}

@Test func writersRefuseWhatTheirFormatCannotHold() throws {
  let fraction = batch([("a", [0.5], "")])
  #expect(throws: FormatError.self) {
    try VecsWriter(MemorySink(), format: .bvecs, dimension: 1).write(fraction)
  }
  #expect(throws: FormatError.self) {
    try VecsWriter(MemorySink(), format: .ivecs, dimension: 1).write(fraction)
  }
  #expect(throws: FormatError.self) { try NPYWriter(MemorySink(), rowCount: 2, dimension: 1).finish() }
  let lines = batch([("a\nb", [0.5], "")])
  #expect(throws: FormatError.self) {
    try VecsWriter(MemorySink(), format: .fvecs, dimension: 1, ids: MemorySink()).write(lines)
  }
}

@Test func anArrayByColumnsIsReadInBlocksAndFromAPipe() throws {
  // 1,000 × 9 numbers, column after column.
  var bytes = Array(NPYFixture.header(shape: "(1000, 9)", fortran: true))
  for column in 0..<9 {
    for row in 0..<1000 {
      let bits = Float(row * 9 + column + 1).bitPattern
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
    }
  }
  let small = options { $0.blockBytes = 4096 }
  let sought = Reading.all(MemorySource(bytes), format: .npy, options: small)
  #expect(sought.vectors.flatMap(\.self) == (1...9000).map(Float.init))
  let piped = Reading.all(PipeSource(bytes), format: .npy, options: small)
  #expect(piped.vectors == sought.vectors)
}

@Test func aPipeThatEndsEarlyDeliversWholeRowsFirst() {
  let array = Pitfall.bytes("plain.npy")
  let read = Reading.all(PipeSource(Array(array.dropLast(5))), format: .npy)
  #expect(read.vectors == [[1, 2, 3]])
  #expect(read.failure?.code == .truncatedFile)
  let more = Reading.all(PipeSource(array + [0]), format: .npy)
  #expect(more.vectors.count == 2)
  #expect(more.failure?.code == .npyShape)
  let vecs = Reading.all(PipeSource(Pitfall.bytes("cut.fvecs")), format: .fvecs)
  #expect(vecs.vectors == [[1, 2, 3]])
  #expect(vecs.failure?.code == .vecsSize)
}

@Test(arguments: [RecordFormat.csv, .npy])
func aSourceThatChangedMeanwhileIsRefusedAtTheEnd(_ format: RecordFormat) {
  let bytes = format == .npy ? Pitfall.bytes("plain.npy") : Array("id,vector\na,[1]\n".utf8)
  let read = Reading.all(PipeSource(bytes, hasChanged: true), format: format)
  #expect(!read.ids.isEmpty)
  #expect(read.failure?.code == .sourceChanged)
}

@Test func aFailedReadIsReportedWithItsCause() {
  let bytes = Array("id,vector\na,[1]\n".utf8)
  let read = Reading.all(PipeSource(bytes, failsAt: 12), format: .csv)
  #expect(read.failure?.code == .readFailed)
  #expect(read.failure?.cause?.code == 5)
}

@Test func integerRowsAreWrittenAsIvecs() throws {
  let sink = MemorySink()
  let writer = IntegerRowsWriter(sink)
  try writer.write([5, -1])
  try writer.finish()
  #expect(sink.bytes == [2, 0, 0, 0, 5, 0, 0, 0, 255, 255, 255, 255])
}

@Test func truncatesNormalisesAndNumbersBareVectors() {
  let read = Reading.all(
    MemorySource(Pitfall.bytes("plain.fvecs")), format: .fvecs,
    options: options {
      $0.truncatedDimension = 1
      $0.normalizes = true
      $0.idType = .int64
      $0.skip = 1
    })
  #expect(read.vectors == [[1]])
  #expect(read.ids == ["1"])
  let hashed = Reading.all(
    MemorySource(Pitfall.bytes("plain.fvecs")), format: .fvecs, options: options { $0.idSource = .hash })
  #expect(Set(hashed.ids).count == 2)
  #expect(hashed.ids.allSatisfy { $0.utf8.count == 36 })
}

enum NPYFixture {
  static func header(shape: String, descr: String = "<f4", fortran: Bool = false) -> [UInt8] {
    var text = Array(
      "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }".utf8)
    text += [UInt8](repeating: 0x20, count: 63 - (10 + text.count) % 64) + [10]
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text
  }
}

/// Bytes as they come from a pipe: of unknown size, once, a few at a time.
final class PipeSource: ByteSource, @unchecked Sendable {
  let name = "-"
  let size: UInt64? = nil
  let isSeekable = false
  private let bytes: [UInt8]
  private var position = 0
  private let hasChanged: Bool
  private let failsAt: Int?

  init(_ bytes: [UInt8], hasChanged: Bool = false, failsAt: Int? = nil) {
    self.bytes = bytes
    self.hasChanged = hasChanged
    self.failsAt = failsAt
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    if let failsAt, position >= failsAt { throw FileError(.read, name, 5) }
    let count = min(buffer.count, min(5, (failsAt ?? bytes.count) - position))
    buffer.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int { 0 }

  func checkUnchanged() throws(FileError) {
    if hasChanged { throw FileError(.status, name, 116) }
  }
}
