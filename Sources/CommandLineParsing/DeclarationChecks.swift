/// Says what is wrong with a table of commands; tests demand that nothing is.
package enum DeclarationChecks {
  /// A sentence for every fault of the table, none when it is sound.
  package static func problems(_ table: CommandTable) -> [String] {
    var problems: [String] = []
    var names: Set<String> = []
    for command in table.commands {
      for name in [command.name] + command.aliases where !names.insert(name).inserted {
        problems.append("the command name '\(name)' is used twice")
      }
      problems += self.problems(command, table).map { "\(command.name): \($0)" }
    }
    // An option before the command must mean the same, and take a value or not, for every command.
    for option in table.leadingOptions {
      for command in table.commands {
        guard let own = table.options(of: command).first(where: { $0.name == option.name }) else { continue }
        if own.kind.takesValue != option.kind.takesValue || own.short != option.short {
          problems.append("\(command.name): --\(option.name) differs in form from the shared option")
        }
      }
    }
    return problems
  }

  private static func problems(_ command: Command, _ table: CommandTable) -> [String] {
    var problems: [String] = []
    let options = table.options(of: command)
    if !table.groups.contains(command.group) { problems.append("there is no group '\(command.group)'") }
    if command.summary.isEmpty || command.summary.hasSuffix(".") || command.summary.first?.isUppercase == true
    {
      problems.append("the summary must begin small and end without a full stop")
    }
    if command.description.isEmpty { problems.append("there is no description") }
    if command.examples.isEmpty { problems.append("there is no example") }
    for paragraph in command.description where !paragraph.hasSuffix(".") {
      problems.append("a paragraph of the description has no full stop: \(paragraph)")
    }
    problems += duplicates(options.map(\.name)).map { "--\($0) is declared twice" }
    problems += duplicates(options.compactMap(\.short).map(String.init)).map { "-\($0) is declared twice" }
    for option in options { problems += self.problems(option, options).map { "--\(option.name): \($0)" } }
    problems += operandProblems(command)
    problems += togetherProblems(command, options)
    let statuses = command.exitNotes.map(\.status)
    if statuses.first != 0 { problems.append("the first exit status is not 0") }
    if statuses != statuses.sorted() || Set(statuses).count != statuses.count {
      problems.append("the exit statuses are not in order, each once")
    }
    for name in command.seeAlso where table.command(named: name)?.name != name || name == command.name {
      problems.append("see also names '\(name)'")
    }
    return problems
  }

  private static func problems(_ option: Option, _ others: [Option]) -> [String] {
    var problems: [String] = []
    let isWellFormed = option.name.utf8.allSatisfy { byte in
      ValueParsing.isDigit(byte) || byte == UInt8(ascii: "-")
        || (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
    }
    if option.name.isEmpty || !isWellFormed || option.name.hasPrefix("-") { problems.append("bad name") }
    if let short = option.short, !short.isLetter || !short.isASCII { problems.append("the letter is none") }
    if option.summary.isEmpty || option.summary.hasSuffix(".") || option.summary.first?.isUppercase == false {
      problems.append("the summary must begin large and end without a full stop")
    }
    if option.summary.count > 90 { problems.append("the summary is too long for one line") }
    if !option.details.isEmpty, !option.details.hasSuffix(".") {
      problems.append("details without a full stop")
    }
    if option.kind.takesValue == option.placeholder.isEmpty {
      problems.append("placeholder and kind disagree")
    }
    if let value = option.defaultValue {
      do { _ = try ValueParsing.parse(value, as: option) } catch {
        problems.append("the default is not valid")
      }
    }
    if let negation = option.negation {
      if case .choice(let words) = option.kind, !words.contains(negation) {
        problems.append("the negation is no choice")
      }
      if others.contains(where: { $0.name == "no-" + option.name }) {
        problems.append("the negation is a name too")
      }
    }
    if option.isRequired, option.defaultValue != nil { problems.append("required and with a default") }
    if case .choice(let words) = option.kind, words.isEmpty || !duplicates(words).isEmpty {
      problems.append("the choices are none, or not distinct")
    }
    return problems
  }

  private static func operandProblems(_ command: Command) -> [String] {
    var problems = duplicates(command.operands.map(\.name)).map { "\($0) is declared twice" }
    var sawOptional = false
    for (index, operand) in command.operands.enumerated() {
      if operand.isVariadic, index < command.operands.count - 1 {
        problems.append("\(operand.name) takes several words and is not the last")
      }
      if operand.isRequired, sawOptional {
        problems.append("\(operand.name) is needed after one that is not")
      }
      if !operand.isRequired { sawOptional = true }
      if operand.summary.isEmpty || operand.summary.hasSuffix(".") {
        problems.append("\(operand.name): bad summary")
      }
      if operand.name != operand.name.uppercased() { problems.append("\(operand.name) is not in capitals") }
    }
    return problems
  }

  private static func togetherProblems(_ command: Command, _ options: [Option]) -> [String] {
    let known = options.map(\.name) + command.operands.map(\.name)
    var problems: [String] = []
    for group in command.exclusiveGroups {
      if group.members.count < 2 { problems.append("a group of one excludes nothing") }
      problems += group.members.filter { !known.contains($0) }.map { "a group names '\($0)'" }
    }
    for dependency in command.dependencies {
      problems += ([dependency.option] + dependency.needsOneOf).filter { !known.contains($0) }
        .map { "a dependency names '\($0)'" }
    }
    return problems
  }

  private static func duplicates(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }
  }
}
