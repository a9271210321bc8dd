import FileStorage
import Glibc
import TestSupport
import Testing

/// Mapped files that lose their pages.
@Suite struct SystemMappedFileTests {
  @Test func aTruncatedMappingEndsTheProcessWithStatusFive() async throws {
    let result = await #expect(processExitsWith: .exitCode(5), observing: [\.standardErrorContent]) {
      let folder = try TemporaryFolder()
      try folder.write("a\u{1B}b", [UInt8](repeating: 1, count: 40_000))
      try folder.write("other", [UInt8](repeating: 1, count: 40_000))
      let system = try RealFileSystem(root: folder.path)
      MappedFileTable.installHandler()
      // More mappings than one chunk of the table holds, on both sides of the one that fails.
      var others: [MappedBytes] = []
      for _ in 0..<1500 { others.append(try OpenFile(system, "other", .reading).map(size: 100)) }
      let file = try OpenFile(system, "a\u{1B}b", .updating)
      let mapped = try file.map(size: 40_000)
      for _ in 0..<1500 { others.append(try OpenFile(system, "other", .reading).map(size: 100)) }
      try file.truncate(to: 0)
      var sum = 0
      for offset in stride(from: 20_480, to: 40_000, by: 1) { sum += Int(mapped.bytes[offset]) }
      _ = rmdir(folder.path)
      withExtendedLifetime((mapped, others)) {}
      exit(sum == 0 ? 1 : 2)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("vdb: /"))
    #expect(text.contains("/a?b: file truncated or unreadable at offset 20480\n"), "\(text)")
  }

  @Test func otherBusErrorsKeepTheirEffect() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      MappedFileTable.installHandler()
      kill(getpid(), SIGBUS)
      usleep(1_000_000)
      exit(5)
    }
  }

  @Test func registersMappingsWhileTheyLive() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", [1, 2, 3])
    let system = try RealFileSystem(root: folder.path)
    let file = try OpenFile(system, "a", .reading)
    for round in 0..<3 {
      var mappings: [MappedBytes] = []
      for _ in 0..<(round * 700) { mappings.append(try file.map(size: 3)) }
      #expect(MappedFileTable.count >= mappings.count)
      withExtendedLifetime(mappings) {
        #expect(mappings.allSatisfy { Array($0.bytes) == [1, 2, 3] })
      }
    }
  }
}
