/// One piece of a command line after the dashes have been understood.
enum ArgumentToken: Equatable, Sendable {
  /// `value` is nil for an option that takes none. `isNegated` for the `--no-` form.
  case option(Option, spelled: String, value: String?, isNegated: Bool)
  case operand(String)
  case problem(UsageError)
}

/// Splits arguments into options with their values and operands, without looking at the values.
///
/// Understands `--name value`, `--name=value`, `--no-name`, `-k 10`, `-k10`, `-k=10`, clusters such as
/// `-qv` and `-qo FILE`, `--` (all that follows are operands) and `-` (an operand or a value). Long names
/// are never abbreviated. An argument that begins with a dash is a value only when it is a number or
/// `-` alone; otherwise the `=` form says so. A negative number that is not a value is an operand.
struct ArgumentSplitter {
  private let arguments: [String]
  private(set) var position = 0
  private var waiting: [ArgumentToken] = []
  private var onlyOperands = false

  init(_ arguments: [String]) { self.arguments = arguments }

  /// The next token, or nil at the end.
  ///
  /// `options` are the ones known at this place of the line.
  mutating func next(_ options: [Option]) -> ArgumentToken? {
    if !waiting.isEmpty { return waiting.removeFirst() }
    guard position < arguments.count else { return nil }
    let argument = arguments[position]
    position += 1
    if onlyOperands || argument == "-" || !argument.hasPrefix("-") { return .operand(argument) }
    if argument == "--" {
      onlyOperands = true
      return next(options)
    }
    if argument.hasPrefix("--") { return long(argument, options) }
    if Self.isNegativeNumber(argument) { return .operand(argument) }
    return cluster(argument, options)
  }

  /// The arguments that have not been looked at.
  var rest: ArraySlice<String> { arguments[position...] }

  /// A dash, then a number.
  static func isNegativeNumber(_ text: String) -> Bool { text.hasPrefix("-") && ValueParsing.isDecimal(text) }

  private mutating func long(_ argument: String, _ options: [Option]) -> ArgumentToken {
    let equals = argument.firstIndex(of: "=")
    let spelled = equals.map { String(argument[..<$0]) } ?? argument
    let attached = equals.map { String(argument[argument.index(after: $0)...]) }
    let name = String(spelled.dropFirst(2))
    if let option = options.first(where: { $0.name == name }) {
      return finish(option, spelled: spelled, attached: attached)
    }
    if name.hasPrefix("no-"), let option = options.first(where: { $0.name == name.dropFirst(3) }) {
      guard option.negation != nil else { return .problem(.cannotNegate(option, spelled: spelled)) }
      if let attached { return .problem(.valueNotExpected(option, spelled: spelled, value: attached)) }
      return .option(option, spelled: spelled, value: nil, isNegated: true)
    }
    var names = options.map(\.spelling)
    names += options.filter { $0.negation != nil }.map { "--no-" + $0.name }
    return .problem(
      .unknownOption(
        spelled: spelled, command: nil, suggestions: Suggestions.nearest(to: spelled, among: names)))
  }

  /// Takes the value of an option that needs one from behind the `=` or from the next argument.
  private mutating func finish(_ option: Option, spelled: String, attached: String?) -> ArgumentToken {
    if !option.kind.takesValue {
      if let attached { return .problem(.valueNotExpected(option, spelled: spelled, value: attached)) }
      return .option(option, spelled: spelled, value: nil, isNegated: false)
    }
    if let attached { return .option(option, spelled: spelled, value: attached, isNegated: false) }
    guard position < arguments.count else {
      return .problem(.missingValue(option, spelled: spelled, next: nil))
    }
    let following = arguments[position]
    if following.hasPrefix("-"), following != "-", !Self.isNegativeNumber(following) {
      return .problem(.missingValue(option, spelled: spelled, next: following))
    }
    position += 1
    return .option(option, spelled: spelled, value: following, isNegated: false)
  }

  /// `-qvk10`: flags, then perhaps one option with its value.
  private mutating func cluster(_ argument: String, _ options: [Option]) -> ArgumentToken {
    var tokens: [ArgumentToken] = []
    var letters = argument.dropFirst()
    while let letter = letters.popFirst() {
      let spelled = "-\(letter)"
      guard let option = options.first(where: { $0.short == letter }) else {
        let longer = options.first { $0.name == argument.dropFirst() }?.spelling
        tokens.append(
          .problem(
            .unknownOption(
              spelled: spelled, command: nil, suggestions: longer.map { [$0] } ?? [])))
        break
      }
      if option.kind.takesValue {
        var attached: String? = letters.isEmpty ? nil : String(letters)
        if letters.first == "=" { attached = String(letters.dropFirst()) }
        tokens.append(finish(option, spelled: spelled, attached: attached))
        break
      }
      if letters.first == "=" {
        tokens.append(
          .problem(.valueNotExpected(option, spelled: spelled, value: String(letters.dropFirst()))))
        break
      }
      tokens.append(.option(option, spelled: spelled, value: nil, isNegated: false))
    }
    waiting = tokens
    return waiting.removeFirst()
  }
}
