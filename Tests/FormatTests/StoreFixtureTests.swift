import FileStorage
import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Collections of released formats, kept as they were written: they open, unchanged, and answer as they did.
@Suite(.serialized) struct StoreFixtureTests {
  static let root = PackageFolder.path + "/Fixtures/stores"

  private static func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
      .sorted()
  }

  /// "v1/string-f32-cosine" and so on.
  static let stores: [String] = names(root).flatMap { version in
    names(root + "/" + version).map { version + "/" + $0 }
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  /// Every file with its bytes.
  private func contents(_ folder: String) throws -> [String: Data] {
    var result: [String: Data] = [:]
    for case let name as String in try #require(FileManager.default.enumerator(atPath: folder)) {
      result[name] = FileManager.default.contents(atPath: folder + "/" + name) ?? Data()
    }
    return result
  }

  @Test func thereAreFixtures() {
    if ProcessInfo.processInfo.environment["VDB_RECORD"] != "1" { #expect(Self.stores.count >= 5) }
  }

  @Test(arguments: stores) func opensAndAnswersAsRecorded(_ name: String) throws {
    let folder = Self.root + "/" + name
    let before = try contents(folder + "/collection")
    let snapshot = try StoreAnswers.open(folder + "/collection")
    #expect(try StoreAnswers.records(snapshot) == text(folder + "/records.jsonl"))
    #expect(try StoreAnswers.searches(snapshot) == text(folder + "/searches.jsonl"))
    #expect(try contents(folder + "/collection") == before, "reading changed a file")
  }

  /// Writing goes to a copy, with the folders that a version control system does not keep.
  @Test(arguments: stores) func aCopyCanBeCompactedWithoutChangingContent(_ name: String) throws {
    let copy = try TemporaryFolder("vdb-fixture")
    let path = copy.path + "/c"
    try FileManager.default.copyItem(atPath: Self.root + "/" + name + "/collection", toPath: path)
    for folder in FileNames.folders {
      try FileManager.default.createDirectory(atPath: path + "/" + folder, withIntermediateDirectories: true)
    }
    let collection = try Collection.open(on: try RealFileSystem(root: path))
    let before = try Snapshot.open(collection).contentHash()
    var request = CompactionRequest()
    request.full = true
    _ = try Compactor.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      try CollectionWriter(collection, origin: SampleStore.origin, creator: "test") { _, _ in false }
    }
    let after = try Snapshot.open(collection)
    #expect(try after.contentHash() == before)
    #expect(try StoreAnswers.searches(after) == text(Self.root + "/" + name + "/searches.jsonl"))
  }

  /// `VDB_RECORD=1` writes the fixtures of the present format that are missing; what is there is never touched.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["VDB_RECORD"] == "1"))
  func recordsMissingFixtures() throws {
    let files = FileManager.default
    for store in SampleStore.all {
      let folder = Self.root + "/v\(FilePrefix.currentMajor)/" + store.name
      if files.fileExists(atPath: folder) {
        print("kept: \(folder) exists and is never rewritten")
        continue
      }
      try files.createDirectory(atPath: folder + "/collection", withIntermediateDirectories: true)
      try store.write(to: folder + "/collection")
      let snapshot = try StoreAnswers.open(folder + "/collection")
      try StoreAnswers.records(snapshot).write(
        toFile: folder + "/records.jsonl", atomically: true, encoding: .utf8)
      try StoreAnswers.searches(snapshot).write(
        toFile: folder + "/searches.jsonl", atomically: true, encoding: .utf8)
    }
  }
}
