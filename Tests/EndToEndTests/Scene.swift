import Foundation
import TestSupport
import Testing

/// A temporary folder in which the built tool runs.
final class Scene {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A scene with the collection `a.vdb` of three numbers, cosine, and the rows a, b and c.
  static func small() throws -> Scene {
    let scene = try Scene()
    try scene.folder.write("rows.jsonl", scene.rows)
    try scene.succeed("import", "--create", "a.vdb", "rows.jsonl")
    return scene
  }

  /// The records of `small`.
  let rows = """
    {"id":"a","vector":[1,0,0],"payload":{"lang":"en","n":1}}
    {"id":"b","vector":[0,1,0],"payload":{"lang":"de","old":{"x":1,"y":2}}}
    {"id":"c","vector":[0.25,0.5,1]}

    """

  @discardableResult
  func run(
    _ arguments: [String], stdin: String? = nil, environment: [String: String] = [:]
  ) throws -> ToolResult {
    try Tool.run(arguments, stdin: stdin.map { Array($0.utf8) }, environment: environment, in: folder.path)
  }

  @discardableResult
  func run(_ arguments: String..., stdin: String? = nil) throws -> ToolResult {
    try run(arguments, stdin: stdin)
  }

  /// Runs a command that must end with status 0.
  @discardableResult
  func succeed(_ arguments: String..., stdin: String? = nil) throws -> ToolResult {
    let result = try run(arguments, stdin: stdin)
    #expect(result.status == 0, "vdb \(arguments.joined(separator: " ")): \(result.errors)")
    return result
  }

  /// Runs a command that must end with `status` and leave every file as it was.
  @discardableResult
  func fail(
    _ status: Int32, _ arguments: String..., stdin: String? = nil, says text: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> ToolResult {
    let before = try contents()
    let result = try run(arguments, stdin: stdin)
    #expect(
      result.status == status, "vdb \(arguments.joined(separator: " ")): \(result.errors)",
      sourceLocation: sourceLocation)
    if let text { #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation) }
    #expect(try contents() == before, "a failed command left traces", sourceLocation: sourceLocation)
    return result
  }

  /// The single JSON object that a command writes.
  func json(_ arguments: String..., stdin: String? = nil) throws -> [String: Any] {
    try json(arguments, stdin: stdin)
  }

  func json(_ arguments: [String], stdin: String? = nil) throws -> [String: Any] {
    let result = try run(arguments + ["--json"], stdin: stdin)
    let object = try JSONSerialization.jsonObject(with: Data(result.stdout))
    return try #require(object as? [String: Any], "\(result.errors)")
  }

  /// The number of rows that `count` gives.
  func count(_ collection: String = "a.vdb") throws -> Int? {
    Int(try run("count", collection).output.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// The line that `get` gives for an id.
  func get(_ id: String, _ collection: String = "a.vdb") throws -> [String: Any] {
    let result = try run("get", collection, id)
    let object = try JSONSerialization.jsonObject(with: Data(result.stdout))
    return try #require(object as? [String: Any], "\(result.errors)")
  }

  /// Every file below the folder with its bytes, but for the note about the last writer.
  func contents() throws -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    let names = FileManager.default.enumerator(atPath: folder.path)
    while let name = names?.nextObject() as? String {
      var isFolder: ObjCBool = false
      let path = folder.file(name)
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !name.hasSuffix("lock.info")
      else { continue }
      let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      guard type == .typeDirectory || type == .typeRegular else { continue }
      result[name] = isFolder.boolValue ? [] : [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    return result
  }

  /// The names in a folder below the scene's.
  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: self.folder.file(folder)).sorted()
  }

  /// Lines of records named k and a number, with vectors of `dimension` numbers.
  static func lines(_ range: Range<Int>, dimension: Int = 3) -> String {
    var text = ""
    for i in range {
      let numbers = (0..<dimension).map { "\(Float((i * 31 + $0 * 7) % 101 + 1) / 128)" }
      text += "{\"id\":\"k\(i)\",\"vector\":[\(numbers.joined(separator: ","))],\"payload\":{\"n\":\(i)}}\n"
    }
    return text
  }

  /// The same with whole numbers as ids.
  static func integerLines(_ range: Range<Int>, dimension: Int) -> String {
    var text = ""
    for i in range {
      let numbers = (0..<dimension).map { "\(Float((i * 31 + $0 * 7) % 101 + 1) / 128)" }
      text += "{\"id\":\(i),\"vector\":[\(numbers.joined(separator: ","))]}\n"
    }
    return text
  }

  /// Runs `body` while another process holds the writer lock of a collection.
  func whileLocked(_ collection: String = "a.vdb", _ body: () throws -> Void) throws {
    let pipe = folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    let writer = try Tool.start(["insert", collection, pipe], in: folder.path)
    // Opening for writing waits until the tool reads; it takes the lock right after.
    let descriptor = open(pipe, O_RDWR)
    defer { close(descriptor) }
    let info = folder.file(collection + "/lock.info")
    for _ in 0..<2000 {
      let text = (try? String(contentsOfFile: info, encoding: .utf8)) ?? ""
      if text.hasPrefix("\(writer.processID) ") { break }
      usleep(1000)
    }
    try body()
    writer.send(SIGTERM)
    _ = try writer.wait()
  }
}
