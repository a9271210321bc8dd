import FileStorage
import TestSupport
import Testing
import VectorDatabase
import VectorMath

@Suite struct BitFlipTests {
  /// One bit in `VDB_FLIP_STEP` (211 unless told), of the graph's file one in three times as many: it is as large as all others
  /// and its container is that of the other index.
  @Test func `Verify finds every flipped bit and names its place`() throws {
    let step = max(1, campaignSize("VDB_FLIP_STEP") ?? 211)
    let small = try SmallCollection()
    let files = small.files()
    let bytes = files.reduce(0) { $0 + $1.bytes.count }
    #expect(bytes <= 128 << 10)
    for kind in ["VDB", "manifest/", "wal/", "seg/", "del/", "idx/"] {
      #expect(files.contains { $0.name.hasPrefix(kind) }, "no file of the kind \(kind)")
    }
    #expect(files.count { $0.name.hasPrefix("manifest/") } == 2)
    let whole = try Verifier.run(on: small.fs, .standard)
    #expect(whole.findings.isEmpty, "\(whole.findings)")

    let jobs = files.flatMap { file in
      stride(from: 0, to: file.bytes.count, by: 1024).map {
        (file.name, $0, min($0 + 1024, file.bytes.count))
      }
    }
    let graph = try #require(try small.graphFile())
    let failures = Shared<[String]>([])
    let flips = Shared(0)
    let unplaced = Shared(0)
    let byteCounts = Dictionary(uniqueKeysWithValues: files)
    let starts = Dictionary(
      uniqueKeysWithValues: zip(
        files.map(\.name), files.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.bytes.count) }))
    ParallelLoop.run(blocks: jobs.count, threads: 2) { number in
      let (name, from, to) = jobs[number]
      let fs = small.fs.crash(.everything)
      guard var damaged = byteCounts[name], let start = starts[name] else { return }
      let ownStep = name == graph ? 3 * step : step
      for offset in from..<to {
        for bit in 0..<8 where ((start + offset) * 8 + bit) % ownStep == 0 {
          damaged[offset] ^= 1 << UInt8(bit)
          fs.setContents(name, damaged)
          flips.change { $0 += 1 }
          if let failure = Self.failure(fs, name, offset, unplaced) {
            failures.change { $0.append("\(name) byte \(offset) bit \(bit): \(failure)") }
          }
          damaged[offset] ^= 1 << UInt8(bit)
        }
      }
    }
    let found = failures.current
    print(
      "bit flips: \(bytes) bytes in \(files.count) files, \(flips.current) flips (one in \(step)), \(found.count) failures, \(unplaced.current) placed by file only"
    )
    for failure in found.sorted().prefix(20) { Issue.record("\(failure)") }
    #expect(found.isEmpty, "\(found.count) failures")
  }

  private static func failure(
    _ fs: SimulatedFileSystem, _ name: String, _ offset: Int, _ unplaced: Shared<Int>
  ) -> String? {
    do throws(DatabaseError) {
      let report = try Verifier.run(on: fs, .standard)
      guard report.isDamaged else { return "not found" }
      let here = report.findings.filter { $0.isDamage && $0.path == name }
      guard !here.isEmpty else {
        return "found elsewhere: \(report.findings.map { "\($0.path) \($0.code)" })"
      }
      let ranges = here.compactMap(\.range)
      if ranges.isEmpty {
        unplaced.change { $0 += 1 }
        return nil
      }
      guard ranges.contains(where: { $0.contains(UInt64(offset)) }) else {
        return "found at \(ranges) (\(here.map { "\($0.code): \($0.message)" }))"
      }
      return nil
    } catch .storage(.unsupported) {
      // A feature bit or version number: refused with its own message only if a checksum has vouched for it.
      return "taken for an unknown format"
    } catch {
      return "verify failed: \(error)"
    }
  }
}
