package import MetadataFilters

/// Reads a file of values, one a line, for a filter that looks them up; blank lines are passed over.
package enum ValueListReader {
  /// Reads all values.
  ///
  /// - Throws: `encoding`, `line-too-long`, `read-failed`, and `cast-failed` for a line that is no value of the field's type
  ///   and for more values than a filter takes.
  package static func read(_ source: any ByteSource, _ file: FilterFile) throws(FormatError) -> FilterValueSet
  {
    var lines = LineReader(try TextOpening.open(source, nil), maximumLength: 1 << 20)
    var values = FilterValueSet.Builder()
    let name = source.name
    while true {
      let (line, offset) = (lines.lineNumber + 1, lines.offset)
      guard line <= UInt64(FilterLimits.fileValues) + 1 else { throw tooMany(name, line, offset) }
      let next: Void? = try unsafe lines.next { (text) throws(FormatError) in
        do throws(FilterError) {
          unsafe try file.insert(text, into: &values)
        } catch {
          throw FormatError(
            .castFailed, file: name, line: line, byteOffset: offset, expected: error.expected,
            found: error.found)
        }
      }
      guard next != nil else { return FilterValueSet(values) }
      if line > UInt64(FilterLimits.fileValues) { throw tooMany(name, line, offset) }
    }
  }

  private static func tooMany(_ name: String, _ line: UInt64, _ offset: UInt64) -> FormatError {
    FormatError(
      .castFailed, file: name, line: line, byteOffset: offset,
      expected: "at most \(FilterLimits.fileValues) lines",
      found: "more")
  }
}
