import FileStorage

/// The rows of a .npy array.
///
/// Two dimensions are rows and numbers. One dimension is a single vector. Of three dimensions the last two are one
/// vector when their product is the wanted dimension or one of them is 1; a first dimension of 1 is dropped.
final class NPYRows: VectorRows {
  let dimension: Int
  let rowCount: UInt64?
  private let count: UInt64
  private let header: NPYHeader
  private let source: any ByteSource
  private var row: UInt64 = 0
  private(set) var bytesRead: UInt64
  private var raw: [UInt8] = []
  /// The row that `raw` begins with.
  private var rawStart: UInt64 = 0
  /// The whole array of a source that is stored by columns and cannot be sought.
  private var whole: [UInt8]?
  /// What stands behind the rows that were read.
  private var pending: FormatError?
  private let isTransposed: Bool

  /// The largest array by columns that is held in memory.
  private static let maximumWhole = 1 << 30

  init(_ source: any ByteSource, options: ReadOptions) throws(FormatError) {
    self.source = source
    header = try NPYHeader.read(source)
    let wanted = options.truncatedDimension == nil ? options.dimension : nil
    (count, dimension) = try NPYRows.rows(header, wanted: wanted, file: source.name)
    rowCount = count
    bytesRead = UInt64(header.dataOffset)
    // An array of one row or one column is stored alike in both orders.
    isTransposed = header.isFortranOrder && header.shape.filter { $0 > 1 }.count > 1
    guard dimension <= options.maximumDimension else { return }
    let (numbers, overflow) = count.multipliedReportingOverflow(by: UInt64(dimension))
    let (bytes, overflow2) = numbers.multipliedReportingOverflow(by: UInt64(header.element.size))
    let (total, overflow3) = bytes.addingReportingOverflow(UInt64(header.dataOffset))
    guard !overflow, !overflow2, !overflow3, total <= UInt64(Int64.max) else {
      throw shapeError("an array that fits a file", "shape \(NPYRows.spell(header.shape))")
    }
    if let size = source.size, size != total {
      guard size < total else {
        throw FormatError(
          .npyShape, file: source.name, byteOffset: total,
          expected: "the end of the file after \(count) rows",
          found: "\(size - total) more bytes", hint: "save each array in a file of its own")
      }
      throw NPYHeader.truncated(
        source.name,
        "\(total) bytes for shape \(NPYRows.spell(header.shape)) of \(header.element.size)-byte numbers",
        size)
    }
    if isTransposed, header.shape.count != 2 {
      throw shapeError(
        "an array of two dimensions where fortran_order is True", "shape \(NPYRows.spell(header.shape))")
    }
    if isTransposed, !source.isSeekable {
      guard bytes <= UInt64(NPYRows.maximumWhole) else {
        throw shapeError("at most 1 GiB of an array in Fortran order from a pipe", "\(bytes) bytes")
      }
      whole = try source.bytes(Int(bytes))
      if let whole, UInt64(whole.count) < bytes {
        throw NPYHeader.truncated(source.name, "\(total) bytes", UInt64(header.dataOffset + whole.count))
      }
    }
  }

  /// How an array's shape is read as rows of a dimension.
  static func rows(_ header: NPYHeader, wanted: Int?, file: String) throws(FormatError) -> (UInt64, Int) {
    let shape = header.shape
    let found = "shape \(spell(shape))"
    var result: (rows: UInt64, columns: UInt64)?
    switch shape.count {
    case 1: result = (1, shape[0])
    case 2: result = (shape[0], shape[1])
    case 3:
      let (product, overflow) = shape[1].multipliedReportingOverflow(by: shape[2])
      if !overflow, shape[1] == 1 || shape[2] == 1 || UInt64(wanted ?? 0) == product {
        result = (shape[0], product)
      } else if shape[0] == 1 {
        result = (shape[1], shape[2])
      }
    default: break
    }
    guard let result else {
      throw FormatError(
        .npyShape, file: file, expected: "an array of rows and numbers", found: found,
        hint: "reshape it first: array.reshape(len(array), -1)")
    }
    guard let columns = Int(exactly: result.columns), columns > 0 else {
      throw FormatError(.npyShape, file: file, expected: "at least one number in a row", found: found)
    }
    guard result.rows <= UInt64(Int64.max) else {
      throw FormatError(.npyShape, file: file, expected: "an array that fits a file", found: found)
    }
    return (result.rows, columns)
  }

  private func shapeError(_ expected: String, _ found: String) -> FormatError {
    FormatError(
      .npyShape, file: source.name, expected: expected, found: found,
      hint: isTransposed ? "save it by rows: numpy.ascontiguousarray(array)" : nil)
  }

  /// A shape as Python writes it.
  static func spell(_ shape: [UInt64]) -> String {
    "(" + shape.map(\.description).joined(separator: ", ") + (shape.count == 1 ? ",)" : ")")
  }

  var holdsBytes: Bool { header.element.kind == .unsigned && header.element.size == 1 }

  func wasFinite(row: UInt64, index: Int) -> Bool? {
    let size = header.element.size
    guard header.element.kind == .float, size == 8, !isTransposed, row >= rawStart,
      let first = Int(exactly: row - rawStart), first < raw.count / (dimension * size), index < dimension
    else { return nil }
    let start = (first * dimension + index) * size
    let bytes = raw[start..<start + size]
    let bits =
      header.element.isBigEndian
      ? bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      : bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Double(bitPattern: bits).isFinite
  }

  func offset(ofRow row: UInt64) -> UInt64? {
    isTransposed ? nil : UInt64(header.dataOffset) + row * UInt64(dimension * header.element.size)
  }

  func read(_ wanted: Int, into floats: UnsafeMutablePointer<Float>) throws(FormatError) -> Int {
    if let pending { throw pending }
    var rows = Int(min(UInt64(max(0, wanted)), count - row))
    guard rows > 0 else {
      if source.size == nil, try !source.bytes(1).isEmpty {
        throw FormatError(
          .npyShape, file: source.name, expected: "the end of the file after \(count) rows",
          found: "more bytes",
          hint: "save each array in a file of its own")
      }
      return 0
    }
    let size = header.element.size
    if isTransposed {
      for column in 0..<dimension {
        let start = (UInt64(column) * count + row) * UInt64(size)
        guard try read(at: start, bytes: rows * size) == rows * size else { throw truncated(at: bytesRead) }
        unsafe raw.withUnsafeBytes { bytes in
          unsafe header.element.convert(bytes, count: rows, into: floats + column, stride: dimension)
        }
      }
    } else {
      rawStart = row
      let filled = try read(at: nil, bytes: rows * dimension * size)
      if filled < rows * dimension * size {
        // Whole rows are delivered first.
        pending = truncated(at: bytesRead)
        rows = filled / (dimension * size)
        if rows == 0, let pending { throw pending }
      }
      unsafe raw.withUnsafeBytes { bytes in
        unsafe header.element.convert(bytes, count: rows * dimension, into: floats)
      }
    }
    row += UInt64(rows)
    return rows
  }

  /// Fills `raw` with the next bytes, or with those at an offset into the array.
  private func read(at start: UInt64?, bytes count: Int) throws(FormatError) -> Int {
    if let whole, let start {
      raw = Array(whole[Int(start)..<Int(start) + count])
      bytesRead += UInt64(count)
      return count
    }
    if raw.count != count { raw = [UInt8](repeating: 0, count: count) }
    let place = start.map { $0 + UInt64(header.dataOffset) }
    let source = source
    let filled: Int
    do throws(FileError) {
      filled = try unsafe raw.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
        let bytes = UnsafeMutableRawBufferPointer(all)
        guard let place else { return try unsafe source.readFully(into: bytes) }
        return try unsafe source.readFully(into: bytes, at: place)
      }
    } catch { throw FormatError(reading: source.name, error) }
    bytesRead += UInt64(filled)
    return filled
  }

  private func truncated(at offset: UInt64) -> FormatError {
    NPYHeader.truncated(source.name, "\(count) rows of \(dimension) numbers", offset)
  }
}
