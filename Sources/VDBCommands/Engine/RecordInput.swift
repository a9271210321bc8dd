import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

extension CommandContext {
  /// How records are read into a collection, by the options that `import`, `insert` and `upsert` share.
  func readOptions(_ settings: CollectionSettings?) -> ReadOptions {
    var options = ReadOptions()
    if let settings {
      options.dimension = settings.dimension
      options.dimensionOrigin = "the collection \(collectionPath)"
      options.elementType = settings.elementType
      options.idType = settings.idType
      options.zeroVector = settings.metric == .cosine && !allowsZeroVectors ? .reject : .allow
    }
    if arguments.isGiven(SharedOptions.idField) { options.idField = arguments.text(SharedOptions.idField) }
    options.vectorField = arguments.text(SharedOptions.vectorField)
    options.payloadField = arguments.text(SharedOptions.payloadField)
    return options
  }

  /// Whether `--zero-vector allow` was given.
  var allowsZeroVectors: Bool { arguments.text(SharedOptions.zeroVector) == "allow" }

  /// What the engine checks of vectors.
  var vectorRules: VectorRules { VectorRules(allowsZero: allowsZeroVectors) }

  /// Opens a file of records, or standard input for "-".
  func openInput(_ path: String) throws(CommandFailure) -> InputSource {
    if path == "-" { try requireStandardInput() }
    do throws(FileError) {
      return try InputSource(path)
    } catch {
      if error.code == FileStorage.ErrorCode.isFolder { throw CommandFailure(FormatDetection.folder(path)) }
      throw CommandFailure(error)
    }
  }

  /// Says what a reader found worth telling.
  func report(_ warnings: [FormatWarning], of source: String) {
    for warning in warnings {
      var text = source
      if let line = warning.line { text += ":\(line)" }
      text += ": "
      if let column = warning.column { text += "\(column): " }
      text += warning.message
      if warning.count > 1 { text += " (\(NumberText.grouped(warning.count)) times)" }
      switch warning.code {
      case .numberKeptAsText, .reducedPrecision, .skippedNotFinite: messages.warning(text)
      case .numpyWrapper, .numpyRepresentation, .looksNumeric, .decoded, .note: messages.note(text)
      }
    }
  }
}

/// Where the records of an import came from, to find them again by their number.
///
/// Records that follow each other on the following lines make one run, so that a file with one record a line takes
/// one entry. After a bounded number of runs only the first of them can be found.
struct ImportedPositions {
  private struct Run {
    let first: UInt64
    let source: Int
    let position: SourcePosition
    var count: UInt64
  }

  private static let mostRuns = 1 << 20
  private var runs: [Run] = []
  private var sources: [String] = []
  private var count: UInt64 = 0

  /// Begins another file.
  mutating func begin(source: String) { sources.append(source) }

  /// Notes the records of a batch, in order.
  mutating func append(_ positions: [SourcePosition]) {
    for position in positions {
      if let last = runs.last, last.source == sources.count - 1, last.first + last.count == count,
        last.position.record + last.count == position.record,
        position.line == 0 ? last.position.line == 0 : last.position.line + last.count == position.line
      {
        runs[runs.count - 1].count += 1
      } else if runs.count < ImportedPositions.mostRuns {
        runs.append(Run(first: count, source: sources.count - 1, position: position, count: 1))
      }
      count += 1
    }
  }

  /// The place of a record by its number in the import, from 1.
  func origin(_ origin: RowOrigin) -> RowOrigin {
    guard origin.record > 0, origin.source.isEmpty else { return origin }
    let index = origin.record - 1
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].first <= index { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return origin }
    let run = runs[low - 1]
    let offset = index - run.first
    guard offset < run.count else { return origin }
    return RowOrigin(
      source: sources[run.source], line: run.position.line == 0 ? 0 : run.position.line + offset,
      record: run.position.record + offset)
  }

  /// The same error with records named by file, line and number in the file.
  func located(_ error: DatabaseError) -> DatabaseError {
    guard case .duplicateID(let id, let place, let earlier) = error else { return error }
    return .duplicateID(id: id, origin: origin(place), earlier: earlier.map { origin($0) })
  }
}
