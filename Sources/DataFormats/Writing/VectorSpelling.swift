import FileStorage
import MetadataFilters
package import VectorMath

/// How vectors of a type are spelled in text.
extension ElementType {
  /// Appends a number: an integer where the type holds nothing else, otherwise the shortest text that reads back the same.
  func appendNumber(_ number: Float, to bytes: inout [UInt8]) {
    if wholeNumbers != nil, let whole = Int32(exactly: number) {
      JSONWriter.appendDecimal(Int64(whole), to: &bytes)
    } else if number.isFinite {
      DecimalFloat.appendShortest(number, to: &bytes)
    } else {
      // Stored vectors are finite; anything else would not be JSON.
      bytes.append(contentsOf: "null".utf8)
    }
  }

  /// Appends numbers as a JSON array.
  func appendArray(_ numbers: ArraySlice<Float>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "["))
    var isFirst = true
    for number in numbers {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      appendNumber(number, to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  /// A vector as a JSON array.
  package func jsonArray(_ vector: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(vector.count * (wholeNumbers == nil ? 12 : 4))
    appendArray(vector[...], to: &bytes)
    return bytes
  }

  /// The bytes of a row's vector that base64 spells: the stored ones of i8, u8 and bits, otherwise f32.
  func spelledBytes(_ batch: RecordBatch, _ row: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    unsafe batch.vectors.withUnsafeBufferPointer { all in
      let vector = unsafe UnsafeBufferPointer(rebasing: all[batch.vectorRange(row)])
      let type = wholeNumbers == nil ? .f32 : self
      unsafe type.append(vector, dimension: vector.count, to: &bytes)
    }
    return bytes
  }
}
