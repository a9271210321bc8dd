import Foundation
import Glibc
import TestSupport
import Testing

/// A disk that is really full: a file system of 4 MiB in memory, where mounting is allowed.
///
/// Elsewhere the faulty file system of the fault campaign stands in, and the test says so.
@Suite struct FullDiskTests {
  @Test func aFullDiskEndsWithStatusTenAndLosesNothing() throws {
    let folder = try TemporaryFolder()
    let disk = folder.file("disk")
    #expect(mkdir(disk, 0o700) == 0)
    guard mount("tmpfs", disk, "tmpfs", 0, "size=4m") == 0 else {
      print(
        "SKIPPED: mounting is refused here; the fault campaign tests full disks on a simulated file system")
      return
    }
    defer { umount2(disk, Int32(MNT_DETACH)) }
    let records = PackageFolder.path + "/Fixtures/packages/records.jsonl"
    #expect(try Tool.run(["create", "a.vdb", "--dims", "384"], in: disk).status == 0)
    // The space that a write must leave would end the test before the disk is full.
    #expect(try Tool.run(["config", "a.vdb", "set", "quota.min-free", "0"], in: disk).status == 0)
    var imported = 0
    var status: Int32 = 0
    while status == 0, imported < 20 {
      status = try Tool.run(["import", "a.vdb", records, "--id-from", "uuid"], in: disk).status
      if status == 0 { imported += 1 }
    }
    #expect(status == 10)
    #expect(imported > 0)
    let refused = try Tool.run(["insert", "a.vdb", records], in: disk)
    if refused.status != 0 {
      #expect(refused.status == 10)
      #expect(refused.errors.contains("no space left"))
    }
    let count = imported * 300 + (refused.status == 0 ? 300 : 0)
    #expect(try Tool.run(["count", "a.vdb"], in: disk).output == "\(count)\n")
    let verified = try Tool.run(["verify", "a.vdb"], in: disk)
    #expect(verified.status == 0, "\(verified.output)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk + "/a.vdb/tmp").isEmpty)
    // A collection on a full disk can still be made smaller.
    #expect(try Tool.run(["delete", "a.vdb", "--all", "--confirm", "a.vdb", "--yes"], in: disk).status == 0)
    #expect(try Tool.run(["compact", "a.vdb"], in: disk).status == 0)
    #expect(try Tool.run(["gc", "a.vdb", "--keep", "0"], in: disk).status == 0)
    #expect(try Tool.run(["import", "a.vdb", records], in: disk).status == 0)
  }
}
