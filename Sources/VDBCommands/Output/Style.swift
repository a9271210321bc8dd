/// Colours of text, on a terminal only.
package struct Style: Sendable {
  /// Whether colours are used.
  package let isColored: Bool

  /// No colours.
  package static let plain = Style(isColored: false)

  private init(isColored: Bool) { self.isColored = isColored }

  /// Decides by `--color`, `NO_COLOR`, `FORCE_COLOR`, `TERM` and whether the stream is a terminal.
  package init(_ choice: String?, isTerminal: Bool, environment: Environment) {
    switch choice {
    case "always": isColored = true
    case "never": isColored = false
    default:
      if let value = environment["NO_COLOR"], !value.isEmpty {
        isColored = false
      } else if let value = environment["FORCE_COLOR"], !value.isEmpty, value != "0" {
        isColored = true
      } else {
        isColored = isTerminal && environment["TERM"] != "dumb"
      }
    }
  }

  /// The text in bold.
  package func bold(_ text: String) -> String { colored("1", text) }
  /// The text in red.
  package func red(_ text: String) -> String { colored("31", text) }
  /// The text in yellow.
  package func yellow(_ text: String) -> String { colored("33", text) }

  private func colored(_ code: String, _ text: String) -> String {
    isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
