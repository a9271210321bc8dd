import CommandLineParsing
import Foundation
import TestSupport
import Testing
import VDBCommands

private let table = CommandCatalog.table

@Suite struct TableTests {
  @Test func everyDeclarationIsSound() { #expect(DeclarationChecks.problems(table) == []) }

  @Test func holdsEveryCommandOfTheCatalogue() {
    let names: Set = [
      "create", "import", "insert", "upsert", "update", "delete", "get", "scan", "count", "search", "export",
      "compact",
      "checkpoint", "verify", "info", "list", "log", "drop", "config", "gc", "version", "help", "completions",
    ]
    #expect(names.isSubset(of: Set(table.commands.map(\.name))))
  }

  /// A command that changes something can say beforehand what it would change.
  @Test(arguments: table.commands.filter(\.isMutating))
  func everyMutatingCommandHasADryRun(_ command: Command) {
    #expect(command.sharedOptions.contains { $0.name == "dry-run" && $0.short == "n" })
    #expect(command.exitNotes.contains { $0.status == 8 } || command.name == "create")
  }

  @Test(arguments: table.commands)
  func everyExampleIsUnderstood(_ command: Command) throws {
    for example in command.examples {
      for line in example.line.components(separatedBy: " | ") where line.hasPrefix("vdb ") {
        let words = Self.words(line)
        do throws(UsageFailure) {
          guard
            case .run(let parsed) = try ArgumentParser(table, environment: { _ in nil }).parse(
              Array(words.dropFirst()))
          else {
            Issue.record("\(line) runs nothing")
            continue
          }
          #expect(parsed.command.name == command.name, "\(line)")
        } catch { Issue.record("\(line): \(error.error.sentence)") }
      }
    }
  }

  @Test func theProgramsExamplesAreUnderstood() throws {
    for example in table.examples {
      _ = try ArgumentParser(table, environment: { _ in nil }).parse(
        Array(Self.words(example.line).dropFirst()))
    }
  }

  /// Splits a line as a shell does: at spaces outside single quotes.
  static func words(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " ", quote == nil {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return word.map { words + [$0] } ?? words
  }

  @Test(arguments: table.commands)
  func theShortHelpHasAtMost25LinesAndAnExample(_ command: Command) {
    for columns in [40, 60, 72, 80, 100, 300] {
      let text = Help(table, columns: columns).short(command)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      #expect(lines.count <= 25, "\(command.name) at \(columns) columns")
      #expect(lines[2].contains("vdb ") && lines[2].contains(command.name))
    }
  }

  @Test func theProgramsShortHelpHasAtMost25Lines() {
    let lines = Help(table, columns: 80).program(isLong: false).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 26)
  }
}

@Suite struct HelpGoldenTests {
  @Test(arguments: table.commands)
  func theHelpIsAsKept(_ command: Command) throws {
    let help = Help(table, columns: 80)
    try Golden.expect(help.short(command), at: "Fixtures/golden/help/\(command.name).short.txt")
    try Golden.expect(help.long(command), at: "Fixtures/golden/help/\(command.name).txt")
  }

  @Test func theProgramsHelpIsAsKept() throws {
    let help = Help(table, columns: 80)
    try Golden.expect(help.program(isLong: false), at: "Fixtures/golden/help/vdb.short.txt")
    try Golden.expect(help.program(isLong: true), at: "Fixtures/golden/help/vdb.txt")
    try Golden.expect(HelpJSON.document(table, nil) + "\n", at: "Fixtures/golden/help/vdb.json")
  }
}

@Suite struct ManPageTests {
  @Test func everyPageIsAsKept() throws {
    let pages = ManPage.all(table)
    for page in pages { try Golden.expect(page.text, at: "man/" + page.name) }
    let own = Set(pages.map(\.name))
    #expect(Golden.names(in: "man").filter { $0.hasSuffix(".1") } == own)
  }

  @Test func everyPageIsCleanForMandoc() throws {
    // In their folder, where references to each other are found.
    let names = ManPage.all(table).map(\.name)
    guard
      let (status, output) = try Golden.run(
        "mandoc", ["-Tlint", "-Wall"] + names, folder: PackageFolder.path + "/man")
    else {
      print("SKIPPED: mandoc is not installed; the manual pages were not checked")
      return
    }
    #expect(status == 0 && output.isEmpty, "\(output)")
  }
}

/// Every option is in the help, the manual, `help --json` and the completions of every shell.
@Suite struct CoverageTests {
  @Test(arguments: table.commands)
  func everyOptionIsEverywhere(_ command: Command) throws {
    let help = Help(table, columns: 80).long(command)
    let page = ManPage.page(of: command, table)
    let programPage = ManPage.programPage(table)
    let fish = Completions.fish(table)
    let bash = Completions.bash(table)
    let zsh = Completions.zsh(table)
    let bashWords = try #require(
      bash.split(separator: "\n").first {
        $0.contains("      \(([command.name] + command.aliases).joined(separator: "|"))) _vdb_words \"")
      })
    let zshPart = try #require(
      zsh.components(separatedBy: "\n    \(([command.name] + command.aliases).joined(separator: "|")))\n")
        .dropFirst().first?
        .components(separatedBy: "      ;;").first)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(HelpJSON.document(table, command).utf8)) as? [String: Any])
    let documented = try #require(
      (json["commands"] as? [[String: Any]])?.first?["options"] as? [[String: Any]])
    let global = try #require(json["global_options"] as? [[String: Any]])
    let names = Set((documented + global).compactMap { $0["name"] as? String })
    for option in table.options(of: command) {
      #expect(help.contains("  \(option.label)"), "\(option.name) in the help of \(command.name)")
      let isGlobal = table.globalOptions.contains(option)
      let tag = "Fl \\-" + option.name.replacingOccurrences(of: "-", with: "\\-")
      let lines = (isGlobal ? programPage : page).split(separator: "\n")
      #expect(
        lines.contains { $0.hasPrefix(".It ") && ($0.hasSuffix(tag) || $0.contains(tag + " ")) },
        "\(option.name) in the manual of \(command.name)")
      #expect(names.contains(option.name), "\(option.name) in help --json of \(command.name)")
      #expect(
        bashWords.contains("--\(option.name) ") || bashWords.contains("--\(option.name)\""),
        "\(option.name) in bash for \(command.name)")
      #expect(
        zshPart.contains("--\(option.name)[") || zshPart.contains("--\(option.name)=["),
        "\(option.name) in zsh for \(command.name)")
      let condition =
        isGlobal
        ? "complete -c vdb "
        : "'__fish_seen_subcommand_from \(([command.name] + command.aliases).joined(separator: " "))'"
      #expect(
        fish.split(separator: "\n").contains { $0.contains(condition) && $0.contains(" -l \(option.name) ") },
        "\(option.name) in fish for \(command.name)")
    }
    #expect(names.count == table.options(of: command).count)
  }

  @Test func documentsForProgramsAreJSON() throws {
    let json =
      try JSONSerialization.jsonObject(with: Data(HelpJSON.document(table, nil).utf8)) as? [String: Any]
    #expect(json?["schema"] as? String == "vdb.help/1")
    #expect((json?["commands"] as? [Any])?.count == table.commands.count)
  }
}
