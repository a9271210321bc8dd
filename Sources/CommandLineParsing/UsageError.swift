/// Why a value was refused.
package enum ValueProblem: Error, Equatable, Sendable {
  case empty
  case notWholeNumber(lowest: Int64, highest: Int64, word: String?)
  case wholeNumberOutOfRange(lowest: Int64, highest: Int64)
  case notNumber
  case numberOutOfRange(lowest: Double, highest: Double)
  case notSize
  case sizeTooLarge
  case sizeTooSmall(minimum: UInt64)
  case notDuration
  case durationWithoutUnit
  case durationTooLong
  case notTime
  case notFileMode
  case notChoice([String])
  case notAssignment(placeholder: String)
  case assignedValueNotChoice(value: String, [String])
  case containsZeroByte
}

/// A command line that cannot be understood, as data.
///
/// The sentences are in `UsageError+Description.swift`.
package enum UsageError: Error, Equatable, Sendable {
  case noCommand
  case unknownCommand(String, suggestions: [String])
  /// `command` is nil when the option stands before the command.
  case unknownOption(spelled: String, command: String?, suggestions: [String])
  /// An option of a command that stands before it.
  case optionBeforeCommand(spelled: String, commands: [String])
  /// A shared option given to a command that does not take it.
  case optionNotOfCommand(spelled: String, command: String)
  /// `next` is the argument that stands where the value should be.
  case missingValue(Option, spelled: String, next: String?)
  case valueNotExpected(Option, spelled: String, value: String)
  case invalidValue(Option, origin: ValueOrigin, value: String, ValueProblem, suggestions: [String])
  case invalidOperand(Operand, value: String, ValueProblem, suggestions: [String])
  case repeatedOption(Option)
  case cannotNegate(Option, spelled: String)
  case exclusive(String, String)
  case missingOneOf([String])
  case missingOption(Option)
  case missingOperand(Operand)
  case unexpectedOperand(String)
  case dependencyMissing(option: String, needsOneOf: [String])
}

/// A usage error and the command, if one was found, to which it belongs.
package struct UsageFailure: Error, Equatable, Sendable {
  /// What is wrong.
  package let error: UsageError
  /// The command, when one was found before the fault.
  package let command: Command?

  /// Joins an error and its command.
  package init(_ error: UsageError, command: Command?) {
    self.error = error
    self.command = command
  }
}
