// MARK: - zsh

extension Completions {
  /// For `share/zsh/site-functions/_vdb`.
  package static func zsh(_ table: CommandTable) -> String {
    let program = table.program
    var text = """
      #compdef \(program)
      # zsh completion for \(program), made by "\(program) completions zsh".

      _\(program)_commands() {
        local -a commands=(

      """
    for command in table.commands {
      text += "    \(zshQuoted(command.name + ":" + TextLayout.plain(command.summary)))\n"
    }
    text += """
        )
        _describe command commands
      }

      _\(program)() {
        local curcontext="$curcontext" state state_descr line
        local -A opt_args
        _arguments -C -s \\

      """
    for option in table.leadingOptions { text += zshOption(option) }
    text += """
          '1:command:_\(program)_commands' \\
          '*::argument:->arguments' && return 0
        [[ $state == arguments ]] || return 1
        curcontext="${curcontext%:*:*}:\(program)-$words[1]:"
        case $words[1] in

      """
    for command in table.commands {
      text += "    \(names(command).joined(separator: "|")))\n      _arguments -s \\\n"
      for option in table.options(of: command) { text += zshOption(option) }
      for (index, operand) in command.operands.enumerated() {
        let place = operand.isVariadic ? "*" : String(index + 1)
        let colon = operand.arity == .optional ? "::" : ":"
        text += "        '\(place)\(colon)\(operand.name):\(zshAction(operand))' \\\n"
      }
      text += "        && return 0\n      ;;\n"
    }
    text += """
        esac
        return 1
      }

      _\(program) "$@"

      """
    return text
  }

  private static func zshAction(_ operand: Operand) -> String {
    switch operand.kind {
    case .choice(let words): "(\(words.joined(separator: " ")))"
    case .path(.file): "_files"
    case .path(.folder), .path(.collection): "_files -/"
    case .text: operand.name == "COMMAND" ? "_vdb_commands" : ""
    }
  }

  private static func zshOption(_ option: Option) -> String {
    let summary = TextLayout.plain(option.summary)
      .swapping("\\", with: "\\\\").swapping("[", with: "\\[").swapping("]", with: "\\]")
    var value = ""
    if option.kind.takesValue {
      value = ":\(option.placeholder.swapping(":", with: "\\:")):"
      if let words = words(option.kind) {
        value += "(\(words.joined(separator: " ")))"
      } else {
        switch path(option.kind) {
        case .file: value += "_files"
        case .folder, .collection: value += "_files -/"
        case nil: break
        }
      }
    }
    let isRepeatable = option.repetition == .list || option.repetition == .commaList || option.kind == .count
    var lines = ""
    func add(_ spelling: String, _ value: String) {
      let start = isRepeatable ? "*" : ""
      lines += "        \(zshQuoted("\(start)\(spelling)[\(summary)]\(value)")) \\\n"
    }
    if let short = option.short { add("-\(short)" + (value.isEmpty ? "" : "+"), value) }
    add(option.spelling + (value.isEmpty ? "" : "="), value)
    if option.negation != nil { add("--no-" + option.name, "") }
    return lines
  }

  private static func zshQuoted(_ text: String) -> String { "'" + text.swapping("'", with: "'\\''") + "'" }
}

// MARK: - fish

extension Completions {
  /// For `share/fish/vendor_completions.d/vdb.fish`.
  package static func fish(_ table: CommandTable) -> String {
    let program = table.program
    var text = "# fish completion for \(program), made by \"\(program) completions fish\".\n\n"
    text += "complete -c \(program) -f\n"
    let all = table.commands.flatMap(names).joined(separator: " ")
    let none = "not __fish_seen_subcommand_from \(all)"
    for command in table.commands {
      text +=
        "complete -c \(program) -n '\(none)' -a \(command.name) -d \(fishQuoted(TextLayout.plain(command.summary)))\n"
    }
    for option in table.globalOptions { text += fishOption(option, nil, program) }
    for option in table.leadingOptions where !table.globalOptions.contains(option) {
      text += fishOption(option, none, program)
    }
    for command in table.commands {
      let condition = "__fish_seen_subcommand_from \(names(command).joined(separator: " "))"
      text += "\n"
      for option in command.options + command.sharedOptions { text += fishOption(option, condition, program) }
      for operand in command.operands {
        let head = "complete -c \(program) -n '\(condition)' "
        switch operand.kind {
        case .choice(let words): text += head + "-a '\(words.joined(separator: " "))'\n"
        case .path(.file): text += head + "-F\n"
        case .path(.folder), .path(.collection): text += head + "-a '(__fish_complete_directories)'\n"
        case .text:
          if operand.name == "COMMAND" {
            text += head + "-a '\(table.commands.map(\.name).joined(separator: " "))'\n"
          }
        }
      }
    }
    return text
  }

  private static func fishOption(_ option: Option, _ condition: String?, _ program: String) -> String {
    var line = "complete -c \(program)"
    if let condition { line += " -n '\(condition)'" }
    let start = line
    if let short = option.short { line += " -s \(short)" }
    line += " -l \(option.name)"
    if option.kind.takesValue {
      if let words = words(option.kind) {
        line += " -x -a '\(words.joined(separator: " "))'"
      } else {
        switch path(option.kind) {
        case .file: line += " -r -F"
        case .folder, .collection: line += " -x -a '(__fish_complete_directories)'"
        case nil: line += " -x"
        }
      }
    }
    line += " -d \(fishQuoted(TextLayout.plain(option.summary)))\n"
    if option.negation != nil {
      line += start + " -l no-\(option.name) -d \(fishQuoted("Not --" + option.name))\n"
    }
    return line
  }

  private static func fishQuoted(_ text: String) -> String {
    "'" + text.swapping("\\", with: "\\\\").swapping("'", with: "\\'") + "'"
  }
}
