import FileStorage

/// Writes numbers into the sections of a container through one buffer.
@safe
final class SectionOutput {
  private let writer: ContainerWriter
  private let buffer: UnsafeMutableRawBufferPointer
  private var used = 0

  /// Writes to `writer`, one section at a time.
  init(writer: ContainerWriter) {
    self.writer = writer
    unsafe buffer = .allocate(byteCount: 1 << 16, alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  /// Begins a section.
  func begin(_ name: SectionName, column: UInt32, elementSize: Int) throws(StorageError) {
    try writer.beginStreamed(name, column: column, elementSize: UInt32(elementSize))
  }

  /// Ends the section.
  func end(count: UInt64) throws(StorageError) {
    try flush()
    writer.end(count: count)
  }

  /// Appends one number.
  @inline(__always)
  func append<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number) throws(StorageError) {
    if unsafe used &+ MemoryLayout<Number>.size > buffer.count { try flush() }
    // Safe: the buffer has room for it.
    unsafe buffer.storeBytes(of: value.littleEndian, toByteOffset: used, as: Number.self)
    used &+= MemoryLayout<Number>.size
  }

  /// Appends a number in the lowest `width` bytes, 1, 2 or 4.
  @inline(__always)
  func append(_ value: UInt32, width: Int) throws(StorageError) {
    switch width {
    case 1: try append(UInt8(truncatingIfNeeded: value))
    case 2: try append(UInt16(truncatingIfNeeded: value))
    case _: try append(value)
    }
  }

  /// Appends zero bytes.
  func appendZeros(_ count: Int) throws(StorageError) {
    var left = count
    while left > 0 {
      if unsafe used == buffer.count { try flush() }
      let step = unsafe min(left, buffer.count - used)
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + step])
        .initializeMemory(as: UInt8.self, repeating: 0)
      used += step
      left -= step
    }
  }

  /// Appends bytes.
  func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    if unsafe used + bytes.count > buffer.count { try flush() }
    if unsafe bytes.count > buffer.count { return try unsafe writer.append(bytes) }
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + bytes.count]).copyMemory(from: bytes)
    used += bytes.count
  }

  private func flush() throws(StorageError) {
    guard used > 0 else { return }
    try unsafe writer.append(UnsafeRawBufferPointer(rebasing: buffer[..<used]))
    used = 0
  }
}
