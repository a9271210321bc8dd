/// One word that stands after the command and its options.
package struct Operand: Equatable, Sendable {
  /// How many words the operand takes.
  package enum Arity: Equatable, Sendable { case one, optional, oneOrMore, any }

  /// What the word means.
  package enum Kind: Equatable, Sendable {
    case text
    case path(PathKind)
    case choice([String])
  }

  /// The name in capitals, as the synopsis shows it.
  package let name: String
  /// How many words it takes.
  package let arity: Arity
  /// What the words mean.
  package let kind: Kind
  /// One line without a full stop at the end.
  package let summary: String

  /// Declares an operand; only the last of a command may take several words.
  package init(_ name: String, _ arity: Arity = .one, _ kind: Kind = .text, summary: String) {
    self.name = name
    self.arity = arity
    self.kind = kind
    self.summary = summary
  }

  /// `[FILE]`, `ID ...`: how the synopsis shows it.
  package var synopsis: String {
    switch arity {
    case .one: name
    case .optional: "[\(name)]"
    case .oneOrMore: "\(name) ..."
    case .any: "[\(name) ...]"
    }
  }

  /// Whether it may take several words.
  package var isVariadic: Bool { arity == .oneOrMore || arity == .any }
  /// Whether a word must be given.
  package var isRequired: Bool { arity == .one || arity == .oneOrMore }
}

/// Options and operands of which at most one, or exactly one, may be given.
package struct ExclusiveGroup: Equatable, Sendable {
  /// Option names without dashes, and operand names in capitals.
  package let members: [String]
  /// Whether one of them must be given.
  package let isRequired: Bool

  /// Declares a group.
  package init(_ members: [String], isRequired: Bool = false) {
    self.members = members
    self.isRequired = isRequired
  }
}

/// An option that has a meaning only beside one of some others.
package struct Dependency: Equatable, Sendable {
  /// Option name without dashes.
  package let option: String
  /// Names of options or operands, one of which must be given too.
  package let needsOneOf: [String]

  /// Declares that `option` needs one of the others.
  package init(_ option: String, needs needsOneOf: String...) {
    self.option = option
    self.needsOneOf = needsOneOf
  }
}

/// A command line that shows what a command is for.
package struct Example: Equatable, Sendable {
  /// The line as it is typed, beginning with the program.
  package let line: String
  /// What it does: one sentence with a full stop.
  package let note: String

  /// Declares an example.
  package init(_ line: String, _ note: String) {
    self.line = line
    self.note = note
  }
}

/// An exit status and when a command ends with it.
package struct ExitNote: Equatable, Sendable {
  /// The number.
  package let status: Int32
  /// A clause without a full stop.
  package let when: String

  /// Declares when a status is used.
  package init(_ status: Int32, _ when: String) {
    self.status = status
    self.when = when
  }
}

/// One command of the program, as data.
package struct Command: Equatable, Sendable {
  /// The word that is typed.
  package let name: String
  /// Other names, frozen.
  package let aliases: [String]
  /// The heading under which the program's help lists it.
  package let group: String
  /// One line without a full stop, beginning with a small letter.
  package let summary: String
  /// Paragraphs of plain sentences; words between backticks are literal.
  package let description: [String]
  /// The words behind the command, in order.
  package let operands: [Operand]
  /// The command's own options, the most useful first.
  package let options: [Option]
  /// Options shared with other commands; they may also stand before the command.
  package let sharedOptions: [Option]
  /// What may not be given together.
  package let exclusiveGroups: [ExclusiveGroup]
  /// What may not be given alone.
  package let dependencies: [Dependency]
  /// Typed lines, the most telling first.
  package let examples: [Example]
  /// The exit statuses, in the order of their numbers.
  package let exitNotes: [ExitNote]
  /// Whether it can change a collection.
  package let isMutating: Bool
  /// Names of related commands.
  package let seeAlso: [String]

  /// Declares a command; `DeclarationChecks` says what a sound declaration is.
  package init(
    _ name: String, aliases: [String] = [], group: String, summary: String, description: [String],
    operands: [Operand] = [], options: [Option] = [], sharedOptions: [Option] = [],
    exclusiveGroups: [ExclusiveGroup] = [], dependencies: [Dependency] = [], examples: [Example],
    exitNotes: [ExitNote], isMutating: Bool = false, seeAlso: [String] = []
  ) {
    self.name = name
    self.aliases = aliases
    self.group = group
    self.summary = summary
    self.description = description
    self.operands = operands
    self.options = options
    self.sharedOptions = sharedOptions
    self.exclusiveGroups = exclusiveGroups
    self.dependencies = dependencies
    self.examples = examples
    self.exitNotes = exitNotes
    self.isMutating = isMutating
    self.seeAlso = seeAlso
  }

  /// `vdb name [OPTIONS] COLLECTION ...`.
  package func usage(program: String) -> String {
    ([program, name, "[OPTIONS]"] + operands.map(\.synopsis)).joined(separator: " ")
  }
}

/// The whole program: its commands and the options that all of them take.
package struct CommandTable: Sendable {
  /// The name that is typed.
  package let program: String
  /// The version as `--version` prints it behind the name.
  package let version: String
  /// One line without a full stop, beginning with a small letter.
  package let summary: String
  /// Paragraphs of plain sentences; words between backticks are literal.
  package let description: [String]
  /// Every command, in the order of help.
  package let commands: [Command]
  /// Headings of the program's help, in order; every command's group is one of them.
  package let groups: [String]
  /// Options of every command.
  package let globalOptions: [Option]
  /// Typed lines, the most telling first.
  package let examples: [Example]
  /// Every exit status of the program.
  package let exitNotes: [ExitNote]
  /// Environment variables that are read: name and a sentence.
  package let environment: [(name: String, text: String)]
  /// Files that are read or written: path and a sentence.
  package let files: [(path: String, text: String)]
  /// How messages look: paragraphs for the manual page.
  package let diagnostics: [String]
  /// Where to report faults, and the home page: the last lines of the program's help.
  package let closing: [String]
  /// The date on the manual pages, as mdoc writes it ("November 21, 2026").
  package let date: String

  /// Declares the program; `DeclarationChecks` says what a sound declaration is.
  package init(
    program: String, version: String, summary: String, description: [String], commands: [Command],
    groups: [String], globalOptions: [Option], examples: [Example], exitNotes: [ExitNote],
    environment: [(name: String, text: String)], files: [(path: String, text: String)],
    diagnostics: [String], closing: [String], date: String
  ) {
    self.program = program
    self.version = version
    self.summary = summary
    self.description = description
    self.commands = commands
    self.groups = groups
    self.globalOptions = globalOptions
    self.examples = examples
    self.exitNotes = exitNotes
    self.environment = environment
    self.files = files
    self.diagnostics = diagnostics
    self.closing = closing
    self.date = date
  }

  /// The command of that name or alias.
  package func command(named name: String) -> Command? {
    commands.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// Every option that `command` takes: its own, the shared ones, the global ones.
  package func options(of command: Command) -> [Option] {
    command.options + command.sharedOptions + globalOptions
  }

  /// Options that may stand before the command: the global ones and every shared one, one of each name.
  package var leadingOptions: [Option] {
    var result = globalOptions
    for command in commands {
      for option in command.sharedOptions where !result.contains(where: { $0.name == option.name }) {
        result.append(option)
      }
    }
    return result
  }
}
