package import FileStorage
import Quantization
import VectorMath

extension FlatIndex {
  private static let rowsAtOnce = 4096

  /// Makes every code again from the rows and compares; also the frame and the counts.
  ///
  /// - Returns: What differs, at most `limit` reports.
  /// - Throws: `.storage` when a row or a code cannot be read, `.cancelled`.
  package func verifyContents(
    _ vectors: StoredVectors, threads: Int, limit: Int, isCancelled: @Sendable () -> Bool
  ) throws(IndexBuildError) -> [CorruptionError] {
    var damages: [CorruptionError] = []
    let source = vectors.source
    func report(_ section: String, _ expected: String, _ found: String) {
      guard damages.count < limit else { return }
      damages.append(
        CorruptionError(path: file.name, section: section, offset: nil, expected: expected, found: found))
    }
    do throws(StorageError) {
      let fitted = try VectorFrame.fit(source, metric: vectors.metric, seed: frame.seed, threads: threads)
      if fitted != frame { report("FRAM", "the frame of the rows", "another") }
      let block = CodeBlock(rows: min(Self.rowsAtOnce, max(1, rows)), dimension: frame.paddedDimension)
      var unknown: UInt64 = 0
      var row = 0
      while row < rows {
        if isCancelled() { break }
        let end = min(rows, row + Self.rowsAtOnce)
        let count = end - row
        try block.encode(frame, source, row..<end, threads: threads)
        unknown += block.unknownRows(count)
        let stored = try unsafe self.block(row..<end)
        func compare(
          _ name: String, _ found: UnsafeRawPointer, _ expected: UnsafeRawBufferPointer, _ size: Int
        ) {
          let bytes = unsafe UnsafeRawBufferPointer(start: found, count: expected.count)
          if unsafe bytes.elementsEqual(expected) { return }
          let place = bytes.indices.first { unsafe bytes[$0] != expected[$0] } ?? 0
          report(name, "what the rows give", "other bytes for row \(row + place / size)")
        }
        unsafe compare("CODE", stored.codes, block.codeBytes(count), frame.paddedDimension)
        unsafe compare("CSQR", stored.squares, block.squareBytes(count), 4)
        unsafe compare("RESD", stored.residuals, block.residualBytes(count), 4)
        row = end
      }
      if row == rows, unknown != unknownRows {
        report("footer", "\(unknown) rows of which nothing is known", "\(unknownRows)")
      }
    } catch {
      throw .storage(error)
    }
    if isCancelled() { throw .cancelled }
    return damages
  }
}
