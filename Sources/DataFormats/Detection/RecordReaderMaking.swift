import FileStorage

/// Begins to read records of a known format.
///
/// Text in UTF-16 (by its byte-order mark) or in the encoding that the options name is decoded on the way.
///
/// - Parameters:
///   - source: Stands at its start.
///   - threads: How many threads parse; 1 starts none.
/// - Returns: A reader that has looked at the first bytes, and at the header where the format has one.
/// - Throws: What is wrong with the options, the header, or the files beside bare vectors.
package func makeRecordReader(
  format: RecordFormat, source: any ByteSource, options: ReadOptions, threads: Int
) throws(FormatError) -> any RecordReader {
  if format.isText, options.idsSource != nil || options.payloadSource != nil {
    throw FormatError(
      .options, file: source.name, expected: "files of ids or metadata only beside a file of bare vectors",
      found: format.title, hint: "leave out --ids and --payload")
  }
  switch format {
  case .jsonLines:
    return try JSONLinesReader(TextOpening.open(source, options.encoding), options, threads: threads)
  case .json:
    return try JSONArrayReader(TextOpening.open(source, options.encoding), options, threads: threads)
  case .csv, .tsv: return try CSVReader(source, format: format, options: options, threads: threads)
  case .npy, .fvecs, .bvecs, .ivecs: return try BareVectorReader(source, format: format, options: options)
  }
}

/// Finds out a source's format and begins to read it.
///
/// - Parameters:
///   - source: Stands at its start.
///   - stated: The format that the user asked for; nil to find it by the first bytes and the name.
///   - threads: How many threads parse; 1 starts none.
/// - Returns: The format and its reader.
/// - Throws: What `FormatDetection.format` and `makeRecordReader` throw.
package func openRecords(
  _ source: any ByteSource, stated: RecordFormat?, options: ReadOptions, threads: Int
) throws(FormatError) -> (format: RecordFormat, reader: any RecordReader) {
  let peeked: PeekedSource
  do throws(FileError) {
    peeked = try PeekedSource(source)
  } catch {
    // EISDIR: a folder can be opened but not read.
    throw error.code == 21 ? FormatDetection.folder(source.name) : FormatError(reading: source.name, error)
  }
  var known = stated
  // Without a mark, UTF-16 shows no sign of its own; the option says what it is.
  if known == nil, options.encoding == .utf16, let byName = FormatDetection.formatOfName(source.name),
    byName.isText
  {
    known = byName
  }
  let format = try FormatDetection.format(name: source.name, head: peeked.head, stated: known)
  return (format, try makeRecordReader(format: format, source: peeked, options: options, threads: threads))
}
