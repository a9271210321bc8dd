package import FileStorage
package import Quantization
package import VectorMath

// A flat index: an index file of kind "flat", layout 1. Row r of every section is row r of the segment.
//
// Own header fields (8 bytes)                  Own footer fields (16 bytes)
//   128 4  u32 padded dimensions                 0   8  u64 rows
//   132 4  zero                                  8   8  u64 rows of whose distance the codes say nothing
//
// Sections
//   FRAM  the frame that the codes live in (see VectorFrame)
//   CODE  the codes: padded dimensions of i8 from -127 to 127 for each row, 4096-aligned
//   CSQR  i32 sum of the squares of each row's codes
//   RESD  f32 bound of the distance between each row in the frame and its codes; infinite when nothing is known

extension SectionName {
  package static let frame: SectionName = "FRAM"
  package static let codes: SectionName = "CODE"
  package static let codeSquares: SectionName = "CSQR"
  package static let residuals: SectionName = "RESD"
}

/// The 8-bit codes of a segment's rows, with which a scan leaves out what cannot be near.
///
/// Opening reads the pages, the tables and the frame; every other block is checked on first touch. Numbers read from the
/// file are bounded before use. Pointers stay valid as long as this object lives. Safe to use from several threads.
package final class FlatIndex: Sendable {
  /// The version of the layout that is written, and the newest that is read.
  package static let layout: UInt32 = 1
  static let headerSize = 8
  static let footerSize = 16
  /// Beyond this many padded dimensions a sum of code products or squares could leave 32 bits.
  static let largestDimension = 32_768

  /// The container.
  package let file: ContainerFile
  /// Where the codes live.
  package let frame: VectorFrame
  package let rows: Int
  /// Rows of whose distance the codes say nothing.
  package let unknownRows: UInt64
  let codeEntry: SectionEntry
  let squareEntry: SectionEntry
  let residualEntry: SectionEntry

  /// Whether codes can be made of such vectors.
  package static func supports(dimension: Int, _ elementType: ElementType, _ metric: Metric) -> Bool {
    paddedDimension(dimension) <= largestDimension && VectorFrame.supports(metric, elementType)
  }

  /// Takes an index file that was proved to belong to its segment, and fits its sections together.
  package init(_ file: ContainerFile, _ header: IndexHeader) throws(StorageError) {
    guard let rows = Int(exactly: header.rows), rows <= Int(UInt32.max) else {
      throw file.indexDamage("header", "at most 2^32 rows", "\(header.rows)")
    }
    let footer = file.footerFields
    guard footer.count == Self.footerSize, footer.littleEndian(at: 0, as: UInt64.self) == header.rows else {
      throw file.indexDamage("footer", "\(rows) rows", "another number")
    }
    frame = try file.indexFrame()
    guard UInt32(frame.dimension) == header.dimension, frame.metric.rawValue == header.metric,
      !frame.isAugmented, frame.paddedDimension <= Self.largestDimension,
      header.ownFields.count == Self.headerSize,
      header.ownFields.littleEndian(at: 0, as: UInt32.self) == UInt32(frame.paddedDimension),
      header.ownFields.littleEndian(at: 4, as: UInt32.self) == 0
    else { throw file.indexDamage("FRAM", "a frame of the collection's vectors", "another") }
    codeEntry = try file.indexSection(.codes, rows, frame.paddedDimension)
    guard codeEntry.alignment == 4096 else {
      throw file.indexDamage("CODE", "alignment to 4096 bytes", "less")
    }
    squareEntry = try file.indexSection(.codeSquares, rows, 4)
    residualEntry = try file.indexSection(.residuals, rows, 4)
    unknownRows = footer.littleEndian(at: 8, as: UInt64.self)
    self.file = file
    self.rows = rows
  }

  /// Prepares for passes over all codes.
  package func expectWholePasses() { file.advise(.whole, codeEntry) }

  /// The codes, squares and residuals of consecutive rows.
  @unsafe
  package struct Block {
    /// `frame.paddedDimension` codes for each row.
    package let codes: UnsafePointer<Int8>
    package let squares: UnsafePointer<Int32>
    package let residuals: UnsafePointer<Float>
  }

  /// Some rows, which must be below `rows` and not none; their blocks are checked.
  ///
  /// - Throws: `.corruption` when a block fails its checksum.
  package func block(_ range: Range<Int>) throws(StorageError) -> Block {
    let size = frame.paddedDimension
    let codes = try unsafe file.bytes(codeEntry, range.lowerBound * size..<range.upperBound * size)
    let squares = try unsafe file.bytes(squareEntry, 4 * range.lowerBound..<4 * range.upperBound)
    let residuals = try unsafe file.bytes(residualEntry, 4 * range.lowerBound..<4 * range.upperBound)
    guard let codes = codes.baseAddress, let squares = squares.baseAddress,
      let residuals = residuals.baseAddress
    else {
      throw .corruption(
        CorruptionError(
          path: file.name, section: codeEntry.label, offset: codeEntry.offset, expected: "rows", found: "none"
        ))
    }
    // Sections begin at multiples of 64 of a mapping that begins on a page, so every element is aligned.
    return unsafe Block(
      codes: codes.assumingMemoryBound(to: Int8.self), squares: squares.assumingMemoryBound(to: Int32.self),
      residuals: residuals.assumingMemoryBound(to: Float.self))
  }
}
