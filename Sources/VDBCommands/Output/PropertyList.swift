/// Names and values one below the other: aligned for people, lines of TSV for programs.
package struct PropertyList {
  private var rows: [(name: String, shown: String, plain: String)] = []

  package init() {}

  /// Adds a line; `plain` is the value for programs where it differs.
  package mutating func add(_ name: String, _ shown: String, _ plain: String? = nil) {
    rows.append((name, shown, plain ?? shown))
  }

  /// The text for people.
  package var text: String {
    let width = rows.reduce(0) { max($0, $1.name.utf8.count) }
    return rows.reduce(into: "") { text, row in
      let padding = String(repeating: " ", count: width - row.name.utf8.count + 2)
      text += row.name + padding + TerminalText.singleLine(row.shown) + "\n"
    }
  }

  /// Name, tab, value.
  package var tsv: String {
    rows.reduce(into: "") { $0 += $1.name + "\t" + TerminalText.tsvField($1.plain) + "\n" }
  }

  /// Writes for people on a terminal or with the format "table", else TSV.
  package func write(_ format: String? = nil, to context: CommandContext) throws(CommandFailure) {
    let isTable = format.map { $0 == "table" } ?? context.output.isTerminal
    try context.output.write(isTable ? text : tsv)
  }
}
