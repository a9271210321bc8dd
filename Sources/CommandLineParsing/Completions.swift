package enum Completions {
  package static func bash(_ table: CommandTable) -> String { "" }
  package static func zsh(_ table: CommandTable) -> String { "" }
  package static func fish(_ table: CommandTable) -> String { "" }
}
