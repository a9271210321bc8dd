import DataFormats
import FileStorage
import MetadataFilters

/// Everything that a reader delivered, and how it ended.
struct Reading: Equatable {
  var ids: [String] = []
  var vectors: [[Float]] = []
  var metadata: [String] = []
  var lines: [UInt64] = []
  var records: [UInt64] = []
  var failure: FormatError?
  var warnings: [FormatWarning] = []
  var skipped: UInt64 = 0
  var dimension: Int?

  /// Reads all of a source, a few rows at a time.
  static func all(
    _ source: any ByteSource, format: RecordFormat, options: ReadOptions = ReadOptions(), threads: Int = 1,
    maximumRows: Int = 1000
  ) -> Reading {
    do throws(FormatError) {
      return all(try open(source, format, options, threads), maximumRows: maximumRows)
    } catch {
      var result = Reading()
      result.failure = error
      return result
    }
  }

  /// Reads until a reader ends or fails.
  static func all(_ reader: any RecordReader, maximumRows: Int = 1000) -> Reading {
    var result = Reading()
    var batch = RecordBatch(dimension: 0)
    while true {
      do throws(FormatError) {
        guard try reader.next(&batch, maximumRows: maximumRows) else { break }
      } catch {
        result.failure = error
        break
      }
      for row in 0..<batch.count {
        result.ids.append(batch.id(row).display)
        result.vectors.append(Array(batch.vectors[batch.vectorRange(row)]))
        result.metadata.append(String(decoding: batch.metadataBytes[batch.metadataRange(row)], as: UTF8.self))
        result.lines.append(batch.positions[row].line)
        result.records.append(batch.positions[row].record)
      }
    }
    result.warnings = reader.warnings
    result.skipped = reader.skippedRows
    result.dimension = reader.dimension
    return result
  }

  static func open(
    _ source: any ByteSource, _ format: RecordFormat, _ options: ReadOptions, _ threads: Int
  ) throws(FormatError) -> any RecordReader {
    try makeRecordReader(format: format, source: source, options: options, threads: threads)
  }

  /// Reads a text.
  static func csv(
    _ text: String, options: ReadOptions = ReadOptions(), format: RecordFormat = .csv, threads: Int = 1
  ) -> Reading {
    all(MemorySource(Array(text.utf8), name: "t.csv"), format: format, options: options, threads: threads)
  }
}

/// Options with some of them set.
func options(_ change: (inout ReadOptions) -> Void) -> ReadOptions {
  var options = ReadOptions()
  change(&options)
  return options
}
