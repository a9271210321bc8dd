/// The table as a JSON document.
package enum HelpJSON {
  /// Every command and option, or one command; schema `vdb.help/1`.
  package static func document(_ table: CommandTable, _ only: Command?) -> String {
    var json = JSONText()
    json.beginObject()
    json.member("schema", "vdb.help/1")
    json.member("program", table.program)
    json.member("version", table.version)
    json.key("global_options")
    add(table.globalOptions, to: &json)
    json.key("commands")
    json.beginArray()
    for command in only.map({ [$0] }) ?? table.commands { add(command, table, to: &json) }
    json.endArray()
    json.key("exit_status")
    add(table.exitNotes, to: &json)
    json.key("environment")
    json.beginArray()
    for (name, text) in table.environment {
      json.beginObject()
      json.member("name", name)
      json.member("summary", TextLayout.plain(text))
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.text
  }

  private static func add(_ command: Command, _ table: CommandTable, to json: inout JSONText) {
    json.beginObject()
    json.member("name", command.name)
    json.member("aliases", command.aliases)
    json.member("group", command.group)
    json.member("summary", command.summary)
    json.member("description", command.description.map(TextLayout.plain))
    json.member("usage", command.usage(program: table.program))
    json.member("mutating", command.isMutating)
    json.key("arguments")
    json.beginArray()
    for operand in command.operands {
      json.beginObject()
      json.member("name", operand.name)
      json.member("required", operand.isRequired)
      json.member("repeated", operand.isVariadic)
      if case .choice(let words) = operand.kind { json.member("choices", words) }
      json.member("summary", operand.summary)
      json.endObject()
    }
    json.endArray()
    json.key("options")
    add(command.options + command.sharedOptions, to: &json)
    json.key("exclusive")
    json.beginArray()
    for group in command.exclusiveGroups {
      json.beginObject()
      json.member("members", group.members)
      json.member("required", group.isRequired)
      json.endObject()
    }
    json.endArray()
    json.key("needs")
    json.beginArray()
    for dependency in command.dependencies {
      json.beginObject()
      json.member("option", dependency.option)
      json.member("one_of", dependency.needsOneOf)
      json.endObject()
    }
    json.endArray()
    json.key("examples")
    json.beginArray()
    for example in command.examples {
      json.beginObject()
      json.member("line", example.line)
      json.member("note", example.note)
      json.endObject()
    }
    json.endArray()
    json.key("exit_status")
    add(command.exitNotes, to: &json)
    json.endObject()
  }

  private static func add(_ notes: [ExitNote], to json: inout JSONText) {
    json.beginArray()
    for note in notes {
      json.beginObject()
      json.member("status", note.status)
      json.member("when", note.when)
      json.endObject()
    }
    json.endArray()
  }

  private static func add(_ options: [Option], to json: inout JSONText) {
    json.beginArray()
    for option in options {
      json.beginObject()
      json.member("name", option.name)
      if let short = option.short { json.member("short", String(short)) }
      json.member("kind", option.kind.name)
      if option.kind.takesValue { json.member("placeholder", option.placeholder) }
      if case .choice(let words) = option.kind { json.member("choices", words) }
      if case .integer(let range, let word) = option.kind {
        json.member("minimum", range.lowerBound)
        json.member("maximum", range.upperBound)
        if let word { json.member("word", word) }
      }
      json.member("repeated", option.repetition == .list || option.repetition == .commaList)
      json.member("required", option.isRequired)
      if option.negation != nil { json.member("negation", "no-" + option.name) }
      if let value = option.defaultValue { json.member("default", value) }
      if let variable = option.environment { json.member("environment", variable) }
      json.member("summary", TextLayout.plain(option.summary))
      if !option.details.isEmpty { json.member("details", TextLayout.plain(option.details)) }
      json.endObject()
    }
    json.endArray()
  }
}

extension ValueKind {
  /// The kind's name in documents for programs.
  package var name: String {
    switch self {
    case .flag: "flag"
    case .count: "count"
    case .text: "text"
    case .path(.file): "file"
    case .path(.folder): "folder"
    case .path(.collection): "collection"
    case .integer: "integer"
    case .number: "number"
    case .size: "size"
    case .duration: "duration"
    case .time: "time"
    case .fileMode: "mode"
    case .choice: "choice"
    case .assignment: "assignment"
    }
  }
}
