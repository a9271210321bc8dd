import FileStorage
import Glibc
import TestSupport
import Testing

/// Random operations have the same outcome on the simulated and on the real file system.
@Suite struct SystemAgreementTests {
  /// Two file systems that are asked the same.
  private struct Pair {
    let real: RealFileSystem
    let simulated: SimulatedFileSystem
    var open: [(real: FileDescriptor, simulated: FileDescriptor, name: String)] = []

    /// Asks both; nil when both fail alike.
    func ask<Answer: Equatable>(
      _ seed: UInt64, _ what: String, _ body: (any FileSystem) throws(FileError) -> Answer
    ) -> Answer? {
      func outcome(_ system: any FileSystem) -> (Answer?, Int32) {
        do throws(FileError) { return (try body(system), 0) } catch { return (nil, error.code) }
      }
      let (real, simulated) = (outcome(self.real), outcome(self.simulated))
      #expect(real.0 == simulated.0 && real.1 == simulated.1, "seed \(seed): \(what)")
      return real.0
    }
  }

  @Test(arguments: 0..<6) func agreeOnRandomOperations(group: UInt64) throws {
    var done = 0
    for seed in (group * 10)..<(group * 10 + 10) { done += try agree(seed) }
    #expect(done > 100, "hardly anything was done to files")
  }

  /// Runs the operations of one seed and returns how many changed or read files.
  private func agree(_ seed: UInt64) throws -> Int {
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    var pair = Pair(
      real: try RealFileSystem(root: folder.path, resolvesInKernel: seed % 2 == 0),
      simulated: SimulatedFileSystem(rootPath: folder.path))
    let names = ["a", "b", "f", "f/a", "f/b", "g", "g/a", "g/h", "g/h/a", "", "f/..", "g//a"]
    var done = 0
    for _ in 0..<300 {
      let name = names[generator.below(names.count)]
      let other = names[generator.below(names.count)]
      switch generator.below(20) {
      case 0, 1, 2, 3:
        let access = [FileAccess.creating, .updating, .reading][generator.below(3)]
        var opened: [FileDescriptor] = []
        let answer = pair.ask(seed, "open \(name) \(access)") { (system) throws(FileError) in
          opened.append(try system.open(name, access))
          return true
        }
        if answer == true { pair.open.append((opened[0], opened[1], name)) }
      case 4:
        guard !pair.open.isEmpty else { break }
        let file = pair.open.remove(at: generator.below(pair.open.count))
        try pair.real.close(file.real, file.name)
        try pair.simulated.close(file.simulated, file.name)
      case 5, 6, 7, 8, 9, 10, 11:
        guard !pair.open.isEmpty else { break }
        let file = pair.open[generator.below(pair.open.count)]
        let offset = UInt64(generator.below(10_000))
        let bytes = generator.bytes(generator.below(6000))
        let kind = generator.below(6)
        let lock = [LockKind.shared, .exclusive, nil][generator.below(3)]
        let real = pair.real
        let answer = pair.ask(seed, "\(kind) on \(file.name)") { (system) throws(FileError) -> [UInt8] in
          let descriptor = system === real ? file.real : file.simulated
          switch kind {
          case 0, 1:
            return [UInt8(try write(system, descriptor, bytes, offset) == bytes.count ? 1 : 0)]
          case 2: return try read(system, descriptor, offset, bytes.count)
          case 3:
            try system.truncate(descriptor, file.name, to: offset)
            return []
          case 4: return [try system.lock(descriptor, file.name, byte: offset % 3, lock) ? 1 : 0]
          default:
            try system.syncData(descriptor, file.name)
            let size = Int(try system.size(descriptor, file.name))
            let mapped = try system.map(descriptor, file.name, size: size)
            return withExtendedLifetime(mapped) { Array(mapped.bytes) }
          }
        }
        if answer != nil { done += 1 }
      case 12:
        _ = pair.ask(seed, "status \(name)") { (system) throws(FileError) in try system.status(name) }
      case 13:
        _ = pair.ask(seed, "list \(name)") { (system) throws(FileError) in Set(try system.list(name)) }
      case 14, 15:
        guard !(other + "/").hasPrefix(name + "/") else { break }
        _ = pair.ask(seed, "rename \(name) \(other)") { (system) throws(FileError) in
          try system.rename(name, to: other)
          return true
        }
      case 16:
        _ = pair.ask(seed, "remove \(name)") { (system) throws(FileError) in
          try system.remove(name)
          return true
        }
      case 17, 18:
        _ = pair.ask(seed, "makeFolder \(name)") { (system) throws(FileError) in
          try system.makeFolder(name)
          return true
        }
      default:
        let flush = generator.oneIn(2)
        _ = pair.ask(seed, "\(flush ? "sync" : "remove")Folder \(name)") { (system) throws(FileError) in
          if flush { try system.syncFolder(name) } else { try system.removeFolder(name) }
          return true
        }
      }
    }
    // The trees are the same, and so is the crash state in which everything survives.
    let survived = pair.simulated.crash(.everything)
    #expect(survived.contentHash == pair.simulated.contentHash, "seed \(seed)")
    for name in pair.simulated.allFiles() {
      #expect(try folder.read(name) == pair.simulated.contents(name), "seed \(seed): \(name)")
    }
    for file in pair.open { try pair.real.close(file.real, file.name) }
    return done
  }

  private func write(
    _ system: any FileSystem, _ descriptor: FileDescriptor, _ bytes: [UInt8], _ offset: UInt64
  ) throws(FileError) -> Int {
    var failure: FileError?
    let count = bytes.withUnsafeBytes { buffer in
      do throws(FileError) { return try system.write(descriptor, "x", buffer, at: offset) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return count
  }

  private func read(
    _ system: any FileSystem, _ descriptor: FileDescriptor, _ offset: UInt64, _ count: Int
  ) throws(FileError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    let done = try system.read(descriptor, "x", into: buffer, at: offset)
    return Array(buffer[..<done])
  }
}
