import FileStorage
import MetadataFilters
import VectorMath

/// What the options say about the fields of a JSON record.
struct RecordShape: Sendable {
  /// What a field is used for; one bit each.
  struct Roles: OptionSet, Sendable {
    let rawValue: UInt8
    static let id = Roles(rawValue: 1)
    static let vector = Roles(rawValue: 2)
    /// `embedding`, which is the vector when there is no `vector`.
    static let embedding = Roles(rawValue: 4)
    static let payload = Roles(rawValue: 8)
    /// `metadata`, which is the payload when there is no `payload`.
    static let metadata = Roles(rawValue: 16)
  }

  /// A path with its use.
  struct Field: Sendable {
    let role: Roles
    let path: FieldPath
  }

  /// Where the fields that are not metadata stand.
  let fields: [Field]
  /// All roles that have a path.
  let roles: Roles
  /// The vector's name for messages.
  let vectorName: String
  /// The identifier's name for messages.
  let idName: String
  let idType: IDType
  let idSource: ReadOptions.IDSource
  let idPrefix: [UInt8]
  let vectorEncoding: ReadOptions.VectorEncoding
  let elementType: ElementType
  let vectorIsOptional: Bool
  /// Metadata names that are kept, or left out.
  ///
  /// See `keepsListed`. Nil keeps all.
  let listedNames: [[UInt8]]?
  let keepsListed: Bool
  let rules: VectorRules
  /// Numbers to keep of each vector, when it must be cut.
  let truncatedDimension: Int?
  let dimensionOrigin: String?
  let maximumDimension: Int
  let maximumRecordBytes: Int

  /// Checks the options that concern JSON records.
  init(_ options: ReadOptions, file: String) throws(FormatError) {
    var fields: [Field] = []
    func add(_ role: Roles, _ option: String, _ text: String) throws(FormatError) {
      guard let path = FieldPath(text) else {
        throw FormatError(
          .options, file: file, column: option,
          expected: "a path such as id, doc.id or response.body.data[0].embedding", found: "\"\(text)\"",
          hint: "write names that hold dots or brackets in double quotes")
      }
      for other in fields
      where other.path.steps.starts(with: path.steps) || path.steps.starts(with: other.path.steps) {
        // An identifier or a vector may lie in the payload; it is taken out of it.
        let holdsOther =
          !role.isDisjoint(with: [.payload, .metadata]) && path.steps.count < other.path.steps.count
        guard !holdsOther else { continue }
        throw FormatError(
          .options, file: file, column: option, expected: "a field apart from \"\(other.path.text)\"",
          found: "\"\(text)\"")
      }
      fields.append(Field(role: role, path: path))
    }
    // Named fields first, so that a default name that was given another use is free for it.
    if options.idSource == .field, let text = options.idField { try add(.id, "--id-field", text) }
    if let text = options.vectorField { try add(.vector, "--vector-field", text) }
    if let text = options.payloadField { try add(.payload, "--payload-field", text) }
    let taken = fields
    func addDefault(_ role: Roles, _ name: String) throws(FormatError) {
      guard !taken.contains(where: { $0.path.steps == [.key(Array(name.utf8))] }) else { return }
      try add(role, name, name)
    }
    if options.idSource == .field, options.idField == nil { try addDefault(.id, "id") }
    if options.vectorField == nil {
      try addDefault(.vector, "vector")
      try addDefault(.embedding, "embedding")
    }
    if options.payloadField == nil {
      try addDefault(.payload, "payload")
      try addDefault(.metadata, "metadata")
    }
    self.fields = fields
    roles = fields.reduce(into: []) { $0.formUnion($1.role) }
    vectorName = options.vectorField ?? "vector"
    idName = options.idField ?? "id"
    idType = options.idType
    idSource = options.idSource
    idPrefix = Array(options.idPrefix.utf8)
    vectorEncoding = options.vectorEncoding
    elementType = options.elementType
    vectorIsOptional = options.vectorIsOptional
    switch options.payload {
    case .all: (listedNames, keepsListed) = (nil, false)
    case .only(let names): (listedNames, keepsListed) = (names.map { Array($0.utf8) }, true)
    case .except(let names): (listedNames, keepsListed) = (names.map { Array($0.utf8) }, false)
    case .nothing: (listedNames, keepsListed) = ([], true)
    }
    rules = VectorRules(options)
    truncatedDimension = options.truncatedDimension
    dimensionOrigin = options.dimensionOrigin
    maximumDimension = options.maximumDimension
    maximumRecordBytes = options.maximumRecordBytes
    if options.vectorIsOptional, options.dimension == nil, options.truncatedDimension == nil {
      throw FormatError(
        .options, file: file, column: "--dims", expected: "the dimension, as vectors may be absent",
        found: "none")
    }
  }

  /// Whether a metadata name is kept.
  @inline(__always)
  func keeps(_ key: JSONText, _ scanner: JSONScanner) -> Bool {
    guard let listedNames else { return true }
    for name in listedNames where scanner.matches(key, name) { return keepsListed }
    return !keepsListed
  }
}
