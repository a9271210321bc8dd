import CommandLineParsing
import FileStorage

/// JSON that stands on the command line.
enum JSONArgument {
  /// Reads a value.
  ///
  /// - Throws: status 2 for malformed JSON.
  static func value(_ text: String, _ name: String) throws(CommandFailure) -> JSONValue {
    do throws(JSONError) {
      return try JSONParser.parse(text)
    } catch {
      throw CommandFailure(
        .usage, code: "json-syntax",
        "\(name): expected \(error.expected) at byte \(error.offset), found \(error.found)",
        hint: "in a shell, put JSON in single quotes; a text is written as '\"text\"'")
    }
  }

  /// Reads an object and gives its canonical form.
  ///
  /// - Throws: status 2 for malformed JSON and for anything but an object.
  static func object(_ text: String, _ option: Option) throws(CommandFailure) -> [UInt8] {
    let value = try value(text, option.spelling)
    guard case .object = value else {
      throw CommandFailure(.usage, code: "payload-not-object", "\(option.spelling): expected a JSON object")
    }
    return try canonical(value, option.spelling)
  }

  /// The canonical form of a value.
  static func canonical(_ value: JSONValue, _ name: String) throws(CommandFailure) -> [UInt8] {
    do throws(JSONError) {
      return try CanonicalJSON.encode(value)
    } catch {
      throw CommandFailure(
        .usage, code: "json-syntax", "\(name): expected \(error.expected), found \(error.found)")
    }
  }
}
