import Synchronization

/// The content of a simulated file: pages that copies share until one of them is written.
///
/// Copying costs one reference a page, a write copies only the pages it touches, and every page carries its
/// hash, so that the hash of the whole costs a few instructions a page.
package struct PagedBytes: Sendable {
  /// Bytes of a page.
  static let pageSize = 4096

  /// A page; changed only while one content alone holds it.
  final class Page: @unchecked Sendable {
    var bytes: [UInt8]
    /// The hash once it was asked for; 0 before.
    private let knownHash = Atomic<UInt64>(0)

    /// Takes `pageSize` bytes.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Changes the bytes from `offset` on.
    func replace(_ offset: Int, _ source: UnsafeRawBufferPointer) {
      unsafe bytes.withUnsafeMutableBytes { target in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<(offset + source.count)])
          .copyMemory(from: source)
      }
      knownHash.store(0, ordering: .relaxed)
    }

    /// Hash of the bytes, nil when all are zero.
    var hash: UInt64? {
      var hash = knownHash.load(ordering: .relaxed)
      if hash == 0 {
        var any: UInt64 = 0
        unsafe bytes.withUnsafeBytes { buffer in
          for offset in stride(from: 0, to: buffer.count & ~7, by: 8) {
            let word = unsafe buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            any |= word
            hash = (hash ^ word) &* 0x9FB2_1C65_1E98_DF25
            hash ^= hash >> 32
          }
        }
        hash = any == 0 ? 1 : hash | 2
        knownHash.store(hash, ordering: .relaxed)
      }
      return hash == 1 ? nil : hash
    }
  }

  /// One element a page, nil where all bytes are zero (a page may be all zero too).
  ///
  /// Bytes behind `count` in the last page are zero.
  private var pages: [Page?] = []
  /// Bytes in the file.
  package private(set) var count = 0

  /// An empty file.
  package init() {}

  /// A file with the given content.
  package init(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe write($0, at: 0) }
  }

  /// Hash of the content: equal for equal bytes.
  package var hash: UInt64 {
    var sum: UInt64 = 0
    for (index, page) in pages.enumerated() {
      if let hash = page?.hash { sum &+= mixed(hash ^ mixed(UInt64(index) &+ 1)) }
    }
    return mixed(sum ^ mixed(UInt64(count)))
  }

  /// The whole content.
  package var bytes: [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = unsafe read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
    }
  }

  /// Copies what lies at `offset` and returns how many bytes that were.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
    guard offset < count else { return 0 }
    let total = min(buffer.count, count - offset)
    var done = 0
    while done < total {
      let position = offset + done
      let inPage = position % Self.pageSize
      let length = min(total - done, Self.pageSize - inPage)
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + length)])
      if let page = pages[position / Self.pageSize] {
        unsafe page.bytes.withUnsafeBytes { source in
          unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[inPage..<(inPage + length)]))
        }
      } else {
        unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
      }
      done += length
    }
    return total
  }

  /// Puts bytes at `offset`, after zeros where the file was shorter.
  mutating func write(_ source: UnsafeRawBufferPointer, at offset: Int) {
    guard source.count > 0 else { return }
    if offset + source.count > count { truncate(to: offset + source.count) }
    var done = 0
    while done < source.count {
      let position = offset + done
      let inPage = position % Self.pageSize
      let length = min(source.count - done, Self.pageSize - inPage)
      let part = unsafe UnsafeRawBufferPointer(rebasing: source[done..<(done + length)])
      let index = position / Self.pageSize
      if !isKnownUniquelyReferenced(&pages[index]) {
        pages[index] = Page(pages[index]?.bytes ?? [UInt8](repeating: 0, count: Self.pageSize))
      }
      unsafe pages[index]?.replace(inPage, part)
      done += length
    }
  }

  /// Puts bytes at `offset`, after zeros where the file was shorter.
  mutating func write(_ bytes: some Sequence<UInt8>, at offset: Int) {
    let bytes = Array(bytes)
    unsafe bytes.withUnsafeBytes { unsafe write($0, at: offset) }
  }

  /// Cuts the file, or extends it with zeros.
  mutating func truncate(to size: Int) {
    let pageCount = (size + Self.pageSize - 1) / Self.pageSize
    if size < count {
      pages.removeLast(pages.count - pageCount)
      let inPage = size % Self.pageSize
      if inPage > 0, let last = pages[pageCount - 1] {
        pages[pageCount - 1] = Page(
          last.bytes[..<inPage] + [UInt8](repeating: 0, count: Self.pageSize - inPage))
      }
    } else {
      pages.append(contentsOf: repeatElement(nil, count: pageCount - pages.count))
    }
    count = size
  }
}
