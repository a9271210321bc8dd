extension UsageError {
  /// One sentence without a full stop: what was given and what is wrong with it.
  package var sentence: String {
    switch self {
    case .noCommand: "a command is missing"
    case .unknownCommand(let name, _): "there is no command '\(name)'"
    case .unknownOption(let spelled, let command?, _): "'\(command)' has no option '\(spelled)'"
    case .unknownOption(let spelled, nil, _): "there is no option '\(spelled)'"
    case .optionBeforeCommand(let spelled, _): "the option '\(spelled)' must stand after the command"
    case .optionNotOfCommand(let spelled, let command): "'\(command)' does not take the option '\(spelled)'"
    case .missingValue(let option, _, nil): "the option '\(option.synopsis)' needs a value"
    case .missingValue(let option, _, let next?):
      "the option '\(option.synopsis)' needs a value, but '\(next)' follows"
    case .valueNotExpected(_, let spelled, let value):
      "the option '\(spelled)' takes no value, but '\(value)' was given"
    case .invalidValue(let option, .environment(let variable), let value, let problem, _):
      "the value '\(value)' of \(variable) is not valid for '\(option.synopsis)': \(problem.clause)"
    case .invalidValue(let option, .commandLine, let value, let problem, _),
      .invalidValue(let option, .declaredDefault, let value, let problem, _):
      "the value '\(value)' is not valid for '\(option.synopsis)': \(problem.clause)"
    case .invalidOperand(let operand, let value, let problem, _):
      "'\(value)' is not valid for \(operand.name): \(problem.clause)"
    case .repeatedOption(let option): "the option '\(option.spelling)' was given more than once"
    case .cannotNegate(let option, let spelled):
      "there is no option '\(spelled)': '\(option.spelling)' cannot be switched off"
    case .exclusive(let first, let second): "\(quoted(first)) and \(quoted(second)) exclude each other"
    case .missingOneOf(let names): "one of \(listed(names, "or")) is needed"
    case .missingOption(let option): "the option '\(option.synopsis)' is needed"
    case .missingOperand(let operand): "\(operand.name) is missing: \(operand.summary)"
    case .unexpectedOperand(let word): "'\(word)' is one argument too many"
    case .dependencyMissing(let option, let names):
      "\(quoted(option)) has a meaning only with \(listed(names, "or"))"
    }
  }

  /// What to do about it, if there is something to say beyond the sentence.
  package var hint: String? {
    switch self {
    case .noCommand, .valueNotExpected, .repeatedOption, .exclusive, .missingOneOf, .missingOption,
      .missingOperand, .unexpectedOperand, .dependencyMissing, .optionNotOfCommand, .missingValue(_, _, nil):
      nil
    case .unknownCommand(_, let suggestions), .unknownOption(_, _, let suggestions),
      .invalidValue(_, _, _, _, let suggestions), .invalidOperand(_, _, _, let suggestions):
      suggestions.isEmpty ? nil : "did you mean \(listed(suggestions, "or"))?"
    case .optionBeforeCommand(_, let commands):
      commands.count > 4 ? nil : "it is an option of \(listed(commands, "and"))"
    case .missingValue(let option, _, let next?):
      "a value that begins with a dash is written '\(option.spelling)=\(next)'"
    case .cannotNegate: nil
    }
  }

  /// The option whose help line belongs under the sentence.
  package var option: Option? {
    switch self {
    case .missingValue(let option, _, _), .valueNotExpected(let option, _, _),
      .invalidValue(let option, _, _, _, _), .repeatedOption(let option), .cannotNegate(let option, _),
      .missingOption(let option):
      option
    case .noCommand, .unknownCommand, .unknownOption, .optionBeforeCommand, .optionNotOfCommand,
      .invalidOperand, .exclusive, .missingOneOf, .missingOperand, .unexpectedOperand, .dependencyMissing:
      nil
    }
  }

  /// The stable name of the fault for programs.
  package var code: String {
    switch self {
    case .noCommand: "no-command"
    case .unknownCommand: "unknown-command"
    case .unknownOption, .optionNotOfCommand, .cannotNegate: "unknown-option"
    case .optionBeforeCommand: "option-before-command"
    case .missingValue: "missing-value"
    case .valueNotExpected: "unexpected-value"
    case .invalidValue, .invalidOperand: "invalid-value"
    case .repeatedOption: "repeated-option"
    case .exclusive: "exclusive-options"
    case .missingOneOf, .missingOption, .dependencyMissing: "missing-option"
    case .missingOperand: "missing-argument"
    case .unexpectedOperand: "unexpected-argument"
    }
  }

  private func quoted(_ name: String) -> String { name.hasPrefix("-") ? "'\(name)'" : name }

  /// `'a', 'b' or 'c'`.
  private func listed(_ names: [String], _ word: String) -> String {
    let all = names.map { name in name.allSatisfy { $0.isUppercase } ? name : "'\(name)'" }
    guard let last = all.last, all.count > 1 else { return all.first ?? "" }
    return all.dropLast().joined(separator: ", ") + " \(word) " + last
  }
}

extension ValueProblem {
  /// A clause that says what would be valid.
  package var clause: String {
    switch self {
    case .empty: "it is empty"
    case .notWholeNumber(let lowest, let highest, nil):
      "it must be a whole number\(Self.range(lowest, highest))"
    case .notWholeNumber(let lowest, let highest, let word?):
      "it must be a whole number\(Self.range(lowest, highest)) or '\(word)'"
    case .wholeNumberOutOfRange(let lowest, let highest):
      "it must be a whole number\(Self.range(lowest, highest))"
    case .notNumber: "it must be a decimal number such as 0.25"
    case .numberOutOfRange(let lowest, let highest):
      lowest == -.greatestFiniteMagnitude && highest == .greatestFiniteMagnitude
        ? "it is too large"
        : highest == .greatestFiniteMagnitude
          ? "it must be at least \(lowest)" : "it must lie between \(lowest) and \(highest)"
    case .notSize: "it must be a number of bytes such as 4096, 64K, 64KiB or 1.5G"
    case .sizeTooLarge: "it is larger than any file"
    case .sizeTooSmall(let minimum): "it must be at least \(minimum) bytes"
    case .notDuration: "it must be a length of time such as 250ms, 30s, 10m, 2h or 7d"
    case .durationWithoutUnit: "it needs a unit: ms, s, m, h, d or w"
    case .durationTooLong: "it is longer than 292 years"
    case .notTime: "it must be a date such as 2026-11-21, or a time such as 2026-11-21T01:20:03Z"
    case .notFileMode: "it must be permissions in octal such as 0600 or 0750"
    case .notChoice(let words): "it must be \(Self.alternatives(words))"
    case .notAssignment(let placeholder): "it must be written \(placeholder)"
    case .assignedValueNotChoice(let value, let words):
      "'\(value)' is not \(Self.alternatives(words))"
    case .containsZeroByte: "it holds a zero byte"
    }
  }

  private static func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }

  private static func range(_ lowest: Int64, _ highest: Int64) -> String {
    if lowest == Int64.min, highest == Int64.max { return "" }
    if highest == Int64.max { return ", at least \(lowest)" }
    return " from \(lowest) to \(highest)"
  }
}
