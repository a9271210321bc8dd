import CommandLineParsing
import Foundation
import TestSupport
import Testing
import VDBCommands

/// What the shells themselves make of the scripts; a shell that is not installed is skipped and said so.
@Suite struct CompletionTests {
  /// A line to complete and words that must, and must not, be offered.
  static let cases: [(line: String, offered: [String], missing: [String])] = [
    ("vdb se", ["search"], ["scan"]),
    ("vdb ", ["create", "search", "completions"], ["--help"]),
    ("vdb --thr", ["--threads"], ["--quiet"]),
    ("vdb --threads 4 sc", ["scan"], ["search"]),
    ("vdb search --vec", ["--vector", "--vector-field"], ["--id"]),
    ("vdb create --metric ", ["cosine", "dot", "l2"], ["f32"]),
    ("vdb create x --type f", ["f32", "f16"], ["cosine"]),
    ("vdb completions ", ["bash", "zsh", "fish"], ["--help"]),
    ("vdb config docs ", ["list", "get", "set", "unset"], ["bash"]),
    ("vdb check --str", ["--strict"], ["--quick"]),
    ("vdb search docs -k a", ["all"], ["auto"]),
    ("vdb import --create docs x --cast ", [], ["--help"]),
    ("vdb search --no-", ["--no-color", "--no-progress", "--no-input"], ["--color"]),
    ("vdb help se", ["search"], ["scan"]),
  ]

  @Test func bashOffersTheRightWords() throws {
    var script = Completions.bash(CommandCatalog.table)
    for example in Self.cases {
      let words = example.line.split(separator: " ", omittingEmptySubsequences: false).map { "'\($0)'" }
      script +=
        "COMP_WORDS=(\(words.joined(separator: " "))); COMP_CWORD=\(words.count - 1); _vdb; echo \"${COMPREPLY[*]}\"\n"
    }
    guard let (_, output) = try Golden.run("bash", ["--norc", "-s"], input: script) else {
      print("SKIPPED: bash is not installed; its completions were not tried")
      return
    }
    check(
      output.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.split(separator: " ").map(String.init)
      })
  }

  @Test func fishOffersTheRightWords() throws {
    var script = Completions.fish(CommandCatalog.table)
    for example in Self.cases {
      script += "echo (complete -C '\(example.line)' | string replace -r '\\t.*' '')\n"
    }
    guard let (_, output) = try Golden.run("fish", ["--no-config"], input: script) else {
      print("SKIPPED: fish is not installed; its completions were not tried")
      return
    }
    check(
      output.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.split(separator: " ").map(String.init)
      })
  }

  @Test func zshAcceptsTheScript() throws {
    let file = NSTemporaryDirectory() + "vdb-zsh-\(ProcessInfo.processInfo.processIdentifier)"
    try Completions.zsh(CommandCatalog.table).write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    guard let (status, output) = try Golden.run("zsh", ["-n", file]) else {
      print("SKIPPED: zsh is not installed; its completions were not tried")
      return
    }
    #expect(status == 0 && output.isEmpty, "\(output)")
  }

  private func check(_ answers: [[String]]) {
    #expect(answers.count >= Self.cases.count)
    for (example, answer) in zip(Self.cases, answers) {
      for word in example.offered { #expect(answer.contains(word), "\(example.line) offers \(answer)") }
      for word in example.missing { #expect(!answer.contains(word), "\(example.line) offers \(answer)") }
    }
  }
}
