import FileStorage

/// Bytes of a source in memory, at a fixed address while they are parsed.
@safe final class TextBuffer {
  private(set) var base: UnsafePointer<UInt8>
  private var storage: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  /// Bytes held.
  private(set) var end = 0
  /// Where in the source the first byte stands.
  private(set) var offset: UInt64 = 0
  private(set) var isAtEnd = false

  init(capacity: Int) {
    self.capacity = capacity
    unsafe storage = .allocate(capacity: capacity)
    unsafe base = UnsafePointer(storage)
  }

  deinit { unsafe storage.deallocate() }

  /// Forgets the first `count` bytes.
  ///
  /// Precondition: `count` is at most `end`.
  func drop(_ count: Int) {
    precondition(count >= 0 && count <= end, "only bytes that are held can be dropped")
    guard count > 0 else { return }
    unsafe storage.update(from: storage + count, count: end - count)
    end -= count
    offset += UInt64(count)
  }

  /// Doubles the capacity.
  func grow() {
    let larger: UnsafeMutablePointer<UInt8> = .allocate(capacity: capacity * 2)
    unsafe larger.update(from: storage, count: end)
    unsafe storage.deallocate()
    unsafe storage = larger
    unsafe base = UnsafePointer(larger)
    capacity *= 2
  }

  /// Reads until the buffer is full or the source has ended.
  func fill(from source: any ByteSource) throws(FileError) {
    while end < capacity, !isAtEnd {
      let count = try unsafe source.read(
        into: UnsafeMutableRawBufferPointer(start: storage + end, count: capacity - end))
      end += count
      isAtEnd = count == 0
    }
  }
}
