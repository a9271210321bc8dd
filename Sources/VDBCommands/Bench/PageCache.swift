import FileStorage
import VectorDatabase

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How much of some files lies in memory.
struct Residency: Equatable {
  /// Pages that are in memory, and pages in all.
  var resident: UInt64 = 0
  var pages: UInt64 = 0

  /// Whether nothing of the files is in memory.
  var isCold: Bool { resident == 0 }
}

/// The page cache.
enum PageCache {
  /// Asks the system to forget the pages of every file of a collection; those that someone has mapped stay.
  static func drop(below folder: String) {
    guard let fs = try? RealFileSystem(root: folder) else { return }
    for name in names(fs) {
      guard let file = try? OpenFile(fs, name, .reading) else { continue }
      file.dropCache()
      try? file.close()
    }
  }

  /// Asks again and again, for a hundredth of a second at most, until nothing of a collection is in memory: pages that another
  /// processor has just read are let go a moment later.
  ///
  /// - Returns: What stayed; nil where the system does not tell.
  static func dropAndCount(below folder: String) -> Residency? {
    for attempt in 0..<5 {
      drop(below: folder)
      guard let found = residency(below: folder) else { return nil }
      if found.isCold || attempt == 4 { return found }
      usleep(2000)
    }
    return nil
  }

  /// Counts the pages of every file of a collection that are in memory, without touching any.
  ///
  /// - Returns: Nil where the system does not tell.
  static func residency(below folder: String) -> Residency? {
    guard let fs = try? RealFileSystem(root: folder) else { return nil }
    var sum = Residency()
    for name in names(fs) {
      guard let part = residency(of: name, fs) else { return nil }
      sum.resident += part.resident
      sum.pages += part.pages
    }
    return sum
  }

  /// The files that a collection consists of.
  private static func names(_ fs: RealFileSystem) -> [String] {
    FileNames.folders.flatMap { folder in ((try? fs.list(folder)) ?? []).map { folder + "/" + $0 } }
      + [CollectionIdentity.fileName]
  }

  private static func residency(of name: String, _ fs: RealFileSystem) -> Residency? {
    do throws(FileError) {
      let file = try OpenFile(fs, name, .reading)
      guard let size = Int(exactly: try file.size()), size > 0 else { return Residency() }
      let pageSize = max(1, sysconf(Int32(_SC_PAGESIZE)))
      guard let resident = try file.map(size: size).residentBytes(0..<size) else { return nil }
      return Residency(
        resident: UInt64((resident + pageSize - 1) / pageSize), pages: UInt64((size - 1) / pageSize + 1))
    } catch {
      // A file that is gone has no pages.
      return error.code == ENOENT ? Residency() : nil
    }
  }

  /// Asks the system to forget all pages of all files.
  ///
  /// - Throws: `denied` without the right to.
  static func dropAll() throws(CommandFailure) {
    let path = "/proc/sys/vm/drop_caches"
    sync()
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot drop the page cache:", path, errno) }
    defer { close(descriptor) }
    guard unsafe write(descriptor, "3\n", 2) == 2 else { throw .system("cannot write", path, errno) }
  }
}
