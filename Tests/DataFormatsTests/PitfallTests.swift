import DataFormats
import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// One file with a known trap, how it is read, and how that must end.
struct Pitfall: Sendable, CustomTestStringConvertible {
  let file: String
  /// The error's name; nil when the file is read.
  let code: FormatErrorCode?
  var stated: RecordFormat?
  var change: @Sendable (inout ReadOptions) -> Void = { _ in }
  /// Files beside bare vectors.
  var ids: String?
  var payload: String?
  /// Tells two entries for one file apart.
  var variant = ""

  init(
    _ file: String, _ code: FormatErrorCode? = nil, variant: String = "", stated: RecordFormat? = nil,
    ids: String? = nil, payload: String? = nil,
    _ change: @escaping @Sendable (inout ReadOptions) -> Void = { _ in }
  ) {
    self.file = file
    self.code = code
    self.variant = variant
    self.stated = stated
    self.ids = ids
    self.payload = payload
    self.change = change
  }

  var testDescription: String { name }
  var name: String { variant.isEmpty ? file : "\(file) \(variant)" }

  static let folder = PackageFolder.path + "/Fixtures/pitfalls/"

  static func bytes(_ file: String) -> [UInt8] {
    FileManager.default.contents(atPath: folder + file).map(Array.init) ?? []
  }

  var options: ReadOptions {
    var options = ReadOptions()
    change(&options)
    options.idsSource = ids.map { MemorySource(Pitfall.bytes($0), name: $0) }
    options.payloadSource = payload.map { MemorySource(Pitfall.bytes($0), name: $0) }
    return options
  }

  /// Reads bytes as the file is read.
  func read(_ bytes: [UInt8], threads: Int = 1) -> Reading {
    var result = Reading()
    do throws(FormatError) {
      let source = MemorySource(bytes, name: file)
      let reader = try openRecords(source, stated: stated, options: options, threads: threads).reader
      result = Reading.all(reader)
    } catch { result.failure = error }
    return result
  }
}

extension Reading {
  /// What a person would want to see of it, for comparing.
  var summary: String {
    var lines: [String] = []
    if let failure {
      lines.append("code: \(failure.code.rawValue)")
      lines.append("message: \(failure)")
      if let hint = failure.hint { lines.append("hint: \(hint)") }
    }
    for row in ids.indices {
      let id = ids[row].utf8.count > 80 ? ids[row].prefix(80) + "..." : ids[row][...]
      lines.append("row: \(id) \(vectors[row]) \(metadata[row])")
    }
    for warning in warnings {
      let place = (warning.line.map { " line \($0)" } ?? "") + (warning.column.map { " column \($0)" } ?? "")
      lines.append("warning: \(warning.code.rawValue) x\(warning.count)\(place): \(warning.message)")
    }
    if skipped > 0 { lines.append("skipped: \(skipped)") }
    return lines.joined(separator: "\n") + "\n"
  }
}

let batchPath = "response.body.data[0].embedding"

let pitfalls: [Pitfall] = [
  // Tables.
  Pitfall("numpy-elided.csv", .numpyElided),
  Pitfall("numpy-elided-list.csv", .numpyElided),
  Pitfall("numpy-spaced.csv"),
  Pitfall("numpy-wrapper.csv"),
  Pitfall("nan.csv", .notFinite),
  Pitfall("nan.csv", variant: "skipped") { $0.notFinite = .skip },
  Pitfall("overflow.csv", .floatOverflow),
  Pitfall("zero.csv", .zeroVector),
  Pitfall("zero.csv", variant: "allowed") { $0.zeroVector = .allow },
  Pitfall("dims.csv", .dimensionsMismatch),
  Pitfall("dims.csv", .dimensionsMismatch, variant: "of a collection") {
    $0.dimension = 2
    $0.dimensionOrigin = "collection \"docs\""
  },
  Pitfall("vector-cut.csv", .vectorType),
  Pitfall("vector-word.csv", .vectorNumber),
  Pitfall("vector-empty.csv", .vectorMissing),
  Pitfall("vector-missing.csv", .vectorMissing),
  Pitfall("id-float.csv", .idFloat),
  Pitfall("id-exponent.csv", .idFloat),
  Pitfall("id-zeros.csv"),
  Pitfall("id-zeros-int64.csv", .idInteger) { $0.idType = .int64 },
  Pitfall("id-missing.csv", .idMissing),
  Pitfall("id-missing.csv", variant: "from rows") { $0.idSource = .row },
  Pitfall("id-empty.csv", .idMissing),
  Pitfall("id-utf8.csv", .invalidUTF8),
  Pitfall("id-nul.csv", .idNul),
  Pitfall("id-long.csv", .idTooLong),
  Pitfall("bom.csv"),
  Pitfall("utf16.csv"),
  Pitfall("utf16-big-endian.csv"),
  Pitfall("utf16-unmarked.csv", .encoding),
  Pitfall("utf16-unmarked.csv", variant: "as stated") { $0.encoding = .utf16 },
  Pitfall("utf16-cut.csv", .invalidUTF8),
  Pitfall("latin1.csv", .invalidUTF8),
  Pitfall("latin1-option.csv") { $0.encoding = .latin1 },
  Pitfall("crlf.csv"),
  Pitfall("lone-cr.csv"),
  Pitfall("mixed-line-ends.csv", .csvLineEnding),
  Pitfall("quotes.csv"),
  Pitfall("no-final-newline.csv"),
  Pitfall("trailing-delimiter.csv"),
  Pitfall("trailing-delimiter-rows.csv", .csvRagged),
  Pitfall("ragged-short.csv", .csvRagged),
  Pitfall("ragged-long.csv", .csvRagged),
  Pitfall("unquoted-array.csv", .csvRagged),
  Pitfall("blank-lines.csv"),
  Pitfall("sep-line.csv"),
  Pitfall("sep-conflict.csv", .csvDelimiter) { $0.delimiter = UInt8(ascii: ",") },
  Pitfall("header-duplicate.csv", .csvHeader),
  Pitfall("header-empty.csv", .csvHeader),
  Pitfall("semicolons.csv", .csvDelimiter),
  Pitfall("semicolons.csv", variant: "as stated") { $0.delimiter = UInt8(ascii: ";") },
  Pitfall("tabs.csv", .csvDelimiter),
  Pitfall("commas.tsv", .csvDelimiter),
  Pitfall("quote-stray.csv", .csvQuote),
  Pitfall("quote-behind.csv", .csvQuote),
  Pitfall("quote-open.csv", .csvQuote),
  Pitfall("column-order.csv") { $0.vectorColumns = "e{0..11}" },
  Pitfall("column-gap.csv", .columnGap) { $0.vectorColumns = "e{0..3}" },
  Pitfall("column-unnamed.csv", .vectorMissing),
  Pitfall("column-empty.csv", .vectorMissing) { $0.vectorColumns = "e" },
  Pitfall("column-missing.csv", .idMissing),
  Pitfall("looks-numeric.csv"),
  Pitfall("cast.csv") { $0.casts = ["year": .int, "ok": .bool, "tags": .json] },
  Pitfall("cast-failed.csv", .castFailed) { $0.casts = ["year": .int] },
  Pitfall("cast-json.csv", .jsonSyntax) { $0.casts = ["tags": .json] },
  Pitfall("formula.csv"),
  Pitfall("controls.csv"),
  Pitfall("stray-column.csv", .strayField),
  Pitfall("payload-text.csv", .payloadNotObject),
  Pitfall("base64.csv"),
  Pitfall("base64-cut.csv", .vectorEncoding),
  Pitfall("header-only.csv"),
  // JSON.
  Pitfall("nan.jsonl", .notFinite),
  Pitfall("infinity.jsonl", .notFinite),
  Pitfall("nan-skipped.jsonl") { $0.notFinite = .skip },
  Pitfall("nan-payload.jsonl", .notFinite),
  Pitfall("overflow.jsonl", .floatOverflow),
  Pitfall("subnormal.jsonl"),
  Pitfall("double-rounding.jsonl"),
  Pitfall("zero.jsonl", .zeroVector),
  Pitfall("dims.jsonl", .dimensionsMismatch),
  Pitfall("dims-collection.jsonl", .dimensionsMismatch) {
    $0.dimension = 384
    $0.dimensionOrigin = "collection \"docs\" (model bge-small-en)"
  },
  Pitfall("vector-missing.jsonl", .vectorMissing),
  Pitfall("vector-null.jsonl", .vectorType),
  Pitfall("vector-strings.jsonl", .vectorNumber),
  Pitfall("vector-nested.jsonl", .vectorNumber),
  Pitfall("vector-empty.jsonl", .vectorEmpty),
  Pitfall("id-float.jsonl", .idFloat),
  Pitfall("id-range.jsonl", .idRange) { $0.idType = .int64 },
  Pitfall("id-integer.jsonl"),
  Pitfall("id-nul.jsonl", .idNul),
  Pitfall("id-long.jsonl", .idTooLong),
  Pitfall("id-missing.jsonl", .idMissing),
  Pitfall("id-object.jsonl", .idType),
  Pitfall("id-uuid.jsonl", .idUUID) { $0.idType = .uuid },
  Pitfall("bom.jsonl"),
  Pitfall("utf16.jsonl"),
  Pitfall("latin1.jsonl", .invalidUTF8),
  Pitfall("crlf.jsonl"),
  Pitfall("no-final-newline.jsonl"),
  Pitfall("cut.jsonl", .jsonSyntax),
  Pitfall("trailing.jsonl", .jsonTrailing),
  Pitfall("array-lines.jsonl", .formatConflict),
  Pitfall("array-lines.jsonl", .recordNotObject, variant: "as stated", stated: .jsonLines),
  Pitfall("pretty.jsonl", .jsonSyntax),
  Pitfall("array.json"),
  Pitfall("array-cut.json", .jsonSyntax),
  Pitfall("array-trailing.json", .jsonTrailing),
  Pitfall("array-numbers.json", .recordNotObject),
  Pitfall("objects.json"),
  Pitfall("object-of-arrays.json", .vectorNumber),
  Pitfall("pandas-columns.json", .idType),
  Pitfall("deep.jsonl", .jsonDepth),
  Pitfall("long-line.jsonl", .lineTooLong) { $0.maximumRecordBytes = 512 },
  Pitfall("openai-batch.jsonl") {
    $0.idField = "custom_id"
    $0.vectorField = batchPath
  },
  Pitfall("openai-base64.jsonl") {
    $0.idField = "custom_id"
    $0.vectorField = batchPath
    $0.vectorEncoding = .base64
  },
  Pitfall("stray-field.jsonl", .strayField),
  Pitfall("payload-text.jsonl", .payloadNotObject),
  Pitfall("embedding-beside.jsonl"),
  Pitfall("numbers.jsonl"),
  Pitfall("duplicate-key.jsonl", .jsonDuplicateKey),
  Pitfall("duplicate-id.jsonl", .jsonDuplicateKey),
  Pitfall("surrogate.jsonl", .jsonLoneSurrogate),
  Pitfall("overlong.jsonl", .invalidUTF8),
  Pitfall("nul-payload.jsonl"),
  // Arrays.
  Pitfall("plain.npy"),
  Pitfall("fortran.npy"),
  Pitfall("big-endian.npy"),
  Pitfall("half.npy"),
  Pitfall("double.npy"),
  Pitfall("int8.npy"),
  Pitfall("uint8.npy"),
  Pitfall("int64.npy"),
  Pitfall("one-dimension.npy"),
  Pitfall("three-dimensions.npy"),
  Pitfall("three-dimensions-full.npy", .npyShape),
  Pitfall("three-dimensions-full.npy", variant: "of a known dimension") { $0.dimension = 6 },
  Pitfall("version2.npy"),
  Pitfall("version3.npy"),
  Pitfall("version9.npy", .npyHeader),
  Pitfall("scalar.npy", .npyShape),
  Pitfall("empty.npy"),
  Pitfall("objects.npy", .npyPickle),
  Pitfall("structured.npy", .npyType),
  Pitfall("complex.npy", .npyType),
  Pitfall("text.npy", .npyType),
  Pitfall("nan.npy", .notFinite),
  Pitfall("overflow.npy", .floatOverflow),
  Pitfall("zero.npy", .zeroVector),
  Pitfall("dims-collection.npy", .dimensionsMismatch) {
    $0.dimension = 384
    $0.dimensionOrigin = "collection \"docs\""
  },
  Pitfall("cut.npy", .truncatedFile),
  Pitfall("header-cut.npy", .truncatedFile),
  Pitfall("trailing.npy", .npyShape),
  Pitfall("header-call.npy", .npyHeader),
  Pitfall("header-keys.npy", .npyHeader),
  Pitfall("header-huge-shape.npy", .dimensionsLimit),
  Pitfall("header-overflow.npy", .npyHeader),
  Pitfall("plain.npy", variant: "with ids and metadata", ids: "ids.txt", payload: "payload.jsonl"),
  Pitfall("plain.npy", variant: "with integer ids", ids: "ids.npy") { $0.idType = .int64 },
  Pitfall("plain.npy", .countMismatch, variant: "with too few ids", ids: "ids-short.txt"),
  Pitfall("plain.npy", .countMismatch, variant: "with too many ids", ids: "ids-long.txt"),
  Pitfall("plain.npy", .idEmpty, variant: "with an empty id", ids: "ids-blank.txt"),
  Pitfall("plain.npy", .idFloat, variant: "with float ids", ids: "ids-float.npy"),
  Pitfall("plain.npy", .countMismatch, variant: "with three integer ids", ids: "ids-three.npy"),
  Pitfall("plain.npy", .countMismatch, variant: "with too few objects", payload: "payload-short.jsonl"),
  Pitfall(
    "plain.npy", .payloadNotObject, variant: "with an array as metadata", payload: "payload-array.jsonl"),
  Pitfall("plain.npy", .jsonSyntax, variant: "with broken metadata", payload: "payload-broken.jsonl"),
  // Whole numbers and bits.
  Pitfall("i8-fraction.jsonl", .vectorFraction) { $0.elementType = .i8 },
  Pitfall("i8-range.jsonl", .vectorRange) { $0.elementType = .i8 },
  Pitfall("u8-negative.csv", .vectorRange) { $0.elementType = .u8 },
  Pitfall("u8-columns.csv", .vectorFraction) {
    $0.elementType = .u8
    $0.vectorColumns = "e"
  },
  Pitfall("i8-bytes.jsonl") { $0.elementType = .i8 },
  Pitfall("i8-bytes.jsonl", .vectorEncoding, variant: "as floats"),
  Pitfall("i8-bytes-many.jsonl", .dimensionsMismatch) { $0.elementType = .i8 },
  Pitfall("bit-two.jsonl", .vectorRange) { $0.elementType = .bit },
  Pitfall("bit-packed.jsonl") {
    $0.elementType = .bit
    $0.dimension = 12
    $0.zeroVector = .allow
  },
  Pitfall("bit-packed.jsonl", .dimensionsMismatch, variant: "of an unknown dimension") {
    $0.elementType = .bit
    $0.zeroVector = .allow
  },
  Pitfall("bit-stray.jsonl", .vectorEncoding) {
    $0.elementType = .bit
    $0.dimension = 12
  },
  Pitfall("bit-hex.csv", .vectorEncoding) {
    $0.elementType = .bit
    $0.vectorEncoding = .hex
  },
  Pitfall("bit-hex-cut.csv", .vectorEncoding) { $0.elementType = .bit },
  Pitfall("bool.npy") { $0.elementType = .bit },
  Pitfall("bool.npy", variant: "as floats"),
  Pitfall("bit-packed.npy") {
    $0.elementType = .bit
    $0.dimension = 12
  },
  Pitfall("bit-packed.npy", .vectorRange, variant: "of an unknown dimension") { $0.elementType = .bit },
  Pitfall("bit-packed-stray.npy", .vectorEncoding) {
    $0.elementType = .bit
    $0.dimension = 12
  },
  Pitfall("int8.npy", variant: "as i8") { $0.elementType = .i8 },
  Pitfall("int8.npy", .vectorRange, variant: "as u8") { $0.elementType = .u8 },
  Pitfall("double.npy", .vectorFraction, variant: "as i8") { $0.elementType = .i8 },
  Pitfall("plain.bvecs", variant: "as u8") { $0.elementType = .u8 },
  Pitfall("whole.fvecs", variant: "as i8") {
    $0.elementType = .i8
    $0.zeroVector = .allow
  },
  // Rows with a length each.
  Pitfall("plain.fvecs"),
  Pitfall("plain.bvecs"),
  Pitfall("plain.ivecs"),
  Pitfall("cut.fvecs", .vecsSize),
  Pitfall("mixed.fvecs", .dimensionsMismatch),
  Pitfall("negative.fvecs", .vecsDimension),
  Pitfall("zero-length.fvecs", .vecsDimension),
  Pitfall("huge-length.fvecs", .vecsDimension),
  Pitfall("big-endian.fvecs", .vecsDimension),
  Pitfall("infinite.fvecs", .notFinite),
  Pitfall("tiny.fvecs", .truncatedFile),
  // What is none of these.
  Pitfall("array.npz", .unsupportedFormat),
  Pitfall("table.parquet", .unsupportedFormat),
  Pitfall("table.arrow", .unsupportedFormat),
  Pitfall("data.hdf5", .unsupportedFormat),
  Pitfall("data.jsonl.gz", .unsupportedFormat),
  Pitfall("data.jsonl.zst", .unsupportedFormat),
  Pitfall("renamed.jsonl", .unsupportedFormat),
  Pitfall("vectors.fbin", .unsupportedFormat),
  Pitfall("tool.pt", .unsupportedFormat),
  Pitfall("model.pkl", .npyPickle),
  Pitfall("pointer.jsonl", .gitLFSPointer),
  Pitfall("page.csv", .htmlPage),
  Pitfall("empty.jsonl", .emptyFile),
  Pitfall("conflict.csv", .formatConflict),
  Pitfall("conflict.npy", .formatConflict),
  Pitfall("conflict.jsonl", .formatConflict),
  Pitfall("conflict-stated.npy", .formatConflict, stated: .csv),
  Pitfall("nameless", .unknownFormat),
  Pitfall("nameless", variant: "as stated", stated: .csv),
  Pitfall("nameless-json"),
  Pitfall("array-in-lines.jsonl", .formatConflict),
  Pitfall("array-in-lines.jsonl", variant: "as stated", stated: .json),
  Pitfall("unknown.bin", .unknownFormat),
]

@Test(arguments: pitfalls)
func everyPitfallEndsAsRecorded(_ pitfall: Pitfall) throws {
  let bytes = Pitfall.bytes(pitfall.file)
  let read = pitfall.read(bytes)
  #expect(read.failure?.code == pitfall.code)
  let golden = PackageFolder.path + "/Fixtures/golden/pitfalls/\(pitfall.name.replacing(" ", with: "-")).txt"
  if ProcessInfo.processInfo.environment["VDB_RECORD"] == "1" {
    try read.summary.write(toFile: golden, atomically: false, encoding: .utf8)
  } else {
    #expect(try String(contentsOfFile: golden, encoding: .utf8) == read.summary)
  }
  // The same on several threads and in pieces.
  #expect(pitfall.read(bytes, threads: 3).summary == read.summary)
}

@Test func everyPitfallFileIsInTheTableAndEveryRecordingInUse() throws {
  let used = Set(pitfalls.flatMap { [$0.file, $0.ids, $0.payload].compactMap { $0 } })
  let files = try FileManager.default.contentsOfDirectory(atPath: Pitfall.folder)
  #expect(Set(files) == used)
  guard ProcessInfo.processInfo.environment["VDB_RECORD"] != "1" else { return }
  let golden = try FileManager.default.contentsOfDirectory(
    atPath: PackageFolder.path + "/Fixtures/golden/pitfalls")
  #expect(Set(golden) == Set(pitfalls.map { $0.name.replacing(" ", with: "-") + ".txt" }))
  #expect(Set(pitfalls.map(\.name)).count == pitfalls.count)
}

@Test func theErrorForAFolderNamesIt() {
  #expect(FormatDetection.folder("docs").description == "docs: expected a file, found a folder")
}
