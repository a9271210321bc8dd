import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters

/// Reads the files of values that a filter names by `IN @'FILE'`.
enum FilterFileReader {
  /// Reads one file; "-" is standard input.
  ///
  /// - Throws: status 6 when there is no such file, 4 for a line that is no value of the field's type.
  static func read(_ file: FilterFile, _ context: CommandContext) throws(CommandFailure) -> FilterValueSet {
    if file.name == "-" { try context.requireStandardInput() }
    let source = try files { () throws(FileError) in try InputSource(file.name) }
    return try records { () throws(FormatError) in try ValueListReader.read(source, file) }
  }
}

/// Reads a whole file of modest size.
enum WholeFile {
  /// The bytes of a file; "-" is standard input.
  ///
  /// - Throws: status 6 when there is no such file, 4 when it has more than `limit` bytes.
  static func read(_ path: String, limit: Int, _ context: CommandContext) throws(CommandFailure) -> [UInt8] {
    if path == "-" { try context.requireStandardInput() }
    let source = try files { () throws(FileError) in try InputSource(path) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try files { () throws(FileError) -> Int in
        try unsafe block.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
          try unsafe source.read(into: UnsafeMutableRawBufferPointer(all))
        }
      }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: block[..<count])
      guard bytes.count <= limit else {
        throw CommandFailure(
          .badInput, code: "file-too-large", "\(path) has more than \(limit) bytes", path: path)
      }
    }
  }
}
