/// Understands a whole command line by a table of commands.
///
/// Pure: reads no file and no environment but through the function it is given, and prints nothing.
package struct ArgumentParser {
  private let table: CommandTable
  private let environment: (String) -> String?

  /// Makes a parser.
  ///
  /// - Parameters:
  ///   - table: What is understood.
  ///   - environment: The value of an environment variable, nil when it is not set.
  package init(_ table: CommandTable, environment: @escaping (String) -> String?) {
    self.table = table
    self.environment = environment
  }

  /// What the arguments (without the program's name) ask for.
  ///
  /// A request for help or for the version anywhere before `--` wins over every other fault of the line.
  package func parse(_ arguments: [String]) throws(UsageFailure) -> Invocation {
    var splitter = ArgumentSplitter(arguments)
    var tokens: [ArgumentToken] = []
    var name: String?
    let leading = table.leadingOptions
    while name == nil, let token = splitter.next(leading) {
      switch token {
      case .operand(let word): name = word
      case .option: tokens.append(token)
      case .problem(let problem):
        if let invocation = helpOrVersion(tokens, rest: splitter.rest, nil) { return invocation }
        throw UsageFailure(placed(problem), command: nil)
      }
    }
    guard let name else {
      if let invocation = helpOrVersion(tokens, rest: [], nil) { return invocation }
      throw UsageFailure(.noCommand, command: nil)
    }
    guard let command = table.command(named: name) else {
      if let invocation = helpOrVersion(tokens, rest: [], nil) { return invocation }
      let names = table.commands.flatMap { [$0.name] + $0.aliases }
      throw UsageFailure(
        .unknownCommand(name, suggestions: Suggestions.nearest(to: name, among: names)), command: nil)
    }
    let options = table.options(of: command)
    while let token = splitter.next(options) { tokens.append(token) }
    if let invocation = helpOrVersion(tokens, rest: [], command) { return invocation }
    do throws(UsageError) {
      return .run(try interpret(tokens, command, options))
    } catch {
      throw UsageFailure(error, command: command)
    }
  }

  /// Gives an unknown option before the command the commands that know it.
  private func placed(_ problem: UsageError) -> UsageError {
    guard case .unknownOption(let spelled, _, _) = problem else { return problem }
    let owners = table.commands.filter { command in
      command.options.contains { $0.spelling == spelled || $0.short.map { "-\($0)" } == spelled }
    }
    return owners.isEmpty
      ? problem : .optionBeforeCommand(spelled: spelled, commands: owners.map(\.name))
  }

  private func helpOrVersion(_ tokens: [ArgumentToken], rest: ArraySlice<String>, _ command: Command?)
    -> Invocation?
  {
    var spellings: [String] = []
    for token in tokens {
      if case .option(_, let spelled, _, _) = token { spellings.append(spelled) }
    }
    spellings += rest.prefix { $0 != "--" }
    for spelled in spellings {
      if spelled == "--help" { return .help(command, isLong: true) }
      if spelled == "-h" { return .help(command, isLong: false) }
      if spelled == "--version" || spelled == "-V" { return .version }
    }
    return nil
  }

  private func interpret(_ tokens: [ArgumentToken], _ command: Command, _ options: [Option])
    throws(UsageError) -> ParsedArguments
  {
    var values: [String: [OptionValue]] = [:]
    var origins: [String: ValueOrigin] = [:]
    var words: [String] = []
    for token in tokens {
      switch token {
      case .problem(.unknownOption(let spelled, _, let suggestions)):
        if let shared = table.leadingOptions.first(where: { isSpelling(spelled, of: $0) }) {
          throw .optionNotOfCommand(spelled: shared.spelling, command: command.name)
        }
        throw .unknownOption(spelled: spelled, command: command.name, suggestions: suggestions)
      case .problem(let problem): throw problem
      case .operand(let word): words.append(word)
      case .option(let found, let spelled, let text, let isNegated):
        // A shared option before the command is that command's own declaration of the same name.
        guard let option = options.first(where: { $0.name == found.name }) else {
          throw .optionNotOfCommand(spelled: spelled, command: command.name)
        }
        if option.repetition == .once, values[option.name] != nil { throw .repeatedOption(option) }
        let added = try converted(option, text, isNegated)
        switch option.repetition {
        case .list, .commaList: values[option.name, default: []] += added
        case .lastWins, .once:
          if option.kind == .count, case .count(let earlier)? = values[option.name]?.last {
            values[option.name] = [.count(earlier + 1)]
          } else {
            values[option.name] = added
          }
        }
        origins[option.name] = .commandLine
      }
    }
    try checkOperands(words, command)
    try checkTogether(Set(origins.keys), words, command)
    try fillIn(&values, &origins, options)
    for option in options where option.isRequired && values[option.name] == nil {
      throw .missingOption(option)
    }
    return ParsedArguments(
      command: command, operands: words, declared: options, values: values, origins: origins)
  }

  private func isSpelling(_ spelled: String, of option: Option) -> Bool {
    spelled == option.spelling || option.short.map { spelled == "-\($0)" } ?? false
  }

  private func converted(_ option: Option, _ text: String?, _ isNegated: Bool) throws(UsageError)
    -> [OptionValue]
  {
    if isNegated {
      if option.kind == .flag { return [.flag(false)] }
      return [.text(option.negation ?? "")]
    }
    guard let text else { return [option.kind == .count ? .count(1) : .flag(true)] }
    return try converted(option, text, .commandLine)
  }

  private func converted(_ option: Option, _ text: String, _ origin: ValueOrigin) throws(UsageError)
    -> [OptionValue]
  {
    var parts = [text]
    if option.repetition == .commaList {
      guard let split = ValueParsing.commaSeparated(text) else {
        throw .invalidValue(option, origin: origin, value: text, .empty, suggestions: [])
      }
      parts = split
    }
    var result: [OptionValue] = []
    for part in parts {
      do throws(ValueProblem) {
        result.append(try ValueParsing.parse(part, as: option))
      } catch {
        throw .invalidValue(
          option, origin: origin, value: part, error, suggestions: Self.suggestions(part, error))
      }
    }
    return result
  }

  private static func suggestions(_ value: String, _ problem: ValueProblem) -> [String] {
    switch problem {
    case .notChoice(let words): Suggestions.nearest(to: value, among: words)
    case .assignedValueNotChoice(let assigned, let words): Suggestions.nearest(to: assigned, among: words)
    default: []
    }
  }

  /// Values from the environment, then declared defaults, for options that were not given.
  private func fillIn(
    _ values: inout [String: [OptionValue]], _ origins: inout [String: ValueOrigin], _ options: [Option]
  ) throws(UsageError) {
    for option in options where values[option.name] == nil {
      if let variable = option.environment, let text = environment(variable), !text.isEmpty {
        values[option.name] = try converted(option, text, .environment(variable))
        origins[option.name] = .environment(variable)
      } else if let text = option.defaultValue, let value = try? ValueParsing.parse(text, as: option) {
        values[option.name] = [value]
        origins[option.name] = .declaredDefault
      }
    }
  }

  private func checkOperands(_ words: [String], _ command: Command) throws(UsageError) {
    for (index, operand) in command.operands.enumerated() where operand.isRequired && index >= words.count {
      throw .missingOperand(operand)
    }
    for (index, word) in words.enumerated() {
      guard let operand = operand(at: index, command) else { throw .unexpectedOperand(word) }
      if word.utf8.contains(0) {
        throw .invalidOperand(operand, value: word, .containsZeroByte, suggestions: [])
      }
      switch operand.kind {
      case .text: break
      case .path:
        if word.isEmpty { throw .invalidOperand(operand, value: word, .empty, suggestions: []) }
      case .choice(let choices):
        if !choices.contains(word) {
          throw .invalidOperand(
            operand, value: word, .notChoice(choices),
            suggestions: Suggestions.nearest(to: word, among: choices))
        }
      }
    }
  }

  private func operand(at index: Int, _ command: Command) -> Operand? {
    if index < command.operands.count { return command.operands[index] }
    if let last = command.operands.last, last.isVariadic { return last }
    return nil
  }

  private func checkTogether(_ given: Set<String>, _ words: [String], _ command: Command) throws(UsageError) {
    func isGiven(_ member: String) -> Bool {
      if given.contains(member) { return true }
      return command.operands.firstIndex { $0.name == member }.map { $0 < words.count } ?? false
    }
    func spelling(_ member: String) -> String {
      command.operands.contains { $0.name == member } ? member : "--" + member
    }
    for group in command.exclusiveGroups {
      let present = group.members.filter(isGiven)
      if present.count > 1 { throw .exclusive(spelling(present[0]), spelling(present[1])) }
      if group.isRequired, present.isEmpty { throw .missingOneOf(group.members.map(spelling)) }
    }
    for dependency in command.dependencies where isGiven(dependency.option) {
      if !dependency.needsOneOf.contains(where: isGiven) {
        throw .dependencyMissing(
          option: spelling(dependency.option), needsOneOf: dependency.needsOneOf.map(spelling))
      }
    }
  }
}
