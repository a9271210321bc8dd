/// Help texts for a terminal, made from the table.
package struct Help {
  private let table: CommandTable
  private let columns: Int
  /// Lines that the short help may have.
  private static let shortLimit = 25

  /// Makes a writer of help.
  ///
  /// - Parameters:
  ///   - table: What is described.
  ///   - columns: The width; texts are wrapped to at most 100 columns.
  package init(_ table: CommandTable, columns: Int) {
    self.table = table
    self.columns = min(max(columns, 20), 100)
  }

  /// Help of the program: description, examples, commands by group; with `isLong` also options, environment and statuses.
  package func program(isLong: Bool) -> String {
    var lines = ["\(table.program) - \(table.summary)", ""]
    if isLong {
      for paragraph in table.description { lines += wrapped(paragraph) + [""] }
    }
    for example in table.examples { lines += ["  " + example.line] }
    lines += ["", "usage: \(table.program) [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]", ""]
    let groupWidth = (table.groups.map(\.count).max() ?? 0) + 2
    for group in table.groups {
      let members = table.commands.filter { $0.group == group }
      if isLong {
        lines.append(group + ":")
        lines += entries(members.map { ($0.name, $0.summary) })
        lines.append("")
      } else {
        lines += hanging(group, members.map(\.name).joined(separator: " "), at: groupWidth)
      }
    }
    if isLong {
      lines.append("Options of every command:")
      lines += entries(table.globalOptions.map { ($0.label, full($0)) })
      lines += ["", "Environment:"] + entries(table.environment)
      lines += ["", "Exit status:"] + entries(table.exitNotes.map { (String($0.status), $0.when) })
      if !table.closing.isEmpty { lines += [""] + table.closing }
    } else {
      lines += ["", "See '\(table.program) COMMAND -h' and '\(table.program) help COMMAND'."]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// At most 25 lines: an example, the usage, and as many options as fit, the most useful first.
  package func short(_ command: Command) -> String {
    var lines = ["\(table.program) \(command.name) - \(command.summary)", ""]
    if let example = command.examples.first { lines += ["  " + example.line, ""] }
    lines += hanging("usage:", usage(command), at: 7) + [""]
    let rows =
      command.options.map { ($0.label, $0.summary) } + command.sharedOptions.map { ($0.label, $0.summary) }
    let all = rows + table.globalOptions.map { ($0.label, $0.summary) }
    let operandRows = command.operands.map { ($0.name, $0.summary) }
    if !operandRows.isEmpty { lines += entries(operandRows) + [""] }
    let ending = "'\(table.program) help \(command.name)' says more"
    var shown = rows.count
    while shown > 0, lines.count + entries(Array(rows.prefix(shown))).count + 2 > Self.shortLimit {
      shown -= 1
    }
    lines += entries(Array(rows.prefix(shown)))
    let hidden = all.count - shown
    lines += ["", "\(ending) and lists \(hidden) more option\(hidden == 1 ? "" : "s")."]
    return lines.joined(separator: "\n") + "\n"
  }

  /// Everything about a command.
  package func long(_ command: Command) -> String {
    var lines = ["\(table.program) \(command.name) - \(command.summary)", ""]
    lines += hanging("usage:", usage(command), at: 7)
    if !command.aliases.isEmpty { lines.append("alias: " + command.aliases.joined(separator: ", ")) }
    lines.append("")
    for paragraph in command.description { lines += wrapped(paragraph) + [""] }
    lines.append("Examples:")
    for example in command.examples { lines += wrapped(example.note, indent: 2) + ["    " + example.line] }
    lines.append("")
    if !command.operands.isEmpty {
      lines += ["Arguments:"] + entries(command.operands.map { ($0.name, $0.summary) }) + [""]
    }
    let groups = [
      ("Options:", command.options), ("Options shared with other commands:", command.sharedOptions),
      ("Options of every command:", table.globalOptions),
    ]
    for (title, options) in groups where !options.isEmpty {
      lines += [title] + entries(options.map { ($0.label, full($0)) }) + [""]
    }
    for sentence in ruleSentences(command) { lines += wrapped(sentence) }
    if !ruleSentences(command).isEmpty { lines.append("") }
    lines += ["Exit status:"] + entries(command.exitNotes.map { (String($0.status), $0.when) })
    if !command.seeAlso.isEmpty {
      lines += [""] + hanging("See also:", command.seeAlso.joined(separator: ", "), at: 10)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The lines below the sentence of a usage error: the option's help line, the usage, where to read more.
  package func afterUsageError(_ failure: UsageFailure) -> [String] {
    var lines: [String] = []
    if let option = failure.error.option { lines += entries([(option.label, option.summary)]) }
    if let command = failure.command {
      lines += hanging("usage:", usage(command), at: 7)
      lines.append("See '\(table.program) \(command.name) --help'.")
    } else {
      lines.append("See '\(table.program) --help'.")
    }
    return lines
  }

  /// Sentences for exclusive groups and dependencies.
  package func ruleSentences(_ command: Command) -> [String] {
    func spelling(_ member: String) -> String {
      command.operands.contains { $0.name == member } ? member : "--" + member
    }
    func list(_ names: [String], _ word: String) -> String {
      let all = names.map(spelling)
      guard let last = all.last, all.count > 1 else { return all.first ?? "" }
      return all.dropLast().joined(separator: ", ") + " \(word) " + last
    }
    var sentences: [String] = []
    for group in command.exclusiveGroups {
      sentences.append(
        group.isRequired
          ? "Exactly one of \(list(group.members, "and")) is needed."
          : "At most one of \(list(group.members, "and")) may be given.")
    }
    for dependency in command.dependencies {
      sentences.append("\(spelling(dependency.option)) needs \(list(dependency.needsOneOf, "or")).")
    }
    return sentences
  }

  /// Usage with the required options spelled out.
  private func usage(_ command: Command) -> String {
    let required = command.options.filter(\.isRequired).map(\.synopsis)
    return ([table.program, command.name, "[OPTIONS]"] + required + command.operands.map(\.synopsis))
      .joined(separator: " ")
  }

  /// Summary, default, environment, negation and details as one text.
  private func full(_ option: Option) -> String {
    var text = option.summary
    var notes: [String] = []
    if option.isRequired { notes.append("required") }
    if let value = option.defaultValue { notes.append("default: \(value)") }
    if let variable = option.environment { notes.append("environment: \(variable)") }
    if option.repetition == .list || option.repetition == .commaList { notes.append("may be repeated") }
    if option.negation != nil { notes.append("--no-\(option.name): \(option.negation ?? "")") }
    if case .choice(let words) = option.kind, option.placeholder != words.joined(separator: "|") {
      notes.append("one of \(words.joined(separator: ", "))")
    }
    if !notes.isEmpty { text += " (" + notes.joined(separator: "; ") + ")" }
    if !option.details.isEmpty { text += ". " + option.details }
    return TextLayout.plain(text)
  }

  private func wrapped(_ text: String, indent: Int = 0) -> [String] {
    TextLayout.wrap(TextLayout.plain(text), width: columns - indent)
      .map { String(repeating: " ", count: indent) + $0 }
  }

  /// A label and a text whose later lines begin in the same column.
  private func hanging(_ label: String, _ text: String, at column: Int) -> [String] {
    let lines = TextLayout.wrap(text, width: max(columns - column, 10))
    return lines.enumerated().map { index, line in
      (index == 0 ? TextLayout.padded(label, to: column) : String(repeating: " ", count: column)) + line
    }
  }

  /// Two columns: labels, and texts wrapped beside or below them.
  private func entries(_ rows: [(String, String)]) -> [String] {
    let widest = rows.map { $0.0.count }.filter { $0 <= 26 }.max() ?? 0
    let column = min(widest + 4, columns / 2)
    var lines: [String] = []
    for (label, text) in rows {
      let texts = TextLayout.wrap(TextLayout.plain(text), width: max(columns - column, 10))
      if label.count + 4 <= column {
        lines.append(TextLayout.padded("  " + label, to: column) + (texts.first ?? ""))
        lines += texts.dropFirst().map { String(repeating: " ", count: column) + $0 }
      } else {
        lines.append("  " + label)
        lines += texts.map { String(repeating: " ", count: column) + $0 }
      }
    }
    return lines
  }
}

/// Lines and columns of plain text.
enum TextLayout {
  /// Breaks a text at spaces into lines of at most `width` characters; a longer word stands alone.
  static func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var length = 0
    for word in text.split(separator: " ") {
      if length > 0, length + 1 + word.count > width {
        lines.append(line)
        line = ""
        length = 0
      }
      if length > 0 {
        line += " "
        length += 1
      }
      line += word
      length += word.count
    }
    if length > 0 || lines.isEmpty { lines.append(line) }
    return lines
  }

  /// The text without the backticks around literal words.
  static func plain(_ text: String) -> String { String(text.filter { $0 != "`" }) }

  static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 1))
  }
}

extension String {
  /// Every occurrence of one character replaced by a text.
  func swapping(_ character: Character, with text: String) -> String {
    reduce(into: "") { result, next in
      if next == character { result += text } else { result.append(next) }
    }
  }
}
