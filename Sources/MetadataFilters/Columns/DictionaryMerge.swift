import FileStorage

/// What merging the dictionaries of all runs of a column gave.
struct MergedDictionary {
  let distinct: UInt64
  let bytes: UInt64
  /// Where the codes of each run's strings are, u32 each; empty when there is one run, whose ranks are the codes.
  fileprivate var mappings: [SpillPart] = []

  /// The code of each string of a run, by its rank in the run.
  func codes(ofRun run: Int, _ area: SpillArea) throws(StorageError) -> [UInt32] {
    guard run < mappings.count else { return Array(0..<UInt32(truncatingIfNeeded: distinct)) }
    var codes = [UInt32](repeating: 0, count: Int(mappings[run].length) / 4)
    var cursor = SpillCursor(area, mappings[run])
    try cursor.read(codes.count, into: &codes)
    return codes
  }
}

extension ColumnMerger {
  /// Writes sections `CDIC` and `CDIX` from the sorted strings of all runs.
  ///
  /// - Complexity: O(n log k) comparisons for n strings in k runs; memory O(k) buffers.
  func mergeDictionaries(_ runs: [ColumnRun], number: UInt32) throws(StorageError) -> MergedDictionary {
    // With one run there is nothing to remap.
    let remaps = runs.count > 1
    let bufferSize = min(max(memoryBudget / (4 * max(runs.count, 1)), 512), 1 << 16)
    var sources: [DictionarySource] = []
    for run in runs {
      sources.append(
        DictionarySource(
          area, run, bufferSize: bufferSize,
          mapping: remaps ? try area.reserve(UInt64(run.strings) * 4) : nil))
    }
    var heap: [Int] = []
    for index in sources.indices where try sources[index].advance() {
      heap.append(index)
      Self.siftUp(&heap, sources)
    }
    // Lengths wait until the number of bytes, and with it the width of the offsets, is known.
    var lengths: [UInt16] = []
    var lengthParts: [SpillPart] = []
    var distinct: UInt64 = 0
    var bytes: UInt64 = 0
    var last: [UInt8] = []
    let hasBytes = runs.contains { $0.bytes.length > 0 }
    if hasBytes { try output.begin(ColumnSection.dictionaryBytes, column: number, elementSize: 1) }
    while let top = heap.first {
      let isNew = distinct == 0 || !sources[top].isCurrent(last)
      if isNew {
        sources[top].copyCurrent(to: &last)
        try unsafe last.withBytes { (text) throws(StorageError) in try unsafe output.append(text) }
        bytes += UInt64(last.count)
        distinct += 1
        lengths.append(UInt16(truncatingIfNeeded: last.count))
        if lengths.count == 1 << 14 {
          lengthParts.append(try lengths.spill(to: area))
          lengths.removeAll(keepingCapacity: true)
        }
      }
      if remaps { try sources[top].map(to: UInt32(truncatingIfNeeded: distinct - 1)) }
      if try !sources[top].advance() {
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
      }
      Self.siftDown(&heap, sources)
    }
    if hasBytes { try output.end(count: bytes) }
    if !lengths.isEmpty { lengthParts.append(try lengths.spill(to: area)) }
    try writeDictionaryOffsets(lengthParts, distinct: distinct, bytes: bytes, number: number)
    var merged = MergedDictionary(distinct: distinct, bytes: bytes)
    if remaps {
      for index in sources.indices { merged.mappings.append(try sources[index].finishMapping()) }
    }
    return merged
  }

  private func writeDictionaryOffsets(
    _ parts: [SpillPart], distinct: UInt64, bytes: UInt64, number: UInt32
  ) throws(StorageError) {
    let isNarrow = bytes <= UInt64(UInt32.max)
    try output.begin(ColumnSection.dictionaryOffsets, column: number, elementSize: isNarrow ? 4 : 8)
    var offset: UInt64 = 0
    func put() throws(StorageError) {
      if isNarrow {
        try output.append(UInt32(truncatingIfNeeded: offset))
      } else {
        try output.append(offset)
      }
    }
    try put()
    var lengths: [UInt16] = []
    for part in parts {
      lengths = [UInt16](repeating: 0, count: Int(part.length) / 2)
      var cursor = SpillCursor(area, part)
      try cursor.read(lengths.count, into: &lengths)
      for length in lengths {
        offset += UInt64(length)
        try put()
      }
    }
    try output.end(count: distinct + 1)
  }

  private static func siftUp(_ heap: inout [Int], _ sources: [DictionarySource]) {
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard sources[heap[child]].precedes(sources[heap[parent]]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private static func siftDown(_ heap: inout [Int], _ sources: [DictionarySource]) {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if sources[heap[child]].precedes(sources[heap[least]]) { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

/// The sorted strings of one run, read front to back, and the codes that they get.
private final class DictionarySource {
  private let area: SpillArea
  private var remaining: Int
  private var lengthCursor: SpillCursor
  private var byteCursor: SpillCursor
  private var lengths: [UInt16]
  private var lengthIndex = 0
  private var lengthCount = 0
  /// `buffer[start ..< filled]` holds the current string and bytes of the next ones.
  private var buffer: [UInt8]
  private var start = 0
  private var filled = 0
  private var length = 0
  private var prefix: UInt64 = 0
  private var mapping: SpillPart?
  private var codes: [UInt32] = []

  init(_ area: SpillArea, _ run: ColumnRun, bufferSize: Int, mapping: UInt64?) {
    self.area = area
    remaining = run.strings
    lengthCursor = SpillCursor(area, run.lengths)
    byteCursor = SpillCursor(area, run.bytes)
    lengths = [UInt16](repeating: 0, count: min(bufferSize / 4, max(run.strings, 1)))
    buffer = [UInt8](repeating: 0, count: max(bufferSize, 2 * ColumnLimits.stringBytes))
    self.mapping = mapping.map { SpillPart(offset: $0, length: 0, checksum: 0) }
  }

  /// Moves to the next string; false at the end.
  func advance() throws(StorageError) -> Bool {
    start += length
    length = 0
    guard remaining > 0 else { return false }
    remaining -= 1
    if lengthIndex == lengthCount {
      lengthCount = min(lengths.count, remaining + 1)
      lengthIndex = 0
      try lengthCursor.read(lengthCount, into: &lengths)
    }
    let next = Int(lengths[lengthIndex])
    lengthIndex += 1
    guard next <= ColumnLimits.stringBytes else {
      throw area.damage(at: 0, expected: "strings up to 256 bytes", found: "\(next)")
    }
    if filled - start < next { try refill() }
    guard filled - start >= next else {
      throw area.damage(at: 0, expected: "\(next) bytes of a string", found: "\(filled - start)")
    }
    length = next
    prefix = unsafe buffer.withUnsafeBytes { bytes in
      unsafe orderingPrefix(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
    }
    return true
  }

  private func refill() throws(StorageError) {
    let kept = filled - start
    for index in 0..<kept { buffer[index] = buffer[start + index] }
    start = 0
    filled = kept
    let count = Int(min(UInt64(buffer.count - kept), byteCursor.remaining))
    var failure: StorageError?
    unsafe buffer.withUnsafeMutableBytes { bytes in
      do throws(StorageError) {
        try unsafe byteCursor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[kept..<kept + count]))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    filled += count
  }

  /// Whether this current string comes before the other's; of equal ones neither does.
  func precedes(_ other: DictionarySource) -> Bool {
    if prefix != other.prefix { return prefix < other.prefix }
    return unsafe withCurrent { mine in
      unsafe other.withCurrent { theirs in unsafe compareBytes(mine, theirs) == .less }
    }
  }

  /// Whether the current string has these bytes.
  func isCurrent(_ text: [UInt8]) -> Bool {
    unsafe withCurrent { mine in
      unsafe text.withUnsafeBytes { other in unsafe compareBytes(mine, other) == .equal }
    }
  }

  /// Copies the current string.
  func copyCurrent(to text: inout [UInt8]) {
    text.removeAll(keepingCapacity: true)
    text.append(contentsOf: buffer[start..<start + length])
  }

  /// Notes the code of the current string.
  func map(to code: UInt32) throws(StorageError) {
    codes.append(code)
    if codes.count >= 2048 { try writeCodes() }
  }

  /// Writes the last codes and says where all are.
  func finishMapping() throws(StorageError) -> SpillPart {
    try writeCodes()
    return mapping ?? .none
  }

  private func writeCodes() throws(StorageError) {
    guard var part = mapping, !codes.isEmpty else { return }
    var failure: StorageError?
    unsafe codes.withUnsafeBytes { bytes in
      do throws(StorageError) {
        try unsafe area.overwrite(bytes, at: part.offset + part.length)
        part.checksum = unsafe crc32c(bytes, seed: part.checksum)
        part.length += UInt64(bytes.count)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    mapping = part
    codes.removeAll(keepingCapacity: true)
  }

  private func withCurrent<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe buffer.withUnsafeBytes { bytes in
      unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
    }
  }
}
