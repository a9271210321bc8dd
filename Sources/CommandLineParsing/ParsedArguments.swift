/// A value after conversion.
package enum OptionValue: Equatable, Sendable {
  case flag(Bool)
  case count(Int)
  case text(String)
  case integer(Int64)
  case number(Double)
  /// Bytes.
  case size(UInt64)
  /// Nanoseconds.
  case duration(Int64)
  /// Nanoseconds since 1970.
  case time(Int64)
  case fileMode(UInt32)
  /// The word that a kind accepts in place of a number.
  case word(String)
  case assignment(name: String, value: String)
}

/// Where a value came from.
package enum ValueOrigin: Equatable, Sendable {
  case commandLine
  case environment(String)
  case declaredDefault
}

/// What was asked for, after every check that needs no file.
package enum Invocation: Sendable {
  case run(ParsedArguments)
  /// Help of one command, or of the program.
  case help(Command?, isLong: Bool)
  case version
}

/// The options and operands of one command line.
///
/// Values are asked for by the `Option` that declares them. It is a programmer's error to ask for an
/// option that the command does not take, or with the accessor of another kind.
package struct ParsedArguments: Sendable {
  /// The command that was named.
  package let command: Command
  /// The words behind it, in order.
  package let operands: [String]
  private let declared: [Option]
  private let values: [String: [OptionValue]]
  private let origins: [String: ValueOrigin]

  init(
    command: Command, operands: [String], declared: [Option], values: [String: [OptionValue]],
    origins: [String: ValueOrigin]
  ) {
    self.command = command
    self.operands = operands
    self.declared = declared
    self.values = values
    self.origins = origins
  }

  /// Every value of an option in the order given, or its default, or nothing.
  package func values(_ option: Option) -> [OptionValue] {
    precondition(
      declared.contains { $0.name == option.name }, "\(command.name) does not declare --\(option.name)")
    return values[option.name] ?? []
  }

  /// Whether the command takes an option of this name at all.
  package func declares(_ option: Option) -> Bool { declared.contains { $0.name == option.name } }

  /// Where the value comes from; nil when there is none.
  package func origin(_ option: Option) -> ValueOrigin? { origins[option.name] }

  /// Whether it was given on the command line or in the environment.
  package func isGiven(_ option: Option) -> Bool {
    guard let origin = origins[option.name] else { return false }
    return origin != .declaredDefault
  }

  /// The value of a flag; false when the command does not take it.
  package func flag(_ option: Option) -> Bool {
    guard declares(option), case .flag(let isOn)? = values(option).last else { return false }
    return isOn
  }

  /// How often a counted option was given.
  package func count(_ option: Option) -> Int {
    guard case .count(let number)? = values(option).last else { return 0 }
    return number
  }

  /// The value of an option of kind text, path or choice.
  package func text(_ option: Option) -> String? {
    switch values(option).last {
    case .text(let text)?, .word(let text)?: text
    default: nil
    }
  }

  /// All values of a repeated option of kind text, path or choice.
  package func texts(_ option: Option) -> [String] {
    values(option).compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  /// The value of a whole-number option; nil also when its word was given.
  package func integer(_ option: Option) -> Int64? {
    if case .integer(let number)? = values(option).last { number } else { nil }
  }

  /// The value of a decimal option.
  package func number(_ option: Option) -> Double? {
    if case .number(let number)? = values(option).last { number } else { nil }
  }

  /// The value of a size option in bytes.
  package func size(_ option: Option) -> UInt64? {
    if case .size(let bytes)? = values(option).last { bytes } else { nil }
  }

  /// The value of a duration option in nanoseconds.
  package func duration(_ option: Option) -> Int64? {
    if case .duration(let nanoseconds)? = values(option).last { nanoseconds } else { nil }
  }

  /// The value of a time option in nanoseconds since 1970.
  package func time(_ option: Option) -> Int64? {
    if case .time(let nanoseconds)? = values(option).last { nanoseconds } else { nil }
  }

  /// The value of a file-mode option.
  package func fileMode(_ option: Option) -> UInt32? {
    if case .fileMode(let mode)? = values(option).last { mode } else { nil }
  }

  /// All `NAME=VALUE` pairs of an option.
  package func assignments(_ option: Option) -> [(name: String, value: String)] {
    values(option).compactMap {
      if case .assignment(let name, let value) = $0 { (name, value) } else { nil }
    }
  }

  /// The first word of the operand at `index` of the command's list, if it was given.
  ///
  /// Operands are filled in order, so `words(_:)` of the last one takes everything that is left.
  package func operand(_ index: Int) -> String? { index < operands.count ? operands[index] : nil }

  /// The words from the operand at `index` on.
  package func operands(from index: Int) -> ArraySlice<String> { operands.dropFirst(index) }
}
