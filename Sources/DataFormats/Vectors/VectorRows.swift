/// Rows of a file of bare vectors, in order.
protocol VectorRows: AnyObject {
  /// Numbers in each row, at least 1.
  var dimension: Int { get }
  /// Rows in the source; nil where only its end will tell.
  var rowCount: UInt64? { get }
  /// Bytes of the source taken so far.
  var bytesRead: UInt64 { get }
  /// Reads up to `count` rows of `dimension` floats; fewer only at the end.
  ///
  /// Numbers that no float can hold come out infinite.
  func read(_ count: Int, into floats: UnsafeMutablePointer<Float>) throws(FormatError) -> Int
  /// Where in the source a row begins; nil where it is not in one piece. `row` counts from 0.
  func offset(ofRow row: UInt64) -> UInt64?
}
