import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Queries with which the recall of an index is measured.
enum CalibrationQueries {
  /// Queries that are read at most.
  private static let most = 2000

  /// Reads the file of an option; nil when it is not given.
  ///
  /// - Throws: A failure of bad input for a file without queries, or with queries of another dimension.
  static func read(
    _ context: CommandContext, _ collection: Collection, _ option: Option
  ) throws(CommandFailure) -> [Float]? {
    guard let path = context.arguments.text(option) else { return nil }
    let settings = collection.settings
    var options = ReadOptions()
    options.dimension = settings.dimension
    options.dimensionOrigin = "the collection"
    options.idSource = .row
    options.payload = .nothing
    options.zeroVector = settings.metric == .cosine ? .reject : .allow
    let readOptions = options
    let source = try files { () throws(FileError) in try InputSource(path) }
    let (_, reader) = try records { () throws(FormatError) in
      try openRecords(source, stated: nil, options: readOptions, threads: 1)
    }
    var batch = RecordBatch(dimension: settings.dimension)
    var floats: [Float] = []
    while floats.count < most * settings.dimension {
      try context.checkForStop()
      let isMore = try records { () throws(FormatError) in try reader.next(&batch, maximumRows: 256) }
      guard isMore else { break }
      floats += batch.vectors
    }
    guard !floats.isEmpty else {
      throw CommandFailure(
        .badInput, code: "no-queries", "--\(option.name): the file holds no queries", path: path)
    }
    return Array(floats.prefix(most * settings.dimension))
  }
}
