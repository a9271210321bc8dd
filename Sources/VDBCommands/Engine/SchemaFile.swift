import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// Schemas in files, and records that are checked against them.
enum SchemaFile {
  /// Reads a schema; "-" is standard input.
  ///
  /// - Throws: status 4 when the file holds no schema.
  static func read(_ path: String, _ context: CommandContext) throws(CommandFailure) -> CollectionSchema {
    if path == "-" { try context.requireStandardInput() }
    let source = try files { () throws(FileError) in try InputSource(path) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= CollectionSchema.maximumBytes {
      try context.checkForStop()
      let count = try files { () throws(FileError) in
        try unsafe buffer.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
          try unsafe source.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
      }
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    do throws(SchemaError) {
      return try CollectionSchema(json: bytes)
    } catch {
      throw CommandFailure(
        .badInput, code: "invalid-schema", "\(source.name): \(error.description)",
        hint: DatabaseError.invalidSchema(error).hint, path: source.name)
    }
  }

  /// Lets an inference see the metadata of one record.
  static func add(_ metadata: [UInt8], to inference: inout SchemaInference) throws(JSONError) {
    try unsafe metadata.withUnsafeBufferPointer { (bytes) throws(JSONError) in
      try unsafe inference.add(UnsafeRawBufferPointer(bytes))
    }
  }

  /// What the metadata of one record breaks.
  static func violations(_ metadata: [UInt8], _ validator: SchemaValidator) throws(JSONError)
    -> [SchemaViolation]
  {
    try unsafe metadata.withUnsafeBufferPointer { (bytes) throws(JSONError) in
      try unsafe validator.violations(UnsafeRawBufferPointer(bytes))
    }
  }
}
