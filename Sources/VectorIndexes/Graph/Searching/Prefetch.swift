internal import CVectorKernels

/// Asks for memory that is read a little later.
///
/// Any address may be given; nothing else happens.
package func prefetch(_ address: UnsafeRawPointer, bytes: Int) {
  var offset = 0
  while offset < bytes {
    unsafe vk_prefetch_later(address + offset)
    offset += 64
  }
}
