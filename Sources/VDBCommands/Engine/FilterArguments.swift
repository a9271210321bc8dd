import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase

/// The filter of a command line, read before anything is opened.
struct FilterArguments {
  fileprivate let parsed: ParsedFilter
  private let option: String
  private let parameters: [String: JSONValue]
  private let now: FilterInstant

  /// Reads `--filter` or `--filter-json`; nil when neither is given.
  ///
  /// - Throws: status 2 with the place of the fault.
  init?(_ context: CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let text: String
    let isJSON: Bool
    if let given = arguments.text(SharedOptions.filter) {
      (text, isJSON) = (given, false)
    } else if let given = arguments.text(SharedOptions.filterJSON) {
      (text, isJSON) = (given, true)
    } else {
      return nil
    }
    option = isJSON ? SharedOptions.filterJSON.spelling : SharedOptions.filter.spelling
    var parameters: [String: JSONValue] = [:]
    for (name, value) in arguments.assignments(SharedOptions.param) {
      parameters[name] = try JSONArgument.value(value, "\(SharedOptions.param.spelling) \(name)")
    }
    self.parameters = parameters
    now = FilterInstant(nanoseconds: arguments.time(SharedOptions.now) ?? WallClock.now())
    do throws(FilterError) {
      parsed = isJSON ? try FilterText.parseJSON(text) : try FilterParser.parse(text)
    } catch {
      throw CommandFailure(error, option, text: text)
    }
  }

  /// The filter for a collection: literals are checked against its schema, files of values are read.
  ///
  /// - Throws: status 2 for a literal that cannot be of the field's type, a parameter without a value, and a file that is
  ///   not as it should be.
  func bound(_ collection: Collection, _ manifest: Manifest, _ context: CommandContext)
    throws(CommandFailure) -> BoundFilter
  {
    let schema = try engine { () throws(DatabaseError) in try manifest.schema() }
    var binder = FilterBinder(
      parameters: parameters, now: now,
      types: FilterTypes(fields: schema?.filterTypes ?? [:], idType: collection.settings.idType))
    for file in binder.files(of: parsed.expression) {
      binder.files[file] = try FilterFileReader.read(file, context)
    }
    do throws(FilterError) {
      return try binder.compile(parsed)
    } catch {
      throw CommandFailure(error, option, text: parsed.text)
    }
  }
}

extension FilterArguments {
  /// Points at names that no record has: nothing matches, and perhaps a name is misspelt.
  fileprivate func warnAboutNames(_ state: CollectionState, _ context: CommandContext) throws(CommandFailure)
  {
    FilterNames.warn(parsed, try engine { () throws(DatabaseError) in try state.knownFields() }, context)
  }
}

extension CommandContext {
  /// Evaluates the filter of the command line on a snapshot; nil when there is none.
  func filtered(_ snapshot: Snapshot, _ filter: FilterArguments?) throws(CommandFailure) -> FilterOutcome? {
    guard let filter else { return nil }
    let bound = try filter.bound(snapshot.collection, snapshot.manifest, self)
    let outcome = try filtered(snapshot.state, bound)
    if outcome.count == 0 { try filter.warnAboutNames(snapshot.state, self) }
    return outcome
  }

  /// Evaluates a bound filter on a state.
  func filtered(_ state: CollectionState, _ filter: BoundFilter) throws(CommandFailure) -> FilterOutcome {
    var options = FilterEvaluationOptions()
    options.threads = threadCount
    let chosen = options
    let deadline = deadline
    return try engine { () throws(DatabaseError) in
      try state.rows(matching: filter, options: chosen) {
        if Signals.requested != nil { return true }
        guard let deadline else { return false }
        return MonotonicClock.now() >= deadline
      }
    }
  }
}
