import Foundation
import TestSupport
import Testing

/// A program written from vdb-format(5) alone reads what the engine wrote.
struct IndependentReaderTests {
  /// Runs the reader on a collection; nil where there is no python3.
  private func read(_ path: String) throws -> (status: Int32, output: String, complaints: String)? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", PackageFolder.path + "/Tests/IndependentReader/independent_reader.py", path,
    ]
    let output = Pipe()
    let complaints = Pipe()
    process.standardOutput = output
    process.standardError = complaints
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errors = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus == 127 {
      print("SKIPPED: python3 is not installed, so the independent reader did not prove the page")
      return nil
    }
    return (process.terminationStatus, text, errors)
  }

  @Test(arguments: SampleStore.all) func readsWhatTheEngineWrote(_ store: SampleStore) throws {
    let folder = try TemporaryFolder("vdb-reader")
    try store.write(to: folder.path)
    guard let found = try read(folder.path) else { return }
    #expect(found.status == 0, "\(found.complaints)")
    #expect(try found.output == StoreAnswers.records(try StoreAnswers.open(folder.path)))
  }

  @Test(arguments: StoreFixtureTests.stores) func readsFixtures(_ name: String) throws {
    let folder = StoreFixtureTests.root + "/" + name
    guard let found = try read(folder + "/collection") else { return }
    #expect(found.status == 0, "\(found.complaints)")
    #expect(try found.output == String(contentsOfFile: folder + "/records.jsonl", encoding: .utf8))
  }

  @Test func refusesAFlippedBit() throws {
    let folder = try TemporaryFolder("vdb-reader")
    try SampleStore.all[1].write(to: folder.path)
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.file("seg")).first)
    var bytes = try folder.read("seg/" + name)
    bytes[5000] ^= 4
    try folder.write("seg/" + name, bytes)
    guard let found = try read(folder.path) else { return }
    #expect(found.status != 0 && found.complaints.contains("damage"))
  }
}
