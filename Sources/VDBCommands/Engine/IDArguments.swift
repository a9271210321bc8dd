import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters

/// The ids that a command names, as operands or in a file, one after another.
struct IDArguments {
  private enum Contents {
    case words([String])
    case list(IDListReader)
  }

  private var contents: Contents
  private var position = 0
  private let type: IDType

  /// Takes ids from words of the command line.
  init(_ words: [String], type: IDType) {
    contents = .words(words)
    self.type = type
  }

  /// Reads ids from a file, one a line; "-" is standard input.
  ///
  /// - Throws: status 6 when there is no such file.
  init(path: String, type: IDType, _ context: CommandContext) throws(CommandFailure) {
    if path == "-" { try context.requireStandardInput() }
    let source = try files { () throws(FileError) in try InputSource(path) }
    contents = .list(try records { () throws(FormatError) in try IDListReader(source, type: type) })
    self.type = type
  }

  /// The ids of the file that `option` names, or else `words`.
  init(_ words: [String], orFrom option: Option, type: IDType, _ context: CommandContext)
    throws(CommandFailure)
  {
    if let path = context.arguments.text(option) {
      try self.init(path: path, type: type, context)
    } else {
      self.init(words, type: type)
    }
  }

  /// The next id; nil at the end.
  ///
  /// - Throws: status 2 for a word that is no id of the collection's type, 4 for such a line.
  mutating func next() throws(CommandFailure) -> RecordID? {
    switch contents {
    case .words(let words):
      guard position < words.count else { return nil }
      defer { position += 1 }
      return try IDArguments.parse(words[position], type: type)
    case .list(var reader):
      contents = .words([])
      defer { contents = .list(reader) }
      return try records { () throws(FormatError) in try reader.next() }
    }
  }

  /// All ids that are left.
  mutating func all() throws(CommandFailure) -> [RecordID] {
    var ids: [RecordID] = []
    while let id = try next() {
      ids.append(id)
    }
    return ids
  }

  /// Reads one word of the command line.
  static func parse(_ word: String, type: IDType) throws(CommandFailure) -> RecordID {
    do throws(IDError) {
      return try RecordID.parse(text: word, type: type)
    } catch {
      throw CommandFailure(
        .usage, code: error.code.rawValue,
        "the id '\(word)': expected \(error.expected), found \(error.found)",
        hint: error.hint)
    }
  }
}
