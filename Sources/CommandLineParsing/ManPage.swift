/// Manual pages in mdoc, made from the table.
package enum ManPage {
  /// The names and texts of all pages, the program's first: `vdb.1`, `vdb-search.1`, ...
  package static func all(_ table: CommandTable) -> [(name: String, text: String)] {
    [("\(table.program).1", programPage(table))]
      + table.commands.map { ("\(table.program)-\($0.name).1", page(of: $0, table)) }
  }

  /// The page of one command.
  package static func page(of command: Command, _ table: CommandTable) -> String {
    var page = Mdoc()
    let title = "\(table.program)-\(command.name)"
    page.begin(title: title, date: table.date)
    page.section("NAME")
    page.line(".Nm \(title)")
    page.line(".Nd \(Mdoc.escaped(command.summary))")
    page.section("SYNOPSIS")
    page.line(".Nm \(table.program) \(command.name)")
    for option in command.options.filter(\.isRequired) { page.line(synopsis(option)) }
    for option in command.options.filter({ !$0.isRequired }) {
      page.line(".Op " + synopsis(option).dropFirst())
    }
    page.line(".Op Ar options")
    for operand in command.operands { page.line(synopsis(operand)) }
    page.section("DESCRIPTION")
    page.paragraphs(command.description)
    if !command.aliases.isEmpty {
      page.line(".Pp")
      page.prose("The command is also known as \(command.aliases.map { "`\($0)`" }.joined(separator: ", ")).")
    }
    if !command.operands.isEmpty {
      page.line(".Pp")
      page.prose("The arguments are as follows:")
      page.line(".Bl -tag -width Ds")
      for operand in command.operands {
        page.line(".It Ar \(operand.name)")
        page.prose(capitalized(operand.summary) + ".")
        if case .choice(let words) = operand.kind { page.choices(words) }
      }
      page.line(".El")
    }
    let options = (command.options + command.sharedOptions).sorted(by: precedes)
    if !options.isEmpty {
      page.line(".Pp")
      page.prose("The options are as follows:")
      page.options(options)
    }
    page.line(".Pp")
    page.line("The options of every command are described in")
    page.line(".Xr \(table.program) 1 .")
    let rules = Help(table, columns: 80).ruleSentences(command)
    if !rules.isEmpty {
      page.line(".Pp")
      for rule in rules { page.prose(rule) }
    }
    let variables = options.filter { $0.environment != nil }
    if !variables.isEmpty {
      page.section("ENVIRONMENT")
      page.line(".Bl -tag -width Ds")
      for option in variables {
        page.line(".It Ev \(option.environment ?? "")")
        page.prose("The value of `\(option.spelling)` when the option is not given.")
      }
      page.line(".El")
    }
    page.section("EXIT STATUS")
    page.tagged(command.exitNotes.map { (String($0.status), capitalized($0.when) + ".") })
    page.examples(command.examples)
    page.seeAlso(
      [table.program] + command.seeAlso.map { "\(table.program)-\($0)" }, program: table.program)
    return page.text
  }

  /// The page of the program.
  package static func programPage(_ table: CommandTable) -> String {
    var page = Mdoc()
    page.begin(title: table.program, date: table.date)
    page.section("NAME")
    page.line(".Nm \(table.program)")
    page.line(".Nd \(Mdoc.escaped(table.summary))")
    page.section("SYNOPSIS")
    page.line(".Nm")
    page.line(".Op Ar options")
    page.line(".Ar command")
    page.line(".Op Ar options")
    page.line(".Op Ar arguments")
    page.section("DESCRIPTION")
    page.paragraphs(table.description)
    for group in table.groups {
      page.line(".Ss \(group)")
      page.line(".Bl -tag -width Ds")
      for command in table.commands.filter({ $0.group == group }) {
        page.line(".It Xr \(table.program)-\(command.name) 1")
        page.prose(capitalized(command.summary) + ".")
      }
      page.line(".El")
    }
    page.line(".Ss Options of every command")
    page.options(table.globalOptions.sorted(by: precedes))
    page.section("ENVIRONMENT")
    page.line(".Bl -tag -width Ds")
    for (name, text) in table.environment.sorted(by: { $0.name < $1.name }) {
      page.line(".It Ev \(name)")
      page.prose(text)
    }
    page.line(".El")
    if !table.files.isEmpty {
      page.section("FILES")
      page.line(".Bl -tag -width Ds")
      for (path, text) in table.files {
        page.line(".It Pa \(Mdoc.escaped(path))")
        page.prose(text)
      }
      page.line(".El")
    }
    page.section("EXIT STATUS")
    page.prose("A status that is not listed means failure.")
    page.tagged(table.exitNotes.map { (String($0.status), capitalized($0.when) + ".") })
    page.examples(table.examples)
    page.section("DIAGNOSTICS")
    page.paragraphs(table.diagnostics)
    page.seeAlso(table.commands.map { "\(table.program)-\($0.name)" }, program: table.program)
    return page.text
  }

  private static func synopsis(_ option: Option) -> String {
    let flag = option.short.map { String($0) == option.name ? "\($0)" : "\\-" + Mdoc.hyphenated(option.name) }
    let start = ".Fl " + (flag ?? "\\-" + Mdoc.hyphenated(option.name))
    return option.kind.takesValue ? start + " Ar " + Mdoc.argument(option.placeholder) : start
  }

  private static func synopsis(_ operand: Operand) -> String {
    switch operand.arity {
    case .one: ".Ar \(operand.name)"
    case .optional: ".Op Ar \(operand.name)"
    case .oneOrMore: ".Ar \(operand.name) ..."
    case .any: ".Op Ar \(operand.name) ..."
    }
  }

  private static func capitalized(_ text: String) -> String {
    guard let first = text.first, first.isLowercase, text.prefix(2) != "vd" else { return text }
    return first.uppercased() + text.dropFirst()
  }

  /// Alphabetical by the letter or name, digits first, upper case before lower.
  private static func precedes(_ first: Option, _ second: Option) -> Bool {
    func key(_ option: Option) -> (String, String) {
      let text = option.short.map(String.init) ?? option.name
      return (text.lowercased(), text)
    }
    return key(first) < key(second)
  }
}

/// A manual page in the making.
struct Mdoc {
  private(set) var text = ""

  mutating func line(_ line: some StringProtocol) {
    text += line
    text += "\n"
  }

  mutating func begin(title: String, date: String) {
    line(".\\\" Generated from the table of commands by \"vdb help --man\".")
    line(".Dd \(date)")
    line(".Dt \(title.uppercased()) 1")
    line(".Os")
  }

  mutating func section(_ name: String) { line(".Sh \(name)") }

  /// Sentences, each on a line of its own as mdoc wants it.
  mutating func prose(_ paragraph: String) {
    for sentence in Mdoc.sentences(paragraph) {
      for part in TextLayout.wrap(Mdoc.inline(sentence), width: 77) { line(Mdoc.protected(part)) }
    }
  }

  mutating func paragraphs(_ paragraphs: [String]) {
    for (index, paragraph) in paragraphs.enumerated() {
      if index > 0 { line(".Pp") }
      prose(paragraph)
    }
  }

  mutating func choices(_ words: [String]) {
    line("One of")
    for (index, word) in words.enumerated() {
      line(".Cm \(Mdoc.argument(word))" + (index == words.count - 1 ? " ." : " ,"))
    }
  }

  mutating func options(_ options: [Option]) {
    line(".Bl -tag -width Ds")
    for option in options {
      var head = ".It "
      if let short = option.short { head += "Fl \(short) , " }
      head += "Fl \\-" + Mdoc.hyphenated(option.name)
      if option.kind.takesValue { head += " Ar " + Mdoc.argument(option.placeholder) }
      line(head)
      prose(option.summary + ".")
      if !option.details.isEmpty { prose(option.details) }
      if case .choice(let words) = option.kind { choices(words) }
      if case .integer(let range, let word) = option.kind, range.upperBound < Int64.max {
        prose(
          "A whole number from \(range.lowerBound) to \(range.upperBound)\(word.map { ", or `\($0)`" } ?? "")."
        )
      }
      if let value = option.defaultValue { prose("The default is `\(value)`.") }
      if option.repetition == .list { prose("May be given several times.") }
      if option.repetition == .commaList {
        prose("May be given several times, or with several values separated by commas.")
      }
      if let negation = option.negation {
        prose(
          option.kind == .flag
            ? "`--no-\(option.name)` switches it off."
            : "`--no-\(option.name)` is short for `\(option.spelling)=\(negation)`.")
      }
    }
    line(".El")
  }

  mutating func tagged(_ rows: [(String, String)]) {
    line(".Bl -tag -width Ds")
    for (tag, text) in rows {
      line(".It \(tag)")
      prose(text)
    }
    line(".El")
  }

  mutating func examples(_ examples: [Example]) {
    section("EXAMPLES")
    for (index, example) in examples.enumerated() {
      if index > 0 { line(".Pp") }
      prose(example.note)
      line(".Bd -literal -offset indent")
      line(Mdoc.hyphenated(Mdoc.escaped(example.line)))
      line(".Ed")
    }
  }

  mutating func seeAlso(_ pages: [String], program: String) {
    section("SEE ALSO")
    let sorted = Set(pages).sorted()
    for (index, page) in sorted.enumerated() {
      line(".Xr \(page) 1" + (index == sorted.count - 1 ? "" : " ,"))
    }
  }

  /// Splits after a full stop, question mark or colon-free end that a space and a capital or a literal follow.
  private static func sentences(_ text: String) -> [String] {
    var result: [String] = []
    var sentence = ""
    var isLiteral = false
    var previous: Character = " "
    for character in text {
      if character == "`" { isLiteral.toggle() }
      if character == " ", !isLiteral, previous == "." || previous == "?" || previous == "!" {
        result.append(sentence)
        sentence = ""
      } else {
        sentence.append(character)
      }
      previous = character
    }
    if !sentence.isEmpty { result.append(sentence) }
    return result
  }

  /// Escapes a line of text and sets words between backticks in bold.
  private static func inline(_ text: String) -> String {
    var result = ""
    for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
      let escaped = part.map { $0 == "\\" ? "\\e" : String($0) }.joined()
      result += index % 2 == 1 ? "\\fB\(hyphenated(escaped))\\fR" : escaped
    }
    return result
  }

  /// A line that would be taken for a macro, made text.
  private static func protected(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }

  /// Escapes text that stands alone on a line or behind a macro.
  static func escaped(_ text: String) -> String {
    protected(text.map { $0 == "\\" ? "\\e" : String($0) }.joined())
  }

  /// Every dash as a minus, which can be copied from the page to a shell.
  static func hyphenated(_ text: String) -> String { text.map { $0 == "-" ? "\\-" : String($0) }.joined() }

  /// A word behind a macro that must not be taken for a macro itself.
  static func argument(_ word: String) -> String {
    let escaped = hyphenated(Mdoc.escaped(word))
    let isLikeMacro =
      word.count <= 3 && word.first?.isUppercase == true && word.dropFirst().allSatisfy(\.isLowercase)
    return isLikeMacro && word.count > 1 ? "\\&" + escaped : escaped
  }
}
