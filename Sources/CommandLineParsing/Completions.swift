/// Scripts that teach shells to complete command lines, made from the table.
package enum Completions {
  /// Every spelling of an option.
  static func spellings(_ option: Option) -> [String] {
    var result = option.short.map { ["-\($0)"] } ?? []
    result.append(option.spelling)
    if option.negation != nil { result.append("--no-" + option.name) }
    return result
  }

  /// The words that can stand as the value; nil when they cannot be listed.
  static func words(_ kind: ValueKind) -> [String]? {
    switch kind {
    case .choice(let words): words
    case .integer(_, let word?): [word]
    case .integer(_, nil), .number, .size, .duration, .time, .fileMode, .text, .path, .assignment, .flag,
      .count:
      nil
    }
  }

  static func path(_ kind: ValueKind) -> PathKind? { if case .path(let path) = kind { path } else { nil } }

  /// The names that stand for a command.
  static func names(_ command: Command) -> [String] { [command.name] + command.aliases }
}

// MARK: - bash

extension Completions {
  /// For `share/bash-completion/completions/vdb`; needs bash 4 and nothing else.
  package static func bash(_ table: CommandTable) -> String {
    let program = table.program
    var text = """
      # bash completion for \(program), made by "\(program) completions bash".

      _\(program)_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }
      _\(program)_files() { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$1"); }
      _\(program)_folders() { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$1"); }

      # Whether option $2 of command $1 is followed by a value.
      _\(program)_takes_value() {
        case "$1,$2" in

      """
    let leading = table.leadingOptions.filter(\.kind.takesValue)
    text += "    ,*) case \"$2\" in \(leading.flatMap(spelled).joined(separator: "|"))) return 0 ;; esac ;;\n"
    for command in table.commands {
      let takers = table.options(of: command).filter(\.kind.takesValue).flatMap(spelled)
      let pattern = names(command).map { $0 + ",*" }.joined(separator: "|")
      text += "    \(pattern)) case \"$2\" in \(takers.joined(separator: "|"))) return 0 ;; esac ;;\n"
    }
    text += """
        esac
        return 1
      }

      _\(program)() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="" command="" word index=0 i taken=0 ended=0
        COMPREPLY=()
        for ((i = 1; i < COMP_CWORD; i++)); do
          word="${COMP_WORDS[i]}"
          if [[ "$word" == "=" ]]; then taken=1; continue; fi
          if ((taken)); then taken=0; previous=""; continue; fi
          if ((!ended)) && [[ "$word" == "--" ]]; then ended=1; continue; fi
          if ((!ended)) && [[ "$word" == -?* ]]; then
            previous="$word"
            if [[ "$word" != *=* ]] && _\(program)_takes_value "$command" "$word"; then taken=1; fi
            continue
          fi
          if [[ -z "$command" ]]; then command="$word"; else ((index++)); fi
        done
        if [[ "$current" == "=" ]]; then current=""; fi
        if ((taken)); then
          case "$command,$previous" in

      """
    for command in table.commands {
      for option in command.options + command.sharedOptions where option.kind.takesValue {
        let patterns = names(command).flatMap { name in spelled(option).map { "\(name),\($0)" } }
        text += bashValue(patterns, option.kind, program)
      }
    }
    for option in table.leadingOptions where option.kind.takesValue {
      text += bashValue(spelled(option).map { "*,\($0)" }, option.kind, program)
    }
    text += """
          esac
          return
        fi
        if [[ -z "$command" ]]; then
          if [[ "$current" == -* ]]; then
            _\(program)_words "\(table.leadingOptions.flatMap(spellings).joined(separator: " "))" "$current"
          else
            _\(program)_words "\(table.commands.map(\.name).joined(separator: " "))" "$current"
          fi
          return
        fi
        if ((!ended)) && [[ "$current" == -* ]]; then
          case "$command" in

      """
    for command in table.commands {
      let all = table.options(of: command).flatMap(spellings).joined(separator: " ")
      text += "      \(names(command).joined(separator: "|"))) _\(program)_words \"\(all)\" \"$current\" ;;\n"
    }
    text += """
          esac
          return
        fi
        case "$command,$index" in

      """
    for command in table.commands {
      for (index, operand) in command.operands.enumerated() {
        let place = operand.isVariadic ? "*" : String(index)
        let pattern = names(command).map { "\($0),\(place)" }.joined(separator: "|")
        switch operand.kind {
        case .choice(let words):
          text += "    \(pattern)) _\(program)_words \"\(words.joined(separator: " "))\" \"$current\" ;;\n"
        case .path(.file): text += "    \(pattern)) _\(program)_files \"$current\" ;;\n"
        case .path(.folder), .path(.collection):
          text += "    \(pattern)) _\(program)_folders \"$current\" ;;\n"
        case .text:
          if operand.name == "COMMAND" {
            let words = table.commands.map(\.name).joined(separator: " ")
            text += "    \(pattern)) _\(program)_words \"\(words)\" \"$current\" ;;\n"
          }
        }
      }
    }
    text += """
        esac
      }

      complete -F _\(program) \(program)

      """
    return text
  }

  private static func spelled(_ option: Option) -> [String] {
    (option.short.map { ["-\($0)"] } ?? []) + [option.spelling]
  }

  private static func bashValue(_ patterns: [String], _ kind: ValueKind, _ program: String) -> String {
    let head = "      \(patterns.joined(separator: "|"))) "
    if let words = words(kind) {
      return head + "_\(program)_words \"\(words.joined(separator: " "))\" \"$current\" ;;\n"
    }
    switch path(kind) {
    case .file: return head + "_\(program)_files \"$current\" ;;\n"
    case .folder, .collection: return head + "_\(program)_folders \"$current\" ;;\n"
    case nil: return head + ";;\n"
    }
  }
}
