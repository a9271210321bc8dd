#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How mapped bytes will be read.
package enum MappingAdvice: Sendable {
  /// In order: the system reads far ahead of a page that is missing, which is how every mapping begins.
  case inOrder
  /// From the first byte to the last: the system may read and map two megabytes at a time.
  ///
  /// Then a pass over 24 MB takes 18 faults instead of 380, also after the pages had to be read again. Linux honours it where
  /// the file system has large folios and transparent huge pages are not forbidden.
  case whole
  /// Here and there: the system reads only the page that is missing.
  case scattered
  /// Soon: the system begins to read all of them, and nobody waits for it.
  case soon
}

/// What the system is told about pages, and what it tells of them. All of it changes speed alone.
extension MappedBytes {
  private static var pageSize: Int { max(4096, sysconf(Int32(_SC_PAGESIZE))) }

  /// Says how a range will be read; the part of it beyond the bytes does not count.
  package func advise(_ advice: MappingAdvice, _ range: Range<Int>) {
    let range = range.clamped(to: unsafe 0..<bytes.count)
    guard arePages, !range.isEmpty, let base = unsafe bytes.baseAddress else { return }
    // Safe: the range lies in the mapping, whose pages begin at its base.
    let first = range.lowerBound / Self.pageSize * Self.pageSize
    let flag =
      switch advice {
      case .inOrder: MADV_NORMAL
      case .whole: MADV_HUGEPAGE
      case .scattered: MADV_RANDOM
      case .soon: MADV_WILLNEED
      }
    _ = unsafe madvise(UnsafeMutableRawPointer(mutating: base + first), range.upperBound - first, Int32(flag))
  }

  /// About how much of a range is in memory, from 0 to 1, of a few pages; 1 where the system does not say.
  package func residentShare(_ range: Range<Int>) -> Double {
    let range = range.clamped(to: unsafe 0..<bytes.count)
    guard arePages, !range.isEmpty, let base = unsafe bytes.baseAddress else { return 1 }
    let samples = 24
    var found = 0
    for sample in 0..<samples {
      let offset = range.lowerBound + range.count / samples * sample
      var state: UInt8 = 0
      // Safe: one page of the mapping, and one byte for it.
      let page = unsafe UnsafeMutableRawPointer(mutating: base + offset / Self.pageSize * Self.pageSize)
      guard unsafe mincore(page, 1, &state) == 0 else { return 1 }
      found += Int(state & 1)
    }
    return Double(found) / Double(samples)
  }
}
