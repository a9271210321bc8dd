import FileStorage
import Glibc
import TestSupport
import Testing

/// The error code of a call that fails; 0 when it does not.
func code(_ body: () throws(FileError) -> Void) -> Int32 {
  do throws(FileError) {
    try body()
    return 0
  } catch {
    return error.code
  }
}

/// The real file system, by both ways of resolving names.
@Suite struct SystemRealFileSystemTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func system(_ inKernel: Bool) throws -> RealFileSystem {
    try RealFileSystem(root: folder.path, resolvesInKernel: inKernel)
  }

  @Test(arguments: [true, false]) func writesAndReadsBack(inKernel: Bool) throws {
    let system = try system(inKernel)
    try system.makeFolder("seg")
    let file = try OpenFile(system, "seg/a", .creating)
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try file.writeFully(bytes, at: 3)
    try file.syncData()
    try file.sync()
    file.dropCache()
    #expect(try file.size() == 100_003)
    #expect(try file.readBytes(at: 0, count: 1 << 40) == [0, 0, 0] + bytes)
    #expect(try file.readBytes(at: 100_000, count: 10) == Array(bytes.suffix(3)))
    #expect(try file.readBytes(at: .max, count: 10) == [])
    #expect(try file.readBytes(at: 0, count: -1) == [])
    try file.truncate(to: 5)
    #expect(try system.status("seg/a") == FileStatus(kind: .file, size: 5))
    try file.close()
    try file.close()
    #expect(try system.list("seg") == ["a"])
    try system.rename("seg/a", to: "b")
    try system.syncFolder("seg")
    try system.syncFolder("")
    #expect(try system.status("seg/a") == nil)
    #expect(try system.status("b")?.size == 5)
    try system.remove("b")
    try system.removeFolder("seg")
    #expect(try system.list("") == [])
    #expect(try system.freeSpace() > 0)
    #expect(system.now() > 1_600_000_000_000_000_000)
  }

  @Test(arguments: [true, false]) func refusesSymbolicLinksInEveryPart(inKernel: Bool) throws {
    let outside = try TemporaryFolder()
    try outside.write("secret", "x")
    try outside.write("inner", "x")
    let system = try system(inKernel)
    try system.makeFolder("real")
    try folder.write("real/file", "y")
    #expect(symlink(outside.file("secret"), folder.file("link")) == 0)
    #expect(symlink("real/file", folder.file("inward")) == 0)
    #expect(symlink(outside.path, folder.file("door")) == 0)
    #expect(symlink("real", folder.file("inwardDoor")) == 0)
    #expect(symlink("nowhere", folder.file("dangling")) == 0)
    for name in ["link", "inward", "dangling", "door/secret", "inwardDoor/file"] {
      #expect(code { () throws(FileError) in _ = try system.open(name, .reading) } == ELOOP, "\(name)")
      #expect(code { () throws(FileError) in _ = try system.open(name, .updating) } == ELOOP, "\(name)")
    }
    #expect(code { () throws(FileError) in _ = try system.open("door/new", .creating) } == ELOOP)
    #expect(code { () throws(FileError) in _ = try system.open("dangling", .creating) } == EEXIST)
    #expect(code { () throws(FileError) in try system.rename("real/file", to: "door/file") } == ELOOP)
    #expect(code { () throws(FileError) in try system.rename("door/secret", to: "stolen") } == ELOOP)
    #expect(code { () throws(FileError) in try system.remove("door/secret") } == ELOOP)
    #expect(code { () throws(FileError) in try system.makeFolder("door/new") } == ELOOP)
    #expect(code { () throws(FileError) in try system.removeFolder("door/new") } == ELOOP)
    #expect(code { () throws(FileError) in _ = try system.list("door") } == ELOOP)
    #expect(code { () throws(FileError) in try system.syncFolder("inwardDoor") } == ELOOP)
    #expect(code { () throws(FileError) in _ = try system.status("door/secret") } == ELOOP)
    for name in ["link", "inward", "door", "dangling"] {
      #expect(try system.status(name)?.kind == .symbolicLink)
    }
    #expect(try outside.names() == ["inner", "secret"])
  }

  @Test(arguments: [true, false]) func refusesNamesThatLeadElsewhere(inKernel: Bool) throws {
    let system = try system(inKernel)
    try system.makeFolder("a")
    try folder.write("a/b", "x")
    for name in [
      "..", ".", "../x", "a/..", "a/../a/b", "/etc/passwd", "a//b", "a/", "/", "a/./b", "a\0b", "",
    ] {
      #expect(
        code { () throws(FileError) in _ = try system.open(name, .reading) } == EINVAL,
        "\(name.debugDescription)")
      #expect(code { () throws(FileError) in try system.remove(name) } == EINVAL)
      #expect(code { () throws(FileError) in try system.rename("a/b", to: name) } == EINVAL)
    }
    for name in ["...", ".a", "..a", "a..", "a/...", "a/.b", "a/ü"] {
      #expect(code { () throws(FileError) in _ = try system.open(name, .reading) } == ENOENT, "\(name)")
    }
    #expect(code { () throws(FileError) in _ = try system.open("a/b", .reading) } == 0)
  }

  @Test(.timeLimit(.minutes(1)), arguments: [true, false])
  func refusesWhatIsNoRegularFileWithoutWaiting(inKernel: Bool) throws {
    let system = try system(inKernel)
    #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
    try system.makeFolder("folder")
    for access in [FileAccess.reading, .updating] {
      #expect(code { () throws(FileError) in _ = try system.open("fifo", access) } == ENXIO)
      #expect(code { () throws(FileError) in _ = try system.open("folder", access) } == EISDIR)
    }
    #expect(try system.status("fifo")?.kind == .other)
    let devices = try RealFileSystem(root: "/dev", resolvesInKernel: inKernel)
    #expect(code { () throws(FileError) in _ = try devices.open("null", .reading) } == ENXIO)
    #expect(code { () throws(FileError) in _ = try devices.open("zero", .updating) } == ENXIO)
  }

  @Test func locksBelongToTheOpenFile() throws {
    let system = try system(true)
    try OpenFile(system, "lock", .creating).close()
    let first = try OpenFile(system, "lock", .updating)
    let second = try OpenFile(system, "lock", .updating)
    let reader = try OpenFile(system, "lock", .reading)
    #expect(try first.lock(byte: 0, .exclusive))
    #expect(try first.lock(byte: 0, .exclusive))
    #expect(try !second.lock(byte: 0, .exclusive))
    #expect(try !second.lock(byte: 0, .shared))
    #expect(try second.lock(byte: 1, .exclusive))
    let pin = (UInt64(1) << 32) + 7
    #expect(try reader.lock(byte: pin, .shared))
    #expect(try second.lock(byte: pin, .shared))
    #expect(try !first.lock(byte: pin, .exclusive))
    try second.close()
    try reader.close()
    #expect(try first.lock(byte: pin, .exclusive))
    #expect(try first.lock(byte: 1, .exclusive))
    // Another descriptor of the same file that is closed takes no lock away.
    try OpenFile(system, "lock", .updating).close()
    let third = try OpenFile(system, "lock", .updating)
    #expect(try !third.lock(byte: 0, .exclusive))
    #expect(try first.lock(byte: 0, nil))
    #expect(try third.lock(byte: 0, .exclusive))
    let late = try OpenFile(system, "lock", .reading)
    #expect(code { () throws(FileError) in _ = try late.lock(byte: 9, .exclusive) } == EBADF)
  }

  @Test func neverReplacesByRename() throws {
    let system = try system(true)
    try folder.write("a", "a")
    try folder.write("b", "b")
    #expect(code { () throws(FileError) in try system.rename("a", to: "b") } == EEXIST)
    #expect(code { () throws(FileError) in try system.rename("a", to: "a") } == EEXIST)
    #expect(code { () throws(FileError) in try system.rename("c", to: "d") } == ENOENT)
    #expect(try folder.read("a") == [97])
    #expect(try folder.read("b") == [98])
    #expect(code { () throws(FileError) in _ = try system.open("a", .creating) } == EEXIST)
  }

  @Test func mapsWhatIsThereAndNoMore() throws {
    let system = try system(true)
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    try folder.write("a", bytes)
    let file = try OpenFile(system, "a", .reading)
    let mapped = try file.map(size: 10_000)
    let empty = try file.map(size: 0)
    #expect(code { () throws(FileError) in _ = try file.map(size: 10_001) } == ENODATA)
    #expect(code { () throws(FileError) in _ = try file.map(size: -1) } == EINVAL)
    try file.close()
    withExtendedLifetime(mapped) { #expect(Array(mapped.bytes) == bytes) }
    #expect(empty.bytes.isEmpty)
  }

  @Test func inheritsNoDescriptor() throws {
    let system = try system(true)
    let file = try OpenFile(system, "a", .creating)
    #expect(fcntl(file.descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
    let other = try OpenFile(try RealFileSystem(root: folder.path, resolvesInKernel: false), "a", .reading)
    #expect(fcntl(other.descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
  }

  @Test func makesARootOnce() throws {
    let path = folder.file("new.vdb")
    try RealFileSystem.createRoot(path + "/", mode: 0o750)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o750)
    #expect(code { () throws(FileError) in try RealFileSystem.createRoot(path, mode: nil) } == EEXIST)
    #expect(
      code { () throws(FileError) in try RealFileSystem.createRoot(folder.file("x/y"), mode: nil) } == ENOENT)
    #expect(code { () throws(FileError) in _ = try RealFileSystem(root: folder.file("x")) } == ENOENT)
    try folder.write("plain", "")
    #expect(code { () throws(FileError) in _ = try RealFileSystem(root: folder.file("plain")) } == ENOTDIR)
  }

  @Test func givesNewFilesTheWantedMode() throws {
    let system = try RealFileSystem(root: folder.path, fileMode: 0o600)
    try OpenFile(system, "a", .creating).close()
    try system.makeFolder("f")
    var status = stat()
    #expect(stat(folder.file("a"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(stat(folder.file("f"), &status) == 0 && status.st_mode & 0o777 == 0o700)
  }

  @Test func namesThePathAsTheUserDid() throws {
    let system = try system(true)
    do throws(FileError) {
      _ = try system.open("wal/x", .reading)
      Issue.record("opened what is not there")
    } catch {
      #expect(error == FileError(.open, folder.path + "/wal/x", ENOENT))
    }
  }

  @Test func knowsNetworkFileSystems() throws {
    #expect(NetworkFileSystem.hasMagic(0x6969))
    #expect(NetworkFileSystem.hasMagic(0xFF53_4D42))
    #expect(NetworkFileSystem.hasMagic(0x6573_5546))
    #expect(!NetworkFileSystem.hasMagic(0xEF53))  // ext4
    #expect(!NetworkFileSystem.hasMagic(0x0102_1994))  // tmpfs
    #expect(!NetworkFileSystem.hasMagic(-1))
    #expect(try !RealFileSystem(root: "/proc").isNetworkFileSystem)
  }
}
