import FileStorage
import TestSupport
import Testing
import VectorDatabase
import VectorMath

/// The note of a background build, and the lock that says whether it lives.
@Suite struct BackgroundStatusTests {
  private func collection() throws -> (SimulatedFileSystem, Collection) {
    let made = try IndexedRows(
      CollectionSettings(dimension: 3, metric: .l2, elementType: .f32, idType: .int64), .even, rows: 5,
      seed: 61)
    return (made.fs, made.collection)
  }

  private let status = BackgroundStatus(
    processID: 4711, processStart: 99, machineRun: "0b4c-1", began: 1_700_000_000_000_000_000)

  @Test func `What a build notes is what others read, and its lock says that it lives`() throws {
    let (fs, collection) = try collection()
    #expect(try BackgroundBuildView.read(collection) == BackgroundBuildView(status: nil, isAlive: false))
    do {
      let build = try BackgroundBuild(collection, status) { _, _ in false }
      #expect(try BackgroundBuildView.read(collection) == BackgroundBuildView(status: status, isAlive: true))
      let progress = IndexProgress(
        phase: "comparing", segment: 7, task: 2, tasks: 3, rows: 123_456, share: 0.5)
      build.note(progress)
      let seen = try #require(try BackgroundBuildView.read(collection).status)
      #expect(seen.progress == progress && seen.state == .running)
      // A second build, and everything that needs the maintenance lock, has to wait.
      #expect(throws: DatabaseError.locked(path: fs.rootPath, purpose: .building, holder: nil)) {
        _ = try BackgroundBuild(collection, status) { _, _ in false }
      }
      #expect(throws: DatabaseError.self) {
        try Compactor.run(collection, CompactionRequest(), patience: { _, _ in false }) {
          () throws(DatabaseError) in try IndexedRows.writer(collection)
        }
      }
      build.end(.refused, exitStatus: 1, message: "no\nbetter \u{1B}[31mthan before")
      withExtendedLifetime(build) {}
    }
    let view = try BackgroundBuildView.read(collection)
    #expect(!view.isAlive && view.status?.state == .refused && view.status?.exitStatus == 1)
    #expect(view.status?.message == "nobetter [31mthan before")
    #expect(try Verifier.run(on: fs, .standard).findings.isEmpty)
    // The next one begins a new note.
    let next = try BackgroundBuild(collection, status) { _, _ in false }
    #expect(try BackgroundBuildView.read(collection).status == status)
    withExtendedLifetime(next) {}
  }

  @Test func `A note that is none is not believed`() throws {
    let (fs, collection) = try collection()
    do {
      let build = try BackgroundBuild(collection, status) { _, _ in false }
      build.end(.done, exitStatus: 0, message: "well")
    }
    let whole = try #require(fs.contents(FileNames.rebuildStatus))
    #expect(whole.count == 4096)
    var generator = TestSupport.SeededGenerator(seed: 62)
    for round in 0..<3000 {
      var bytes = whole
      switch round % 4 {
      case 0: bytes.removeLast(generator.below(bytes.count))
      case 1: bytes = generator.bytes(generator.below(5000))
      case 2: bytes[generator.below(300)] = UInt8(generator.below(256))
      default:
        let at = generator.below(300)
        bytes.replaceSubrange(
          at..<at + 1, with: Array(["99999999999999999999", "-1", "", "x"][round / 4 % 4].utf8))
      }
      fs.setContents(FileNames.rebuildStatus, bytes)
      let view = try BackgroundBuildView.read(collection)
      #expect(!view.isAlive)
      if let status = view.status { #expect(status.processID > 0 && status.progress.share <= 1) }
    }
  }
}
