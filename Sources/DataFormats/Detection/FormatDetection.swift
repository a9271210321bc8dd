import FileStorage

/// Finds out what a source holds, by its first bytes and then its name.
package enum FormatDetection {
  /// What the first bytes say.
  private enum Evidence {
    /// One of the formats that are read here, and what was seen.
    case format(RecordFormat, String)
    /// Text without a sign of its own: delimited text, by the name.
    case text
    /// Bytes without a sign of their own: vectors, by the name.
    case binary
  }

  /// Chooses the format of a source.
  ///
  /// A stated format wins over the name and over signs in text, never over the signature of a binary file.
  ///
  /// - Parameters:
  ///   - name: The source's name, `-` for the standard input.
  ///   - head: The first bytes, up to 4 KiB.
  ///   - stated: The format that the user asked for.
  /// - Returns: The format to read the source as.
  /// - Throws: `format-conflict`, `unsupported-format`, `git-lfs-pointer`, `html-page`, `empty-file`,
  ///   `unknown-format`, `encoding`.
  package static func format(
    name: String, head: [UInt8], stated: RecordFormat? = nil
  ) throws(FormatError) -> RecordFormat {
    guard !head.isEmpty else {
      if name == "-", let stated { return stated }
      throw FormatError(
        .emptyFile, file: name, expected: "records", found: "an empty file",
        hint: "an interrupted download or an export of nothing leaves such a file")
    }
    try refuseForeignFormats(name, head)
    let byName = formatOfName(name)
    if stated == nil, ["fbin", "u8bin", "i8bin", "hvecs"].contains(ending(name)) {
      throw unsupported(
        name, "a .\(ending(name)) file", "convert it to .npy or .fvecs with a few lines of numpy")
    }
    switch evidence(head) {
    case .format(let found, let sign):
      if let stated, !conflicts(stated, found) { return stated == .json ? stated : agreed(stated, found) }
      if let stated {
        guard found != .npy, stated != .npy, !stated.isVectorFile else {
          throw conflict(name, stated, found, sign)
        }
        return stated
      }
      guard let byName else { return found }
      guard !conflicts(byName, found) else { throw conflict(name, byName, found, sign) }
      return agreed(byName, found)
    case .text:
      guard let chosen = stated ?? byName else {
        throw FormatError(
          .unknownFormat, file: name, expected: "a format that can be told from the name or the first bytes",
          found: "text beginning with \(excerpt(head))",
          hint: "name the format: --from csv, tsv, jsonl or json")
      }
      guard chosen != .npy else {
        throw conflict(name, .npy, nil, "text beginning with \(excerpt(head))")
      }
      return chosen
    case .binary:
      guard let chosen = stated ?? byName else {
        throw FormatError(
          .unknownFormat, file: name, expected: "a format that can be told from the name or the first bytes",
          found: "bytes beginning with \(hexadecimal(head))",
          hint: "name the format: --from npy, fvecs, bvecs or ivecs")
      }
      guard chosen.isVectorFile || looksLikeUTF16(head) else {
        throw conflict(name, chosen, nil, "bytes beginning with \(hexadecimal(head))")
      }
      return chosen
    }
  }

  /// The error for a folder where a file was wanted.
  package static func folder(_ name: String) -> FormatError {
    FormatError(
      .isFolder, file: name, expected: "a file", found: "a folder",
      hint: "name the files in it, one after another")
  }

  /// The format that a name's ending stands for; nil where it says nothing.
  static func formatOfName(_ name: String) -> RecordFormat? {
    switch ending(name) {
    case "jsonl", "ndjson": return .jsonLines
    case "json": return .json
    case "csv": return .csv
    case "tsv", "tab": return .tsv
    case "npy": return .npy
    case "fvecs": return .fvecs
    case "bvecs": return .bvecs
    case "ivecs": return .ivecs
    default: return nil
    }
  }

  private static func ending(_ name: String) -> String {
    guard let last = name.split(separator: "/").last, let dot = last.lastIndex(of: "."), dot > last.startIndex
    else { return "" }
    return last[last.index(after: dot)...].lowercased()
  }

  private static func evidence(_ head: [UInt8]) -> Evidence {
    if head.starts(with: [0x93] + Array("NUMPY".utf8)) {
      return .format(.npy, "the signature of a .npy file")
    }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { return .text }
    let body = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head[3...] : head[...]
    // A stray control character is text; numbers in binary have many.
    if body.count(where: { $0 < 0x20 && $0 != 9 && $0 != 10 && $0 != 12 && $0 != 13 }) * 10 > body.count {
      return .binary
    }
    switch body.first(where: { $0 != 0x20 && $0 != 9 && $0 != 10 && $0 != 13 }) {
    case UInt8(ascii: "["): return .format(.json, "\"[\", the start of a JSON array")
    case UInt8(ascii: "{"): return .format(.jsonLines, "\"{\", the start of a JSON object")
    default: break
    }
    return .text
  }

  /// Whether the name (or the user) and the first bytes cannot both be right.
  private static func conflicts(_ claimed: RecordFormat, _ found: RecordFormat) -> Bool {
    if claimed == found { return false }
    // A file of objects, one a line, is often named .json.
    return !(claimed == .json && found == .jsonLines)
  }

  private static func agreed(_ claimed: RecordFormat, _ found: RecordFormat) -> RecordFormat {
    claimed == .json && found == .jsonLines ? .jsonLines : claimed
  }

  private static func conflict(
    _ name: String, _ claimed: RecordFormat, _ found: RecordFormat?, _ sign: String
  ) -> FormatError {
    let hint = found.map { "if the contents are right: --from \($0.rawValue)" }
    return FormatError(
      .formatConflict, file: name, byteOffset: 0, expected: "\(claimed.title), as the name or --from says",
      found: sign, hint: hint)
  }

  private static func looksLikeUTF16(_ head: [UInt8]) -> Bool {
    guard head.count >= 4 else { return false }
    return (head[0] == 0) != (head[1] == 0) && (head[2] == 0) != (head[3] == 0)
      && (head[0] == 0) == (head[2] == 0)
  }
}

extension FormatDetection {
  /// First bytes, what such a file is, and what to do with it.
  private static let foreign: [(offset: Int, bytes: [UInt8], what: String, remedy: String)] = [
    (
      0, Array("PAR1".utf8), "a Parquet file",
      "write it as JSON Lines or CSV, with pandas or DuckDB for example"
    ),
    (0, Array("ARROW1".utf8), "an Arrow IPC file", "write it as JSON Lines or CSV, with pyarrow for example"),
    (
      0, [0xFF, 0xFF, 0xFF, 0xFF], "an Arrow IPC stream",
      "write it as JSON Lines or CSV, with pyarrow for example"
    ),
    (
      0, [0x89] + Array("HDF\r\n".utf8) + [0x1A, 10], "an HDF5 file",
      "save its data set with numpy.save as a .npy file"
    ),
    (
      0, [0x1F, 0x8B, 8], "a gzip file",
      "unpack it on the way: gzip -dc FILE | vdb import COLLECTION - --from jsonl"
    ),
    (
      0, [0x28, 0xB5, 0x2F, 0xFD], "a Zstandard file",
      "unpack it on the way: zstd -dc FILE | vdb import COLLECTION - --from jsonl"
    ),
    (0, Array("BZh".utf8), "a bzip2 file", "unpack it on the way: bzip2 -dc FILE | vdb import COLLECTION -"),
    (
      0, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "an xz file",
      "unpack it on the way: xz -dc FILE | vdb import COLLECTION -"
    ),
    (
      0, [0x04, 0x22, 0x4D, 0x18], "an LZ4 file",
      "unpack it on the way: lz4 -dc FILE | vdb import COLLECTION -"
    ),
    (0, Array("SQLite format 3\0".utf8), "an SQLite database", "export the table as CSV or JSON Lines"),
    (0, Array("Obj\u{1}".utf8), "an Avro file", "write it as JSON Lines"),
    (0, Array("ORC".utf8), "an ORC file", "write it as JSON Lines or CSV"),
    (0, Array("%PDF-".utf8), "a PDF document", "import needs vectors; compute them from the text first"),
    (257, Array("ustar".utf8), "a tar archive", "unpack it and import the files in it"),
  ]

  private static func refuseForeignFormats(_ name: String, _ head: [UInt8]) throws(FormatError) {
    if head.starts(with: Array("version https://git-lfs.github.com".utf8)) {
      throw FormatError(
        .gitLFSPointer, file: name, byteOffset: 0, expected: "records",
        found: "a Git LFS pointer, not the data it points to",
        hint: "run git lfs pull in the repository that the file came from")
    }
    if head.starts(with: Array("PK\u{3}\u{4}".utf8)) {
      switch ending(name) {
      case "npz":
        throw unsupported(
          name, "a .npz file of several arrays", "save one array with numpy.save as a .npy file")
      case "xlsx", "ods": throw unsupported(name, "a spreadsheet", "save it as CSV in UTF-8")
      case "pt", "pth":
        throw unsupported(name, "a PyTorch file", "save the tensor with numpy.save as a .npy file")
      default:
        throw unsupported(name, "a zip archive", "unpack it; save an array of a .npz file with numpy.save")
      }
    }
    // A zero in third place would be the length of a vector, such as 640.
    if head.count >= 3, head[0] == 0x80, (2...5).contains(head[1]), head[2] != 0 {
      throw FormatError(
        .npyPickle, file: name, byteOffset: 0, expected: "records",
        found: "a Python pickle, which can run code when it is read", hint: "save the array with numpy.save")
    }
    let isPlain = !head.contains { $0 < 0x20 && $0 != 9 && $0 != 10 && $0 != 13 }
    for known in foreign where head.dropFirst(known.offset).starts(with: known.bytes) {
      // A header line of text may begin with the letters of a signature.
      if isPlain, known.bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { continue }
      throw unsupported(name, known.what, known.remedy)
    }
    let body = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head[3...] : head[...]
    if body.first(where: { $0 > 0x20 }) == UInt8(ascii: "<"), !body.contains(0) {
      throw FormatError(
        .htmlPage, file: name, byteOffset: 0, expected: "records",
        found: "a page of HTML or XML beginning with \(excerpt(Array(body)))",
        hint: "the download probably gave a page instead of the file")
    }
  }

  private static func unsupported(_ name: String, _ what: String, _ remedy: String) -> FormatError {
    FormatError(
      .unsupportedFormat, file: name, byteOffset: 0,
      expected: "JSON Lines, JSON, CSV, TSV, .npy, .fvecs, .bvecs or .ivecs", found: what, hint: remedy)
  }

  private static func excerpt(_ head: [UInt8]) -> String { Excerpt.quoted(head[...], limit: 24) }

  private static func hexadecimal(_ head: [UInt8]) -> String {
    head.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension RecordFormat {
  /// The format's name in a sentence.
  package var title: String {
    switch self {
    case .jsonLines: "JSON Lines"
    case .json: "a JSON array"
    case .csv: "CSV"
    case .tsv: "TSV"
    case .npy: "a .npy file"
    case .fvecs: "a .fvecs file"
    case .bvecs: "a .bvecs file"
    case .ivecs: "an .ivecs file"
    }
  }

  /// Whether the format is vectors with a length each, without a signature.
  package var isVectorFile: Bool {
    switch self {
    case .fvecs, .bvecs, .ivecs: true
    case .jsonLines, .json, .csv, .tsv, .npy: false
    }
  }

  /// Whether the format is text.
  package var isText: Bool {
    switch self {
    case .jsonLines, .json, .csv, .tsv: true
    case .npy, .fvecs, .bvecs, .ivecs: false
    }
  }
}
