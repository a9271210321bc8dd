import FileStorage
package import MetadataFilters
package import VectorMath

/// Writes vectors as a .npy array of two dimensions, and identifiers and metadata beside it.
///
/// The header names the number of rows, so it must be known before the first.
package final class NPYWriter: RecordWriter {
  private var output: OutputBuffer
  private var companions: CompanionWriter
  private let dimension: Int
  private let elementType: ElementType
  private let rowCount: UInt64
  private var written: UInt64 = 0

  /// Begins a file of `rowCount` × `dimension` numbers of the type; bits become bools of a byte each.
  package init(
    _ sink: any ByteSink, rowCount: UInt64, dimension: Int, elementType: ElementType = .f32,
    ids: (any ByteSink)? = nil, payload: (any ByteSink)? = nil
  ) {
    output = OutputBuffer(sink)
    companions = CompanionWriter(ids: ids, payload: payload)
    self.dimension = dimension
    self.elementType = elementType
    self.rowCount = rowCount
    let descr =
      switch elementType {
      case .f32: "<f4"
      case .f16: "<f2"
      case .i8: "|i1"
      case .u8: "|u1"
      case .bit: "|b1"
      }
    output.bytes += NPYWriter.header(descr: descr, shape: "(\(rowCount), \(dimension))")
  }

  /// The bytes before the numbers, a multiple of 64.
  package static func header(descr: String, shape: String) -> [UInt8] {
    var text = Array("{'descr': '\(descr)', 'fortran_order': False, 'shape': \(shape), }".utf8)
    let padding = 63 - (10 + text.count) % 64
    text += [UInt8](repeating: 0x20, count: padding) + [10]
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text
  }

  package func write(_ batch: RecordBatch) throws(FormatError) {
    try BareVectors.check(batch, dimension: dimension, file: output.sink.name)
    written += UInt64(batch.count)
    for row in 0..<batch.count {
      let range = batch.vectorRange(row)
      unsafe batch.vectors.withUnsafeBufferPointer { all in
        let floats = unsafe UnsafeBufferPointer(rebasing: all[range])
        // A bool is a byte of 0 or 1.
        let type = elementType == .bit ? ElementType.u8 : elementType
        unsafe type.append(floats, dimension: dimension, to: &output.bytes)
      }
      try output.flushIfFull()
    }
    try companions.write(batch)
  }

  package func finish() throws(FormatError) {
    guard written == rowCount else {
      throw FormatError(
        .countMismatch, file: output.sink.name, expected: "\(rowCount) rows, as the header says",
        found: "\(written)")
    }
    try output.flush()
    try companions.finish()
  }
}
