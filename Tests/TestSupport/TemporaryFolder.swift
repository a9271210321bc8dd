import Foundation

/// A new folder that is removed with all it holds when its last user is gone.
package final class TemporaryFolder: Sendable {
  /// Absolute path, without a slash at the end.
  package let path: String

  /// Makes the folder below `TMPDIR` or `/tmp`.
  package init(_ label: String = "vdb-test") throws {
    let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    path = parent + "/" + label + "-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit {
    // A test may have taken rights away.
    if let names = FileManager.default.enumerator(atPath: path) {
      for case let name as String in names {
        let inner = path + "/" + name
        guard let type = try? FileManager.default.attributesOfItem(atPath: inner)[.type] as? FileAttributeType
        else { continue }
        if type == .typeDirectory { _ = unsafe chmod(inner, 0o700) }
      }
    }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The path of a name inside.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file inside and returns its path.
  @discardableResult
  package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// Writes a text file inside and returns its path.
  @discardableResult
  package func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  /// The bytes of a file inside.
  package func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  /// The names directly inside, sorted.
  package func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
