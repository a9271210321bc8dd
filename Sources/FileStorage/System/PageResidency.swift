import Glibc

extension MappedBytes {
  /// Bytes of a part of the mapped file whose pages the system holds in memory; nil when it does not say.
  ///
  /// The system answers truthfully only to those who may write the file or own it; to others it calls every page resident. The
  /// mapping must be one of a real file.
  package func residentBytes(_ range: Range<Int>) -> Int? {
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    guard pageSize > 0, range.lowerBound >= 0, unsafe range.upperBound <= bytes.count else { return nil }
    guard !range.isEmpty else { return 0 }
    let first = range.lowerBound / pageSize
    let last = (range.upperBound - 1) / pageSize
    var resident = 0
    var page = first
    // A byte for each page: 16 MiB of memory at most would be asked for at once for a terabyte otherwise.
    let atOnce = 65_536
    var marks = [UInt8](repeating: 0, count: min(atOnce, last - first + 1))
    while page <= last {
      let count = min(atOnce, last - page + 1)
      guard let base = unsafe bytes.baseAddress else { return nil }
      let start = unsafe UnsafeMutableRawPointer(mutating: base + page * pageSize)
      let length = unsafe min(count * pageSize, bytes.count - page * pageSize)
      guard unsafe mincore(start, length, &marks) == 0 else { return nil }
      for index in 0..<count where marks[index] & 1 != 0 {
        let from = max(range.lowerBound, (page + index) * pageSize)
        let end = min(range.upperBound, (page + index + 1) * pageSize)
        resident += end - from
      }
      page += count
    }
    return resident
  }
}
