import FileStorage
import Foundation
import Glibc
import TestSupport
import Testing

/// Files outside collections: written whole or not at all, read once.
@Suite struct SystemOutputFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func appearsOnlyWhenCommitted() throws {
    let output = try AtomicOutputFile(path: folder.file("out"), force: false)
    try output.write([1, 2])
    try output.write([UInt8](repeating: 3, count: 100_000))
    let during = try folder.names()
    #expect(during.count == 1 && during[0].hasSuffix(".tmp"))
    try output.commit()
    try output.commit()
    output.discard()
    #expect(try folder.names() == ["out"])
    #expect(try folder.read("out").count == 100_002)
    var status = stat()
    let mask = umask(0)
    umask(mask)
    #expect(stat(folder.file("out"), &status) == 0 && status.st_mode & 0o777 == 0o666 & ~mask)
  }

  @Test func leavesNothingWhenDropped() throws {
    do {
      let output = try AtomicOutputFile(path: folder.file("out"), force: false)
      try output.write([1])
    }
    #expect(try folder.names() == [])
    let other = try AtomicOutputFile(path: folder.file("out"), force: false)
    other.discard()
    #expect(code { () throws(FileError) in try other.write([1]) } == EBADF)
    try other.commit()
    #expect(try folder.names() == [])
  }

  @Test func refusesToReplaceUnlessForced() throws {
    try folder.write("out", "old")
    #expect(chmod(folder.file("out"), 0o640) == 0)
    #expect(
      code { () throws(FileError) in _ = try AtomicOutputFile(path: folder.file("out"), force: false) }
        == EEXIST)
    let forced = try AtomicOutputFile(path: folder.file("out"), force: true)
    try forced.write([7])
    #expect(try folder.read("out") == Array("old".utf8))
    try forced.commit()
    #expect(try folder.read("out") == [7])
    #expect(try folder.names() == ["out"])
    var status = stat()
    #expect(stat(folder.file("out"), &status) == 0 && status.st_mode & 0o777 == 0o640)
    // Taken in the meantime.
    let late = try AtomicOutputFile(path: folder.file("late"), force: false)
    try folder.write("late", "theirs")
    #expect(code { () throws(FileError) in try late.commit() } == EEXIST)
    #expect(try folder.names() == ["late", "out"])
    #expect(try folder.read("late") == Array("theirs".utf8))
  }

  @Test func followsALinkToTheFileItReplaces() throws {
    try folder.write("real", "old")
    #expect(symlink("real", folder.file("link")) == 0)
    #expect(symlink("nowhere", folder.file("dangling")) == 0)
    for name in ["link", "dangling"] {
      #expect(
        code { () throws(FileError) in _ = try AtomicOutputFile(path: folder.file(name), force: false) }
          == EEXIST)
    }
    let output = try AtomicOutputFile(path: folder.file("link"), force: true)
    try output.write([1])
    try output.commit()
    #expect(try folder.read("real") == [1])
    #expect(try folder.names() == ["dangling", "link", "real"])
    var status = stat()
    #expect(lstat(folder.file("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func refusesFoldersAndMissingFolders() {
    #expect(
      code { () throws(FileError) in _ = try AtomicOutputFile(path: folder.path, force: true) } == EISDIR)
    #expect(
      code { () throws(FileError) in _ = try AtomicOutputFile(path: folder.file("x/y"), force: true) }
        == ENOENT)
    #expect(code { () throws(FileError) in _ = try AtomicOutputFile(path: "", force: true) } == ENOENT)
  }

  @Test func writesDevicesAndPipesDirectly() throws {
    let null = try AtomicOutputFile(path: "/dev/null", force: false)
    #expect(null.isDirect)
    try null.write([1])
    try null.commit()
    let full = try AtomicOutputFile(path: "/dev/full", force: false)
    #expect(code { () throws(FileError) in try full.write([1]) } == ENOSPC)

    #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
    let reader = open(folder.file("fifo"), O_RDONLY | O_NONBLOCK)
    let pipe = try AtomicOutputFile(path: folder.file("fifo"), force: false)
    #expect(pipe.isDirect)
    try pipe.write([1, 2, 3])
    try pipe.commit()
    var bytes = [UInt8](repeating: 0, count: 10)
    #expect(read(reader, &bytes, 10) == 3)
    close(reader)
    #expect(try folder.names() == ["fifo"])

    // An open file named by its descriptor goes on where it is.
    let log = open(folder.file("log"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    #expect(write(log, "ab", 2) == 2)
    let stream = try AtomicOutputFile(path: "/dev/fd/\(log)", force: false)
    #expect(stream.isDirect)
    try stream.write([99])
    try stream.commit()
    close(log)
    #expect(try folder.read("log") == Array("abc".utf8))
  }
}
