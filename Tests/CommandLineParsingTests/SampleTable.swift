import CommandLineParsing

/// A small program that has every kind of option, for the tests.
enum Sample {
  static let quiet = Option("quiet", short: "q", .count, summary: "Say less")
  static let verbose = Option("verbose", short: "v", .count, summary: "Say more")
  static let help = Option("help", short: "h", .flag, summary: "Show help")
  static let version = Option("version", short: "V", .flag, summary: "Print the version")
  static let color = Option(
    "color", .choice(["auto", "always", "never"]), "WHEN", default: "auto", negation: "never",
    summary: "Use colours")
  static let output = Option("output", short: "o", .path(.file), "FILE", summary: "Write to FILE")
  static let wait = Option(
    "wait", .duration, "DURATION", default: "5s", environment: "TOY_WAIT", summary: "Wait this long")
  static let threads = Option(
    "threads", .integer(1...64), "N", environment: "TOY_THREADS", summary: "Use N threads")

  static let k = Option(
    "k", short: "k", .integer(1...100, word: "all"), "N", default: "10", summary: "How many")
  static let far = Option("far", .number(-1000...1000), "D", summary: "How far")
  static let name = Option("name", .text, "TEXT", summary: "Any text")
  static let tag = Option("tag", .text, "TEXT", repetition: .list, summary: "A tag; may be repeated")
  static let fields = Option("fields", .text, "LIST", repetition: .commaList, summary: "Fields")
  static let part = Option("part", .choice(["vector", "payload"]), repetition: .commaList, summary: "Parts")
  static let once = Option("once", .text, "TEXT", repetition: .once, summary: "Given once")
  static let limit = Option("limit", .size(minimum: 1024), "SIZE", summary: "How large")
  static let since = Option("since", .time, "TIME", summary: "How old")
  static let mode = Option("mode", .fileMode, "MODE", summary: "Permissions")
  static let cast = Option(
    "cast", .assignment(values: ["int", "float"]), "FIELD=TYPE", repetition: .list, summary: "Types")
  static let set = Option("set", .assignment(), "PATH=JSON", repetition: .list, summary: "Values")
  static let exact = Option("exact", .flag, negation: "off", summary: "Be exact")
  static let noHeader = Option("no-header", .flag, summary: "No header")
  static let ids = Option("ids", .path(.file), "FILE", summary: "Ids")
  static let all = Option("all", .flag, summary: "All")
  static let confirm = Option("confirm", .text, "NAME", summary: "Confirm")
  static let dims = Option("dims", .integer(1...65_536), "N", isRequired: true, summary: "Dimensions")

  static let collection = Operand("COLLECTION", .one, .path(.collection), summary: "the collection's folder")
  static let done = [ExitNote(0, "done")]

  static let find = Command(
    "find", aliases: ["look"], group: "Work", summary: "find things", description: ["Finds things."],
    operands: [collection, Operand("ID", .any, summary: "ids")],
    options: [
      k, far, name, tag, fields, part, once, limit, since, mode, cast, set, exact, noHeader, ids, all,
      confirm,
    ],
    sharedOptions: [output, wait, threads],
    exclusiveGroups: [ExclusiveGroup(["ids", "all", "ID"])],
    dependencies: [Dependency("confirm", needs: "all")],
    examples: [Example("toy find docs -k 3", "Find three.")], exitNotes: done)
  static let make = Command(
    "make", group: "Work", summary: "make things", description: ["Makes things."],
    operands: [collection, Operand("ACTION", .optional, .choice(["fast", "slow"]), summary: "how")],
    options: [dims], sharedOptions: [wait], examples: [Example("toy make docs --dims 3", "Make one.")],
    exitNotes: done)
  static let pick = Command(
    "pick", group: "Work", summary: "pick one", description: ["Picks one."], operands: [collection],
    options: [ids, all], exclusiveGroups: [ExclusiveGroup(["ids", "all"], isRequired: true)],
    examples: [Example("toy pick docs --all", "Pick all.")], exitNotes: done)

  static let table = CommandTable(
    program: "toy", version: "1", summary: "a toy", description: ["A toy."], commands: [find, make, pick],
    groups: ["Work"], globalOptions: [help, version, quiet, verbose, color], examples: [], exitNotes: done,
    environment: [], files: [], diagnostics: [], closing: [], date: "January 1, 2026")

  /// Parses words split at spaces.
  static func parse(_ line: String, environment: [String: String] = [:]) throws(UsageFailure) -> Invocation {
    try parse(line.split(separator: " ").map(String.init), environment: environment)
  }

  static func parse(_ words: [String], environment: [String: String] = [:]) throws(UsageFailure) -> Invocation
  {
    try ArgumentParser(table) { environment[$0] }.parse(words)
  }

  /// What a line asks for, which must be to run a command.
  static func run(_ words: [String], environment: [String: String] = [:]) throws -> ParsedArguments {
    guard case .run(let parsed) = try parse(words, environment: environment) else { throw NotARun() }
    return parsed
  }

  static func run(_ line: String, environment: [String: String] = [:]) throws -> ParsedArguments {
    try run(line.split(separator: " ").map(String.init), environment: environment)
  }

  struct NotARun: Error {}
}
