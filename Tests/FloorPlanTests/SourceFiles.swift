import Foundation
import TestSupport

/// One Swift file below `Sources`.
struct SourceFile {
  /// Path below `Sources`.
  let path: String
  let text: String
  /// The text without comments and without the contents of string literals.
  let code: String

  /// The target that the file belongs to.
  var target: String { String(path.prefix { $0 != "/" }) }

  init(path: String, text: String) {
    self.path = path
    self.text = text
    code = SourceFile.strip(text)
  }

  /// Every file, sorted by path.
  static func all() throws -> [SourceFile] {
    let root = PackageFolder.path + "/Sources"
    let names = (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []).sorted()
    return try names.filter { $0.hasSuffix(".swift") }.map {
      SourceFile(path: $0, text: try String(contentsOfFile: root + "/" + $0, encoding: .utf8))
    }
  }

  /// Names of the modules that the file imports.
  var imports: [String] {
    code.matches(of: /(?m)^\s*(?:@\w+ )*(?:\w+ )?import (?:struct |class |enum |func |protocol )?(\w+)/).map {
      String($0.1)
    }
  }

  /// Whether the code, not a comment or a text, holds the pattern.
  func has(_ pattern: Regex<Substring>) -> Bool { code.contains(pattern) }

  /// Takes out comments and the contents of string literals, so that words in them do not count.
  ///
  /// Code within an interpolation goes with its literal.
  static func strip(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    func starts(_ literal: String) -> Bool { bytes[index...].starts(with: literal.utf8) }
    while index < bytes.count {
      if starts("//") {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
      } else if starts("/*") {
        while index < bytes.count, !starts("*/") { index += 1 }
        index += 2
      } else if bytes[index] == UInt8(ascii: "\"") || isRawString(bytes, index) {
        var hashes = 0
        while bytes[index] == UInt8(ascii: "#") {
          hashes += 1
          index += 1
        }
        let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
        index += quotes.utf8.count
        let end = quotes + String(repeating: "#", count: hashes)
        while index < bytes.count, !starts(end) {
          if hashes == 0, bytes[index] == UInt8(ascii: "\\") { index += 1 }
          index += 1
        }
        index += end.utf8.count
        result += Array("\"\"".utf8)
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isRawString(_ bytes: [UInt8], _ start: Int) -> Bool {
    guard bytes[start] == UInt8(ascii: "#") else { return false }
    var index = start
    while index < bytes.count, bytes[index] == UInt8(ascii: "#") { index += 1 }
    return index < bytes.count && bytes[index] == UInt8(ascii: "\"")
  }
}
