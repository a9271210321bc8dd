package enum ManPage {
  package static func page(of command: Command, _ table: CommandTable) -> String { "" }
  package static func programPage(_ table: CommandTable) -> String { "" }
}
