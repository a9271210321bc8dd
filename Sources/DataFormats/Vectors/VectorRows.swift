/// Rows of a file of bare vectors, in order.
protocol VectorRows: AnyObject {
  /// Numbers in each row, at least 1.
  var dimension: Int { get }
  /// Rows in the source; nil where only its end will tell.
  var rowCount: UInt64? { get }
  /// Whether the numbers are unsigned bytes.
  var holdsBytes: Bool { get }
  /// Bytes of the source taken so far.
  var bytesRead: UInt64 { get }
  /// Reads up to `count` rows of `dimension` floats; fewer only at the end.
  ///
  /// Numbers that no float can hold come out infinite.
  func read(_ count: Int, into floats: UnsafeMutablePointer<Float>) throws(FormatError) -> Int
  /// Whether a number that came out infinite was finite in the source; nil where that cannot be told any more.
  ///
  /// Concerns rows of the last call of `read` only.
  func wasFinite(row: UInt64, index: Int) -> Bool?
  /// Where in the source a row begins; nil where it is not in one piece. `row` counts from 0.
  func offset(ofRow row: UInt64) -> UInt64?
}
