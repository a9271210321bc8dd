package import MetadataFilters

/// Delivers the records of one source in its order.
///
/// What it delivers does not depend on the number of threads or the size of its blocks. Used by one thread at a time.
package protocol RecordReader: AnyObject {
  /// Numbers in each vector; nil until the first batch when the options do not say it.
  var dimension: Int? { get }
  /// Empties `batch` and fills it with up to `maximumRows` records; false, with an empty batch, at the end.
  ///
  /// Sets the batch's `dimension` and `idType`. Delivers all records before a bad one, and throws at the next call.
  func next(_ batch: inout RecordBatch, maximumRows: Int) throws(FormatError) -> Bool
  /// Bytes of the source taken so far, for progress.
  var bytesRead: UInt64 { get }
  /// Rows left out as the options ask (`notFinite: .skip`).
  var skippedRows: UInt64 { get }
  /// What is worth telling, one entry a kind.
  var warnings: [FormatWarning] { get }
}

/// Writes records in one format to a sink.
package protocol RecordWriter: AnyObject {
  /// Writes all rows of a batch.
  func write(_ batch: RecordBatch) throws(FormatError)
  /// Writes what the format needs at its end. Called once, after the last batch.
  func finish() throws(FormatError)
}
