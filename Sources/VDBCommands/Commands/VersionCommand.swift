package import CommandLineParsing
import VectorMath

/// The command `vdb version`.
package enum VersionCommand: ToolCommand {
  /// The version of this program.
  package static let version = "0.1.0"
  /// What files record as the program that wrote them.
  static let creator = "vdb " + version

  package static let command = Command(
    "version", group: "Tools", summary: "print the version",
    description: [
      "Prints the version of this program. `--json` adds the versions of the file format that it reads and writes."
    ],
    sharedOptions: [SharedOptions.json],
    examples: [Example("vdb version", "Print the version.")],
    exitNotes: [ExitNotes.done, ExitNotes.note(.usage)], seeAlso: ["help"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    guard context.isJSON else { return try context.output.write("vdb \(version)\n") }
    var json = JSONText()
    json.beginObject()
    json.member("schema", "vdb.version/1")
    json.member("version", version)
    json.member("format_read", ["1"])
    json.member("format_written", "1")
    json.member("compiler", compiler)
    json.member("architecture", architecture)
    json.member("instruction_set", InstructionSet.current.name)
    json.endObject()
    try context.output.write(json.text + "\n")
  }

  private static var compiler: String {
    #if compiler(>=6.4)
    "Swift 6.4 or newer"
    #elseif compiler(>=6.3)
    "Swift 6.3"
    #else
    "Swift 6.2"
    #endif
  }

  private static var architecture: String {
    #if arch(x86_64)
    "x86_64"
    #elseif arch(arm64)
    "arm64"
    #else
    "other"
    #endif
  }
}
