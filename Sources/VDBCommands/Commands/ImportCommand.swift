package import CommandLineParsing
import VectorDatabase

/// The command `vdb import`.
package enum ImportCommand: ToolCommand {
  /// The names of the formats that can be read.
  package static let formats = ["jsonl", "json", "csv", "tsv", "npy", "fvecs", "bvecs", "ivecs"]

  package static let from = Option(
    "from", .choice(formats), "FORMAT", summary: "Format of the files (default: by content and name)")
  package static let create = Option(
    "create", .flag, summary: "Create the collection when it does not exist",
    details: "The number of dimensions is that of the first record unless `--dims` is given.")
  package static let mode = Option(
    "mode", .choice(["insert", "upsert", "ignore", "replace-all"]), default: "insert",
    summary: "What to do with an id that is there already",
    details:
      "`insert` fails, `upsert` replaces the record, `ignore` keeps the old one, `replace-all` first removes every record of the collection."
  )
  package static let idFrom = Option(
    "id-from", .choice(["row", "uuid", "hash"]),
    summary: "Make ids: row numbers from 0, random UUIDs, or hashes of the record")
  package static let nan = Option(
    "nan", .choice(["reject", "skip"]), default: "reject",
    summary: "What to do with a vector that holds NaN or infinity")
  package static let idPrefix = Option(
    "id-prefix", .text, "TEXT", summary: "Put TEXT before every id")
  package static let vectorColumns = Option(
    "vector-columns", .text, "SPEC", summary: "Columns that hold the vector, such as 'e{0..383}'",
    details: "For CSV and TSV files with one column for every number.")
  package static let vectorEncoding = Option(
    "vector-encoding", .choice(["auto", "json", "list", "base64", "hex"]), default: "auto",
    summary: "How a vector is written in a cell or string",
    details:
      "`base64` and `hex` spell little-endian 32-bit floats, or for the types i8, u8 and bit the bytes as stored: bit I of a vector is bit I mod 8 of byte I / 8. `auto` takes arrays and lists, base64, and what begins with `b64:` or `hex:`."
  )
  package static let payloadFields = Option(
    "payload-fields", .text, "LIST", repetition: .commaList, summary: "Keep only these fields as metadata")
  package static let payloadExcept = Option(
    "payload-except", .text, "LIST", repetition: .commaList, summary: "Keep all fields but these as metadata")
  package static let noPayload = Option("no-payload", .flag, summary: "Keep no metadata")
  package static let cast = Option(
    "cast", .assignment(values: ["int", "float", "bool", "json"]), "FIELD=TYPE", repetition: .list,
    summary: "Read a CSV column as int, float, bool or json",
    details: "Cells are strings otherwise. An empty cell is a missing value.")
  package static let ids = Option(
    "ids", .path(.file), "FILE", summary: "Ids of a .npy or vector file, one a line")
  package static let payload = Option(
    "payload", .path(.file), "FILE", summary: "Metadata of a .npy or vector file, one JSON object a line")
  package static let dims = Option(
    "dims", .integer(1...65_536), "N", summary: "Expect vectors of N numbers")
  package static let truncateDims = Option(
    "truncate-dims", .integer(1...65_536), "N", summary: "Keep the first N numbers of every vector")
  package static let normalize = Option("normalize", .flag, summary: "Scale every vector to length 1")
  package static let index = Option(
    "index", CreateCommand.index.kind, summary: "The index to build of what was added",
    details:
      "`auto` builds what pays, `none` nothing. By default the collection's setting `index.kind` decides, which `--create` sets. The records are committed before the index is begun."
  )
  package static let skip = Option(
    "skip", .integer(0...Int64.max), "N", summary: "Leave out the first N records of every file")
  package static let limit = Option("limit", .integer(0...Int64.max), "N", summary: "Read at most N records")
  package static let delimiter = Option(
    "delimiter", .text, "C", summary: "What separates CSV cells (default: comma)")
  package static let noHeader = Option(
    "no-header", .flag, summary: "The first CSV line is a record",
    details: "Columns are then called column1, column2, ...")
  package static let encoding = Option(
    "encoding", .choice(["utf-8", "latin1", "utf-16"]), summary: "Encoding of text files (default: utf-8)")

  package static let command = Command(
    "import", group: "Rows in", summary: "add the records of files, all or none",
    description: [
      "Reads files of records and adds them to the collection. All records of all files become visible at once when the last one is read; after any fault, a signal or a crash the collection is what it was.",
      "A record has an `id`, a `vector` (or `embedding`) and a `payload` (or `metadata`) object. Where there is no such object, every other field is metadata. The field options give other names. `-` reads standard input.",
      "A .npy or vector file holds vectors only: ids come from `--ids`, or are the row numbers from 0.",
      "Vectors of the types i8, u8 and bit take whole numbers of their range and nothing else. Bits may also be packed eight to a byte: in base64 or hexadecimal, or in a .npy or .bvecs file of bytes when the dimension is known.",
    ],
    operands: [
      Operands.collection,
      Operand("FILE", .oneOrMore, .path(.file), summary: "a file to read, or - for standard input"),
    ],
    options: [
      create, from, mode, SharedOptions.idField, SharedOptions.vectorField, SharedOptions.payloadField,
      idFrom,
      CreateCommand.metric.withoutDefault(), CreateCommand.type.withoutDefault(),
      CreateCommand.idType.withoutDefault(), index, dims, cast, ids, payload, payloadFields, payloadExcept,
      noPayload,
      vectorColumns, vectorEncoding, idPrefix, truncateDims, normalize, nan, SharedOptions.zeroVector, skip,
      limit,
      delimiter, noHeader, encoding, SharedOptions.ifVersion, SharedOptions.ifLSN,
    ],
    sharedOptions: SharedOptions.changing + [SharedOptions.threads, SharedOptions.memoryLimit],
    exclusiveGroups: [
      ExclusiveGroup(["id-field", "id-from", "ids"]),
      ExclusiveGroup(["payload-fields", "payload-except", "no-payload"]),
      ExclusiveGroup(["payload", "no-payload"]),
      ExclusiveGroup(["vector-field", "vector-columns"]),
    ],
    dependencies: [
      Dependency("metric", needs: "create"), Dependency("type", needs: "create"),
      Dependency("id-type", needs: "create"),
    ],
    examples: [
      Example("vdb import docs.vdb docs.jsonl", "Add the records of a JSON Lines file."),
      Example(
        "vdb import --create docs.vdb docs.csv --vector-field embedding --cast year=int",
        "Create a collection from a CSV file."),
      Example("vdb import docs.vdb vectors.npy --ids ids.txt", "Add the rows of a NumPy array."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(3, "committed, but records were left out under --nan skip"), ExitNotes.note(.badInput),
        ExitNote(7, "an id is there already in insert mode, or --if-version or --if-lsn does not hold"),
      ], ExitNotes.writing, done: "all records are committed and durable"),
    isMutating: true, seeAlso: ["create", "insert", "upsert", "export"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let start = MonotonicClock.now()
    var job = try ImportJob(context)
    let outcome = try job.run()
    if outcome.skipped > 0 { context.exitStatus = .partial }
    let receipt = outcome.receipt
    let rows = receipt.inserted + receipt.replaced
    var text =
      context.isDryRun
      ? "would commit \(counted(rows, "row"))"
      : "committed \(counted(rows, "row")) as version \(receipt.version) (\(elapsedText(since: start)))"
    if receipt.replaced > 0 {
      text += ", \(NumberText.grouped(receipt.replaced)) of them in place of older ones"
    }
    if receipt.ignored > 0 { text += "; \(NumberText.grouped(receipt.ignored)) ignored, their ids existed" }
    if outcome.skipped > 0 { text += "; \(NumberText.grouped(outcome.skipped)) left out for NaN or infinity" }
    if outcome.isCreated, let settings = outcome.settings {
      context.messages.note(
        "\(context.isDryRun ? "would create" : "created") \(context.collectionPath) (\(CollectionCreation.summary(settings)))"
      )
    }
    context.messages.note(text)
    let index = try IndexAfterImport.build(outcome, context)
    if !context.isDryRun { context.suggest("search", context.collectionWord, "--vector @FILE") }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.import)
    json.member("collection", context.collectionPath)
    json.member("files", Array(context.arguments.operands(from: 1)))
    json.member("records", outcome.records)
    json.member("inserted", receipt.inserted)
    json.member("replaced", receipt.replaced)
    json.member("ignored", receipt.ignored)
    json.member("skipped", outcome.skipped)
    json.member("bytes_read", outcome.bytesRead)
    json.member("elapsed_ms", UInt64(max(0, MonotonicClock.now() - start)) / 1_000_000)
    json.member("created", outcome.isCreated && !context.isDryRun)
    json.member("dry_run", context.isDryRun)
    json.member("version", index?.version ?? receipt.version)
    json.member("lsn", receipt.lsn)
    if let index { IndexText.append(index, to: &json) }
    try JSONOutput.end(json, to: context)
  }
}
