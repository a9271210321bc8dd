import FileStorage
package import MetadataFilters
import VectorMath

/// Writes vectors as .fvecs, .bvecs or .ivecs, and identifiers and metadata beside them.
///
/// A .bvecs file takes whole numbers from 0 to 255, an .ivecs file whole numbers of 32 bits; others are refused.
package final class VecsWriter: RecordWriter {
  private var output: OutputBuffer
  private var companions: CompanionWriter
  private let format: RecordFormat
  private let dimension: Int
  private var written: UInt64 = 0

  /// Begins a file.
  ///
  /// `format` is one of the three; any other writes .fvecs.
  package init(
    _ sink: any ByteSink, format: RecordFormat, dimension: Int, ids: (any ByteSink)? = nil,
    payload: (any ByteSink)? = nil
  ) {
    output = OutputBuffer(sink)
    companions = CompanionWriter(ids: ids, payload: payload)
    self.format = format
    self.dimension = dimension
  }

  package func write(_ batch: RecordBatch) throws(FormatError) {
    try BareVectors.check(batch, dimension: dimension, file: output.sink.name)
    for row in 0..<batch.count {
      VecsWriter.append(Int32(truncatingIfNeeded: dimension), to: &output.bytes)
      let range = batch.vectorRange(row)
      switch format {
      case .bvecs:
        for index in range {
          guard let byte = UInt8(exactly: batch.vectors[index]) else {
            throw unfit(batch.vectors[index], "whole numbers from 0 to 255", index - range.lowerBound)
          }
          output.bytes.append(byte)
        }
      case .ivecs:
        for index in range {
          guard let number = Int32(exactly: batch.vectors[index]) else {
            throw unfit(batch.vectors[index], "whole numbers of 32 bits", index - range.lowerBound)
          }
          VecsWriter.append(number, to: &output.bytes)
        }
      case .fvecs, .jsonLines, .json, .csv, .tsv, .npy:
        unsafe batch.vectors.withUnsafeBufferPointer { all in
          unsafe output.bytes.append(
            contentsOf: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[range])))
        }
      }
      written += 1
      try output.flushIfFull()
    }
    try companions.write(batch)
  }

  private func unfit(_ value: Float, _ expected: String, _ index: Int) -> FormatError {
    FormatError(
      .notRepresentable, file: output.sink.name, record: written + 1, column: "vector[\(index)]",
      expected: expected,
      found: ElementType.text(value), hint: "write .fvecs, which holds any numbers")
  }

  /// Appends a number of 4 bytes, little-endian.
  static func append(_ number: Int32, to bytes: inout [UInt8]) {
    let bits = UInt32(bitPattern: number)
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
  }

  package func finish() throws(FormatError) {
    try output.flush()
    try companions.finish()
  }
}

/// Writes rows of whole numbers as .ivecs, such as the neighbours of each query.
package final class IntegerRowsWriter {
  private var output: OutputBuffer

  /// Begins a file.
  package init(_ sink: any ByteSink) { output = OutputBuffer(sink) }

  /// Writes one row.
  package func write(_ row: [Int32]) throws(FormatError) {
    VecsWriter.append(Int32(truncatingIfNeeded: row.count), to: &output.bytes)
    for number in row { VecsWriter.append(number, to: &output.bytes) }
    try output.flushIfFull()
  }

  /// Writes the end.
  package func finish() throws(FormatError) { try output.flush() }
}
