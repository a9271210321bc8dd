import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// A vector that an option names: `[0.1,0.2]`, `@file.npy`, `@file.json`, `@-`, `b64:...` or `hex:...`.
struct VectorArgument {
  /// Numbers as they were given, NaN and infinities included.
  let numbers: [Float]
  /// The file that it was read from, "-" for standard input; empty when it stood on the command line.
  let source: String

  /// The most bytes that a file of one vector may have.
  private static let maximumBytes = 64 << 20

  /// Reads the value of `option`, a vector for a collection of these settings.
  ///
  /// - Throws: status 2 for a malformed text on the command line, 4 for a malformed file, 6 when it does not exist.
  init(
    _ text: String, _ option: Option, _ settings: CollectionSettings, _ context: CommandContext
  ) throws(CommandFailure) {
    let (elementType, dimension) = (settings.elementType, settings.dimension)
    guard text.hasPrefix("@") else {
      source = ""
      do throws(FormatError) {
        numbers = try VectorLiteral.parse(
          Array(text.utf8), source: option.spelling, elementType: elementType, dimension: dimension)
      } catch {
        throw CommandFailure(
          .usage, code: error.code.rawValue, error.description,
          hint: error.hint ?? "write it as '[0.1,0.2]', @FILE, @-, b64:TEXT or hex:TEXT")
      }
      return
    }
    source = String(text.dropFirst())
    guard !source.isEmpty else {
      throw CommandFailure(
        .usage, code: "vector-type", "\(option.spelling): no file is named behind '@'",
        hint: "write @FILE, or @- for standard input")
    }
    if source == "-" { try context.requireStandardInput() }
    let (path, threads) = (source, 1)
    let input = try files { () throws(FileError) in try InputSource(path) }
    let peeked = try files { () throws(FileError) in try PeekedSource(input) }
    numbers = try records { () throws(FormatError) in
      guard peeked.head.starts(with: [0x93] + Array("NUMPY".utf8)) else {
        return try VectorLiteral.parse(
          try VectorArgument.bytes(peeked), source: path, elementType: elementType, dimension: dimension)
      }
      var options = ReadOptions()
      options.elementType = elementType
      // Zeros are judged with the vectors that stand on the command line. Packed bits are known by the dimension.
      options.zeroVector = .allow
      if elementType == .bit { options.dimension = dimension }
      let reader = try makeRecordReader(format: .npy, source: peeked, options: options, threads: threads)
      var batch = RecordBatch(dimension: 0)
      var vector: [Float] = []
      while try reader.next(&batch, maximumRows: 2) {
        guard vector.isEmpty, batch.count == 1 else {
          throw FormatError(
            .npyShape, file: path, expected: "one vector", found: "several",
            hint: "save one row, for instance numpy.save(\"q.npy\", x[0])")
        }
        vector = batch.vectors
      }
      return vector
    }
  }

  /// Fails unless it has as many numbers as the vectors of the collection: with status 2 when it stood on the
  /// command line, with 4 when a file held it.
  func requireDimension(_ dimension: Int) throws(CommandFailure) {
    if numbers.count == dimension { return }
    throw CommandFailure(
      DatabaseError.dimensionMismatch(origin: origin, expected: dimension, found: numbers.count))
  }

  /// Where it stood, for errors of the engine.
  var origin: RowOrigin { RowOrigin(source: source, line: 0, record: 0) }

  private static func bytes(_ source: PeekedSource) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count: Int
      do throws(FileError) {
        count = try unsafe block.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
          unsafe try source.read(into: UnsafeMutableRawBufferPointer(all))
        }
      } catch { throw FormatError(reading: source.name, error) }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: block[..<count])
      guard bytes.count <= maximumBytes else {
        throw FormatError(
          .lineTooLong, file: source.name, expected: "one vector", found: "more than \(maximumBytes) bytes")
      }
    }
  }
}
