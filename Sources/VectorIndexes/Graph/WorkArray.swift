internal import CVectorKernels

/// Memory of a fixed number of plain values that several threads fill, each its own part.
///
/// Every access through the subscript is checked against the count. Threads may work on different elements at once; an
/// element that one thread writes must not be touched by another until the parallel loop has ended.
@safe
final class WorkArray<Element: BitwiseCopyable>: @unchecked Sendable {
  /// How many elements there are.
  let count: Int
  /// The first element; elements lie side by side.
  let base: UnsafeMutablePointer<Element>
  /// Bytes of pages that the array has for itself; 0 when its memory is an ordinary one.
  private let pageBytes: Int

  /// Arrays of so many bytes get pages of their own.
  private static var largeBytes: Int { 4 << 20 }

  /// Memory for `count` elements, each `value` at first.
  init(count: Int, repeating value: Element) {
    self.count = count
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    if !overflow, bytes >= Self.largeBytes, let pages = unsafe vk_allocate_pages(bytes) {
      unsafe base = pages.bindMemory(to: Element.self, capacity: count)
      pageBytes = bytes
      // Pages are zeros, and threads that fill an array each touch their own first.
      if !Self.isZero(value) { unsafe base.initialize(repeating: value, count: count) }
      return
    }
    pageBytes = 0
    // A kernel may be given the address of an empty array.
    unsafe base = .allocate(capacity: max(1, count))
    unsafe base.initialize(repeating: value, count: count)
  }

  private static func isZero(_ value: Element) -> Bool {
    unsafe withUnsafeBytes(of: value) { bytes in unsafe bytes.allSatisfy { $0 == 0 } }
  }

  /// The values of an array.
  convenience init(_ values: [Element]) where Element: FixedWidthInteger {
    self.init(count: values.count, repeating: 0)
    for index in 0..<values.count { self[index] = values[index] }
  }

  deinit {
    if pageBytes > 0 {
      unsafe vk_free_pages(base, pageBytes)
    } else {
      unsafe base.deallocate()
    }
  }

  /// One element, which must exist.
  @inline(__always)
  subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count)
      return unsafe base[index]
    }
    set {
      precondition(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }

  /// The address of the element at `index`, behind which `length` elements must exist.
  @inline(__always)
  func pointer(_ index: Int, _ length: Int) -> UnsafeMutablePointer<Element> {
    precondition(index >= 0 && length >= 0 && index <= count - length)
    return unsafe base + index
  }
}
