package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// The command `vdb create`.
package enum CreateCommand: ToolCommand {
  package static let dims = Option(
    "dims", .integer(1...65_536), "N", isRequired: true, summary: "Numbers in every vector")
  package static let metric = Option(
    "metric", .choice(["cosine", "dot", "l2", "l1", "hamming"]), default: "cosine",
    summary: "How distance is measured",
    details:
      "`cosine` is one minus the cosine of the angle, `dot` the negative inner product, `l2` the Euclidean distance, `l1` the sum of the absolute differences, `hamming` the number of bits that differ. Smaller is nearer. Vectors of type bit have the metric hamming, which is then the default, and no others have it."
  )
  package static let type = Option(
    "type", .choice(["f32", "f16", "i8", "u8", "bit"]), default: "f32", summary: "How each number is stored",
    details:
      "`f16` halves the space and keeps about three decimal digits. `i8` holds whole numbers from -128 to 127, `u8` from 0 to 255, in a byte each; `bit` holds 0 or 1, eight to a byte. Numbers that these three do not hold are refused, never rounded."
  )
  package static let idType = Option(
    "id-type", .choice(["string", "int64", "uuid"]), default: "string", summary: "What ids are")
  package static let mode = Option(
    "mode", .fileMode, "MODE", summary: "Permissions of the folder in octal (default: by umask)")
  package static let index = Option(
    "index", .choice(IndexChoice.names), default: "auto", summary: "The index that import builds",
    details:
      "`flat` keeps codes of 8 bits beside the vectors, with which exact searches read a quarter of the bytes. `auto` builds it where it pays, `none` never."
  )
  package static let schema = Option(
    "schema", .path(.file), "FILE", summary: "Types and rules for metadata fields, as JSON",
    details: "`vdb schema COLLECTION infer` prints one; `-` reads standard input.")
  package static let ifNotExists = Option(
    "if-not-exists", .flag, summary: "Succeed when it exists with the same settings")

  package static let command = Command(
    "create", group: "Lifecycle", summary: "create an empty collection",
    description: [
      "Creates the folder of a collection and its first version. The number of dimensions, the metric, the element type and the id type are fixed from then on.",
      "`vdb import --create` does the same and fills the collection in one step.",
    ],
    operands: [Operand("COLLECTION", .one, .path(.folder), summary: "the folder to create")],
    options: [dims, metric, type, idType, index, schema, mode, ifNotExists],
    sharedOptions: [SharedOptions.json, SharedOptions.dryRun, SharedOptions.allowNetworkFS],
    examples: [
      Example("vdb create docs.vdb --dims 384", "Create a collection for vectors of 384 numbers."),
      Example(
        "vdb create docs.vdb --dims 384 --metric l2 --type f16 --id-type int64",
        "Choose every property of the collection."),
      Example(
        "vdb create codes.vdb --dims 1024 --type bit", "Create a collection for binary codes of 1024 bits."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(7, "the folder exists already, or exists with other settings under --if-not-exists")],
      [
        ExitNotes.note(.usage), ExitNotes.note(.noSpace), ExitNotes.note(.ioError), ExitNotes.note(.denied),
        ExitNote(6, "the parent folder does not exist"),
      ], done: "created, or there already under --if-not-exists"),
    isMutating: true, seeAlso: ["import", "insert", "info", "drop"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let settings = CollectionSettings(
      dimension: Int(arguments.integer(dims) ?? 0), metric: chosenMetric(arguments),
      elementType: choice(arguments.text(type)), idType: choice(arguments.text(idType)))
    try engine { () throws(DatabaseError) in try settings.check() }
    let path = context.collectionPath
    let rules = try arguments.text(schema).map { (path) throws(CommandFailure) in
      try SchemaFile.read(path, context)
    }
    let result = try CollectionCreation.create(
      path, settings, options: indexSetting(arguments), rules, mode: arguments.fileMode(mode),
      acceptsEqual: arguments.flag(ifNotExists), context)
    let shape = CollectionCreation.summary(settings)
    if result.isNew {
      context.messages.note(
        context.isDryRun
          ? "would create \(path) (\(shape))" : "created \(path) (\(shape)), version 1")
      if !context.isDryRun { context.suggest("import", context.collectionWord, "FILE") }
    } else {
      context.messages.note("\(path) is there already (\(shape)); nothing was changed")
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.create)
    json.member("path", path)
    if let uuid = result.uuid { json.member("uuid", "\(uuid)") }
    json.member("dims", settings.dimension)
    json.member("metric", settings.metric.name)
    json.member("type", settings.elementType.name)
    json.member("id_type", settings.idType.name)
    json.member("created", result.isNew && !context.isDryRun)
    json.member("dry_run", context.isDryRun)
    try JSONOutput.end(json, to: context)
  }

  /// The setting that `--index` asks for; none when it is not given.
  static func indexSetting(_ arguments: ParsedArguments) -> [String: String] {
    guard arguments.isGiven(index), let name = arguments.text(index) else { return [:] }
    return [IndexPolicy.settingKey: name]
  }

  /// The metric that is asked for, or else the usual one of the element type.
  static func chosenMetric(_ arguments: ParsedArguments) -> Metric {
    let usual = (choice(arguments.text(type)) as ElementType).metrics.first ?? .cosine
    guard arguments.isGiven(metric), let name = arguments.text(metric) else { return usual }
    return Metric(name: name) ?? usual
  }
  /// The element type of that name; the parser has checked the name.
  static func choice(_ name: String?) -> ElementType { name.flatMap { ElementType(name: $0) } ?? .f32 }
  /// The id type of that name; the parser has checked the name.
  static func choice(_ name: String?) -> IDType { name.flatMap { IDType(name: $0) } ?? .string }
}
