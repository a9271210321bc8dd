import CommandLineParsing
import Foundation
import TestSupport
import Testing
import VDBCommands

/// Files that are generated and kept in the repository.
enum Golden {
  /// Compares a text with the file at `path` below the package's folder; writes the file when `VDB_RECORD` is 1.
  static func expect(_ text: String, at path: String) throws {
    let file = PackageFolder.path + "/" + path
    if ProcessInfo.processInfo.environment["VDB_RECORD"] == "1" {
      let folder = (file as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      return
    }
    let kept = try? String(contentsOfFile: file, encoding: .utf8)
    #expect(kept == text, "\(path) is not what the table of commands says; VDB_RECORD=1 rewrites it")
  }

  /// The names in a folder below the package's folder.
  static func names(in folder: String) -> Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: PackageFolder.path + "/" + folder)) ?? [])
  }

  /// Runs a program with text as its standard input; nil when it is not installed.
  static func run(_ program: String, _ arguments: [String], input: String = "", folder: String? = nil) throws
    -> (status: Int32, output: String)?
  {
    let folders = ["/usr/bin", "/bin", "/usr/local/bin"]
    guard let path = folders.map({ $0 + "/" + program }).first(where: FileManager.default.isExecutableFile)
    else {
      return nil
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": NSTemporaryDirectory()]
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    let output = Pipe()
    let standardInput = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = standardInput
    try process.run()
    standardInput.fileHandleForWriting.write(Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}

extension Command: CustomTestStringConvertible {
  package var testDescription: String { name }
}
