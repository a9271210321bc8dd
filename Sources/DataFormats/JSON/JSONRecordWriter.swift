import FileStorage
package import MetadataFilters
package import VectorMath

/// How JSON records are written.
package struct JSONWriterOptions: Sendable {
  /// How vectors are spelled.
  package enum Vectors: Equatable, Sendable {
    /// An array of the shortest numbers that read back the same.
    case numbers
    /// A string with base64, of little-endian f32 or of the stored bytes of i8, u8 and bits.
    case base64
    /// Left out.
    case none
  }

  /// How vectors are spelled.
  package var vectors = Vectors.numbers
  /// What the vectors are stored as.
  package var elementType: ElementType = .f32
  /// Whether the metadata is written, as the object `payload`.
  package var hasPayload = true
  /// Whether integer ids are written as strings, for readers that have only doubles.
  package var idsAsStrings = false
  /// The field of the identifier.
  package var idName = "id"
  /// The field of the vector.
  package var vectorName = "vector"
  /// The field of the metadata.
  package var payloadName = "payload"

  /// Writes everything, vectors as arrays of numbers.
  package init() {}
}

/// Writes records as JSON objects with id, vector and payload.
///
/// A row without a vector has no such field. Reading the output gives the same ids, vectors and metadata, bit for bit.
package class JSONRecordWriter: RecordWriter {
  private let sink: any ByteSink
  private let options: JSONWriterOptions
  private let isArray: Bool
  private let idKey: [UInt8]
  private let vectorKey: [UInt8]
  private let payloadKey: [UInt8]
  private var bytes: [UInt8] = []
  private var isFirst = true
  private static let blockSize = 1 << 18

  fileprivate init(_ sink: any ByteSink, _ options: JSONWriterOptions, isArray: Bool) {
    func key(_ prefix: String, _ name: String) -> [UInt8] {
      var bytes = Array(prefix.utf8)
      JSONWriter.appendQuoted(name, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      return bytes
    }
    self.sink = sink
    self.options = options
    self.isArray = isArray
    idKey = key("{", options.idName)
    vectorKey = key(",", options.vectorName)
    payloadKey = key(",", options.payloadName)
    bytes.reserveCapacity(JSONRecordWriter.blockSize + (1 << 16))
  }

  package func write(_ batch: RecordBatch) throws(FormatError) {
    for row in 0..<batch.count {
      if isArray { bytes.append(contentsOf: (isFirst ? "[\n" : ",\n").utf8) }
      isFirst = false
      bytes.append(contentsOf: idKey)
      appendID(batch, row)
      if options.vectors != .none, batch.hasVector[row] {
        bytes.append(contentsOf: vectorKey)
        appendVector(batch, row)
      }
      if options.hasPayload {
        bytes.append(contentsOf: payloadKey)
        let metadata = batch.metadataRange(row)
        if metadata.isEmpty {
          bytes.append(contentsOf: "{}".utf8)
        } else {
          bytes.append(contentsOf: batch.metadataBytes[metadata])
        }
      }
      bytes.append(UInt8(ascii: "}"))
      if !isArray { bytes.append(0x0A) }
      if bytes.count >= JSONRecordWriter.blockSize { try flush() }
    }
  }

  package func finish() throws(FormatError) {
    if isArray { bytes.append(contentsOf: (isFirst ? "[]\n" : "\n]\n").utf8) }
    try flush()
  }

  private func flush() throws(FormatError) {
    guard !bytes.isEmpty else { return }
    do throws(FileError) { try sink.write(bytes) } catch { throw FormatError(writing: sink.name, error) }
    bytes.removeAll(keepingCapacity: true)
  }

  private func appendID(_ batch: RecordBatch, _ row: Int) {
    let range = batch.idRange(row)
    switch batch.idType {
    case .string:
      unsafe batch.idBytes.withUnsafeBytes { all in
        unsafe JSONWriter.appendQuoted(UnsafeRawBufferPointer(rebasing: all[range]), to: &bytes)
      }
    case .int64:
      var bits: UInt64 = 0
      for index in range.reversed() { bits = bits << 8 | UInt64(batch.idBytes[index]) }
      if options.idsAsStrings { bytes.append(UInt8(ascii: "\"")) }
      JSONWriter.appendDecimal(Int64(bitPattern: bits), to: &bytes)
      if options.idsAsStrings { bytes.append(UInt8(ascii: "\"")) }
    case .uuid: JSONWriter.appendQuoted(batch.id(row).display, to: &bytes)
    }
  }

  private func appendVector(_ batch: RecordBatch, _ row: Int) {
    let range = batch.vectorRange(row)
    switch options.vectors {
    case .none: break
    case .numbers:
      options.elementType.appendArray(batch.vectors[range], to: &bytes)
    case .base64:
      bytes.append(UInt8(ascii: "\""))
      let start = bytes.count
      let stored = options.elementType.spelledBytes(batch, row)
      unsafe stored.withUnsafeBytes { unsafe Base64.append($0, to: &bytes) }
      // A text that could also be a number says what it is.
      let isPlain = unsafe bytes.withUnsafeBytes { unsafe VectorText.looksLikeBase64($0, start) }
      if !isPlain { bytes.insert(contentsOf: "b64:".utf8, at: start) }
      bytes.append(UInt8(ascii: "\""))
    }
  }
}

/// Writes one JSON record on each line.
package final class JSONLinesWriter: JSONRecordWriter {
  /// Begins to write.
  package init(_ sink: any ByteSink, _ options: JSONWriterOptions = JSONWriterOptions()) {
    super.init(sink, options, isArray: false)
  }
}

/// Writes one JSON array of records, one on each line.
package final class JSONArrayWriter: JSONRecordWriter {
  /// Begins to write.
  package init(_ sink: any ByteSink, _ options: JSONWriterOptions = JSONWriterOptions()) {
    super.init(sink, options, isArray: true)
  }
}

/// Base64 of RFC 4648, with padding.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Appends the text of some bytes.
  static func append(_ source: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    let digits = digits
    var place = 0
    while place < source.count {
      let left = source.count - place
      let first = unsafe UInt32(source[place])
      let second = left > 1 ? unsafe UInt32(source[place + 1]) : 0
      let third = left > 2 ? unsafe UInt32(source[place + 2]) : 0
      let word = first << 16 | second << 8 | third
      bytes.append(digits[Int(word >> 18)])
      bytes.append(digits[Int(word >> 12 & 63)])
      bytes.append(left > 1 ? digits[Int(word >> 6 & 63)] : UInt8(ascii: "="))
      bytes.append(left > 2 ? digits[Int(word & 63)] : UInt8(ascii: "="))
      place += 3
    }
  }
}
