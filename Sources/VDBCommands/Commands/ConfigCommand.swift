package import CommandLineParsing
import FileStorage
import VectorDatabase

/// The command `vdb config`.
package enum ConfigCommand: ToolCommand {
  package static let showOrigin = Option(
    "show-origin", .flag, summary: "Say where every value comes from")

  package static let command = Command(
    "config", group: "Lifecycle", summary: "read and change the settings of a collection",
    description: [
      "`list` prints every setting, `get` one of them, `set` changes one and `unset` goes back to the default. A change is one new version of the collection.",
      "Settings: `wal.max-bytes` and `wal.max-records` say how long the log may become before it is turned into a segment. `index.kind` says which index `import` builds of what it adds.",
    ],
    operands: [
      Operands.collection,
      Operand("ACTION", .one, .choice(["list", "get", "set", "unset"]), summary: "list, get, set or unset"),
      Operand("KEY", .optional, summary: "the setting's name"),
      Operand("VALUE", .optional, summary: "its new value"),
    ],
    options: [showOrigin],
    sharedOptions: SharedOptions.changing,
    examples: [
      Example("vdb config docs.vdb list --show-origin", "Print all settings and where they come from."),
      Example("vdb config docs.vdb set wal.max-bytes 64M", "Allow a longer log."),
    ],
    exitNotes: ExitNotes.sorted([ExitNote(1, "the setting asked for has no value")], ExitNotes.writing),
    isMutating: true, seeAlso: ["info", "checkpoint"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let action = arguments.operand(1) ?? "list"
    let wanted = ["list": 2, "get": 3, "set": 4, "unset": 3][action] ?? 2
    guard arguments.operands.count == wanted else {
      let missing = arguments.operands.count < wanted
      throw CommandFailure(
        .usage, code: missing ? "missing-operand" : "extra-operand",
        missing
          ? "'config \(action)' needs \(action == "set" ? "a key and a value" : "a key")"
          : "'config \(action)' takes no word '\(arguments.operands[wanted])'",
        showsHelp: true)
    }
    let key = try arguments.operand(2).map { (name) throws(CommandFailure) in try setting(name) }
    let collection = try context.openCollection()
    switch (action, key) {
    case ("set", let key?):
      try change(key, try value(arguments.operand(3) ?? "", of: key), collection, context)
    case ("unset", let key?): try change(key, nil, collection, context)
    default: try show(key, collection, &context)
    }
  }

  private static func setting(_ name: String) throws(CommandFailure) -> SettingKey {
    if let key = SettingKey.named(name) { return key }
    let near = Suggestions.nearest(to: name, among: SettingKey.all.map(\.name))
    throw CommandFailure(
      .usage, code: "unknown-setting", "there is no setting '\(name)'",
      hint: near.first.map { "did you mean \($0)?" } ?? "vdb config COLLECTION list shows all settings")
  }

  /// The value as it is stored: a size with a unit becomes a number of bytes.
  private static func value(_ text: String, of key: SettingKey) throws(CommandFailure) -> String {
    var value = text
    if key.isSize, let bytes = ValueParsing.bytes(text) { value = "\(bytes)" }
    do throws(DatabaseError) {
      try key.check(value)
    } catch {
      throw CommandFailure(
        .usage, code: "invalid-setting", error.description,
        hint: key.isSize ? "a size may have a unit, such as 64M" : nil)
    }
    return value
  }

  private static func show(
    _ key: SettingKey?, _ collection: Collection, _ context: inout CommandContext
  ) throws(CommandFailure) {
    let stored = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }.manifest
      .settings
    let shown = key.map { [$0] } ?? SettingKey.all
    let hasOrigin = context.arguments.flag(showOrigin)
    if let key, stored[key.name] == nil, !key.hasDefault { context.exitStatus = .negative }
    if context.isJSON {
      var json = JSONOutput.begin(.config)
      json.member("collection", context.collectionPath)
      json.key("settings")
      json.beginArray()
      for key in shown {
        json.beginObject()
        json.member("key", key.name)
        json.key("value")
        append(stored[key.name] ?? (key.hasDefault ? key.defaultValue : nil), of: key, to: &json)
        json.member("origin", stored[key.name] == nil ? "default" : "collection")
        json.member("meaning", key.meaning)
        json.endObject()
      }
      json.endArray()
      return try JSONOutput.end(json, to: context)
    }
    if let key, !hasOrigin {
      if let value = stored[key.name] ?? (key.hasDefault ? key.defaultValue : nil) {
        try context.output.write(value + "\n")
      }
      return
    }
    var table = Table(
      [("KEY", .left), ("VALUE", .left)] + [hasOrigin ? ("ORIGIN", .left) : ("MEANING", .left)])
    for key in shown {
      table.add([
        key.name, stored[key.name] ?? key.defaultValue,
        hasOrigin ? (stored[key.name] == nil ? "default" : "collection") : key.meaning,
      ])
    }
    try table.write(nil, to: context)
  }

  /// A number as it is, a word as a string.
  private static func append(_ value: String?, of key: SettingKey, to json: inout CommandLineParsing.JSONText)
  {
    guard let value else { return json.null() }
    if key.words.isEmpty { json.raw(value) } else { json.value(value) }
  }

  private static func change(
    _ key: SettingKey, _ value: String?, _ collection: Collection, _ context: CommandContext
  ) throws(CommandFailure) {
    let writer = try context.openWriter(collection)
    let old = writer.state.manifest.settings[key.name]
    let isChange = old != value
    do throws(CommandFailure) {
      try context.checkForStop()
      if isChange, !context.isDryRun {
        _ = try engine { () throws(DatabaseError) in try writer.configure(key.name, value) }
      }
    } catch {
      writer.close()
      throw error
    }
    context.close(writer)
    let now = value ?? "\(key.defaultValue) (the default)"
    if !isChange {
      context.messages.note("\(key.name) is \(now) already; nothing was changed")
    } else if context.isDryRun {
      context.messages.note("would set \(key.name) to \(now)")
    } else {
      context.messages.note("\(key.name) is now \(now) (version \(writer.version))")
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.config)
    json.member("collection", context.collectionPath)
    json.member("key", key.name)
    json.key("value")
    append(value, of: key, to: &json)
    json.member("changed", isChange && !context.isDryRun)
    json.member("dry_run", context.isDryRun)
    json.member("version", writer.version)
    try JSONOutput.end(json, to: context)
  }
}
