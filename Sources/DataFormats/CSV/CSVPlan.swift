import FileStorage

/// What becomes of each column of a table.
struct CSVPlan: Sendable {
  enum Role: Equatable, Sendable {
    case id
    /// The whole vector in one cell.
    case vector
    /// One number of the vector.
    case element(Int)
    /// One field of the metadata, by its place in `fields`.
    case field(Int)
    /// The metadata as one JSON object.
    case payload
    /// Left out, as asked.
    case ignored
    /// A column without a name at the end: delimiters behind the last cell. Must be empty.
    case void
  }

  /// A field of the metadata. Fields stand in the order of canonical JSON.
  struct Field: Equatable, Sendable {
    let name: String
    /// The name in JSON with a colon behind it.
    let key: [UInt8]
    let cast: ReadOptions.Cast
    let isCast: Bool
  }

  let header: [String]
  let roles: [Role]
  let fields: [Field]
  /// The column of each number of the vector; empty where one cell holds it all.
  let elements: [Int]
  let idColumn: Int?
  let vectorColumn: Int?
  let payloadColumn: Int?
  /// The column of each field.
  let fieldColumns: [Int]

  var hasVector: Bool { vectorColumn != nil || !elements.isEmpty }

  /// Decides by names and options.
  ///
  /// - Parameters:
  ///   - header: The columns' names, in order.
  ///   - line: The header's line, for messages.
  init(header: [String], file: String, line: UInt64, options: ReadOptions) throws(FormatError) {
    self.header = header
    var taken = CSVHeader(header: header, file: file, line: line, options: options)
    try taken.checkNames()
    try taken.takeID()
    try taken.takeVector()
    try taken.takePayload()
    try taken.takeFields()
    roles = taken.roles.map { $0 ?? .ignored }
    fields = taken.fields
    elements = taken.elements
    idColumn = roles.firstIndex(of: .id)
    vectorColumn = roles.firstIndex(of: .vector)
    payloadColumn = roles.firstIndex(of: .payload)
    fieldColumns = taken.fieldColumns
  }
}

/// The work of finding the columns' roles, one kind after another.
struct CSVHeader {
  let header: [String]
  let file: String
  let line: UInt64
  let options: ReadOptions
  var roles: [CSVPlan.Role?]
  var fields: [CSVPlan.Field] = []
  var fieldColumns: [Int] = []
  var elements: [Int] = []

  init(header: [String], file: String, line: UInt64, options: ReadOptions) {
    self.header = header
    self.file = file
    self.line = line
    self.options = options
    roles = [CSVPlan.Role?](repeating: nil, count: header.count)
  }

  private func failure(
    _ code: FormatErrorCode, column: String? = nil, _ expected: String, _ found: String, hint: String? = nil
  ) -> FormatError {
    FormatError(code, file: file, line: line, column: column, expected: expected, found: found, hint: hint)
  }

  /// Refuses names that are empty, except of the last columns, or stand twice.
  mutating func checkNames() throws(FormatError) {
    var named = header.count
    while named > 0, header[named - 1].isEmpty {
      named -= 1
      roles[named] = .void
    }
    var seen: [String: Int] = [:]
    for (index, name) in header[..<named].enumerated() {
      guard !name.isEmpty else {
        throw failure(
          .csvHeader, "a name for every column", "no name in column \(index + 1)",
          hint: index == 0 ? "pandas writes its row index so; write the file with index=False" : nil)
      }
      if let first = seen.updateValue(index, forKey: name) {
        throw failure(
          .csvHeader, column: name, "each column name once",
          "the name in columns \(first + 1) and \(index + 1)")
      }
    }
  }

  private func index(of name: String) -> Int? { header.firstIndex(of: name) }

  private var list: String {
    let shown = header.prefix(8).map { Excerpt.quoted(Array($0.utf8)[...], limit: 24) }.joined(
      separator: ", ")
    return "the columns \(shown)" + (header.count > 8 ? " and \(header.count - 8) more" : "")
  }

  private func missing(_ code: FormatErrorCode, _ name: String, _ hint: String) -> FormatError {
    let similar = header.first { $0.lowercased() == name.lowercased() }
    return failure(
      code, column: name, "a column \"\(name)\"", list,
      hint: similar.map { "names are compared letter by letter; did you mean \"\($0)\"?" } ?? hint)
  }

  mutating func takeID() throws(FormatError) {
    guard options.idSource == .field else { return }
    if let name = options.idField {
      guard let column = index(of: name) else {
        throw missing(.columnMissing, name, "name the column of the ids with --id-field")
      }
      roles[column] = .id
    } else {
      guard let column = options.hasHeader ? index(of: "id") : 0 else {
        throw missing(
          .idMissing, "id",
          "name the column of the ids with --id-field, or number the rows with --id-from row")
      }
      roles[column] = .id
    }
  }

  mutating func takeVector() throws(FormatError) {
    if let text = options.vectorColumns {
      guard let names = VectorColumnNames(text) else {
        throw failure(
          .options, column: text, "vector columns such as e{0..383}, x,y,z or e", "something else",
          hint: "the first and the last number stand in braces, with two points between them")
      }
      let (found, missing) = names.columns(in: header)
      if let missing {
        throw failure(
          found.isEmpty ? .columnMissing : .columnGap, column: missing, "all columns of \(text)",
          found.isEmpty ? list : "no column \"\(missing)\"",
          hint: found.isEmpty ? CSVHeader.guessHint(header) : "a number of the vector would be missing")
      }
      for (number, column) in found.enumerated() {
        guard roles[column] == nil else {
          throw failure(.options, column: header[column], "one use of each column", "id and vector")
        }
        roles[column] = .element(number)
      }
      elements = found
      return
    }
    let column: Int?
    if let name = options.vectorField {
      column = index(of: name)
      if column == nil {
        throw missing(.columnMissing, name, "name the column of the vectors with --vector-field")
      }
    } else if options.hasHeader {
      column = index(of: "vector") ?? index(of: "embedding")
    } else {
      column = header.indices.first { roles[$0] == nil }
    }
    guard let column else {
      if options.vectorIsOptional { return }
      throw missing(
        .vectorMissing, "vector",
        CSVHeader.guessHint(header) ?? "name the column of the vectors with --vector-field")
    }
    guard roles[column] == nil else {
      throw failure(.options, column: header[column], "one use of each column", "id and vector")
    }
    roles[column] = .vector
  }

  private static func guessHint(_ header: [String]) -> String? {
    VectorColumnNames.guess(header).map {
      "if the numbers stand in columns of their own: --vector-columns '\($0)'"
    }
  }

  mutating func takePayload() throws(FormatError) {
    let column: Int
    if let name = options.payloadField {
      guard let found = index(of: name) else {
        throw missing(.columnMissing, name, "name the column of the JSON objects with --payload-field")
      }
      column = found
    } else {
      // Columns that are chosen by name, or cast, are fields like others.
      guard options.payload == .all, options.hasHeader,
        let found = index(of: "payload") ?? index(of: "metadata"), options.casts[header[found]] == nil
      else { return }
      column = found
    }
    guard roles[column] == nil else {
      throw failure(.options, column: header[column], "one use of each column", "payload and another")
    }
    roles[column] = .payload
    if let stray = roles.firstIndex(of: nil) {
      throw failure(
        .strayField, column: header[stray],
        "no further fields, because column \"\(header[column])\" holds the metadata", "a column beside it",
        hint: "take columns as fields with --payload-fields, or keep \"\(header[column])\" as one field with "
          + "--cast \(header[column])=json")
    }
  }

  mutating func takeFields() throws(FormatError) {
    for name in options.casts.keys.sorted() where index(of: name) == nil {
      throw missing(.columnMissing, name, "--cast names a column that is not there")
    }
    let isWanted: (String) -> Bool
    switch options.payload {
    case .all: isWanted = { _ in true }
    case .nothing: isWanted = { _ in false }
    case .only(let names):
      for name in names where index(of: name) == nil {
        throw missing(.columnMissing, name, "--payload-fields names a column that is not there")
      }
      isWanted = { names.contains($0) }
    case .except(let names): isWanted = { !names.contains($0) }
    }
    var columns = header.indices.filter { roles[$0] == nil && isWanted(header[$0]) }
    columns.sort { header[$0].utf8.lexicographicallyPrecedes(header[$1].utf8) }
    fieldColumns = columns
    for (place, column) in columns.enumerated() {
      roles[column] = .field(place)
      var key: [UInt8] = []
      JSONWriter.appendQuoted(header[column], to: &key)
      key.append(UInt8(ascii: ":"))
      fields.append(
        CSVPlan.Field(
          name: header[column], key: key, cast: options.casts[header[column]] ?? .string,
          isCast: options.casts[header[column]] != nil))
    }
  }
}
