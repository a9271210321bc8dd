package import MetadataFilters
package import VectorMath

/// The formats of record files.
package enum RecordFormat: String, Sendable, CaseIterable {
  case jsonLines = "jsonl"
  case json
  case csv
  case tsv
  case npy
  case fvecs
  case bvecs
  case ivecs
}

/// How records are read from a source; the same for all formats, each uses what concerns it.
package struct ReadOptions: Sendable {
  /// Where identifiers come from.
  package enum IDSource: Equatable, Sendable {
    /// A field of the record: `idField`.
    case field
    /// The record's number from 0; its decimal text for string ids.
    case row
    /// A random UUID; its text for string ids.
    case uuid
    /// The first 16 bytes of the SHA-256 of vector and metadata: a UUID, its text, or 63 bits of it.
    case hash
  }

  /// What happens to a row that holds NaN or an infinite number.
  package enum NotFiniteRule: Equatable, Sendable { case reject, skip }

  /// What happens to a row whose vector is all zeros.
  ///
  /// The caller chooses `allow` unless the metric is cosine.
  package enum ZeroVectorRule: Equatable, Sendable { case reject, allow }

  /// How a vector in one text field is spelled.
  package enum VectorEncoding: String, Sendable, CaseIterable {
    /// An array, a text that holds an array, or base64.
    case auto
    case json, list, base64, hex
  }

  /// Which fields become metadata.
  package enum PayloadSelection: Equatable, Sendable {
    case all
    case only([String])
    case except([String])
    case nothing
  }

  /// The type that a text cell is turned into.
  package enum Cast: String, Sendable, CaseIterable { case int, float, bool, json, string }

  /// The character encoding of text sources; nil finds it by the byte-order mark, else UTF-8.
  package enum TextEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    case utf16 = "utf-16"
    case latin1
  }

  /// Numbers in each vector; nil takes the first record's.
  package var dimension: Int?
  /// Named in messages about the dimension, such as `collection "docs" (model bge-small-en)`.
  package var dimensionOrigin: String?
  /// What the vectors are stored as.
  ///
  /// Vectors of i8, u8 and bits must hold numbers of the type; base64 and hexadecimal then spell their bytes, otherwise f32.
  package var elementType: ElementType = .f32
  /// The type of the identifiers.
  package var idType: IDType = .string
  /// Where identifiers come from.
  package var idSource: IDSource = .field
  /// Put before every identifier of a string collection.
  package var idPrefix = ""
  /// Path of the identifier; nil means `id`.
  package var idField: String?
  /// Path of the vector; nil means `vector`, or else `embedding`.
  package var vectorField: String?
  /// Path of the payload object; nil means `payload`, or else `metadata`.
  package var payloadField: String?
  /// Numbered vector columns of a table, such as `e{0..383}`.
  package var vectorColumns: String?
  /// How a vector in one field is spelled.
  package var vectorEncoding: VectorEncoding = .auto
  /// Whether a record may lack its vector.
  package var vectorIsOptional = false
  /// Which fields become metadata.
  package var payload: PayloadSelection = .all
  /// Casts of table cells, by column.
  package var casts: [String: Cast] = [:]
  /// What happens to a row that holds NaN or an infinite number.
  package var notFinite: NotFiniteRule = .reject
  /// What happens to a row whose vector is all zeros.
  package var zeroVector: ZeroVectorRule = .reject
  /// Keeps only the first numbers of each vector.
  package var truncatedDimension: Int?
  /// Scales each vector to length 1.
  package var normalizes = false
  /// The delimiter of a table; nil finds it by the format.
  package var delimiter: UInt8?
  /// Whether a table begins with names.
  package var hasHeader = true
  /// The character encoding of text sources; nil finds it by the byte-order mark, else UTF-8.
  package var encoding: TextEncoding?
  /// Records left out at the start.
  package var skip: UInt64 = 0
  /// Most records delivered; nil delivers all.
  package var limit: UInt64?
  /// The most numbers a vector may have.
  package var maximumDimension = 65_536
  /// The longest line or array element in bytes.
  package var maximumRecordBytes = 64 << 20
  /// Bytes that one thread parses at a time; tests use small values.
  package var blockBytes = 2 << 20
  /// The file of identifiers beside a file of bare vectors, one a line.
  package var idsSource: (any ByteSource)?
  /// The file of metadata objects beside a file of bare vectors, one JSON object a line.
  package var payloadSource: (any ByteSource)?

  /// Options that take everything as it comes.
  package init() {}
}
