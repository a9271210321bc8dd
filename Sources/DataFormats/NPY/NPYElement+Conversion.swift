extension NPYElement {
  /// Turns numbers of a file into floats, each rounded once to the nearest.
  ///
  /// Numbers beyond the range of a float become infinite. Precondition: `bytes` holds `count` numbers, `floats` has
  /// room for them at every `stride`.
  func convert(
    _ bytes: UnsafeRawBufferPointer, count: Int, into floats: UnsafeMutablePointer<Float>, stride: Int = 1
  ) {
    precondition(bytes.count >= count * size, "the numbers must be there")
    switch (kind, size) {
    case (.float, 2):
      unsafe fill(bytes, count, floats, stride, UInt16.self) { Float(Float16(bitPattern: $0)) }
    case (.float, 4):
      if !isBigEndian, stride == 1 {
        guard count > 0, let base = bytes.baseAddress else { return }
        unsafe UnsafeMutableRawPointer(floats).copyMemory(from: base, byteCount: count * 4)
      } else {
        unsafe fill(bytes, count, floats, stride, UInt32.self) { Float(bitPattern: $0) }
      }
    case (.float, 8): unsafe fill(bytes, count, floats, stride, UInt64.self) { Float(Double(bitPattern: $0)) }
    case (.signed, 1): unsafe fill(bytes, count, floats, stride, Int8.self) { Float($0) }
    case (.signed, 2): unsafe fill(bytes, count, floats, stride, Int16.self) { Float($0) }
    case (.signed, 4): unsafe fill(bytes, count, floats, stride, Int32.self) { Float($0) }
    case (.signed, 8): unsafe fill(bytes, count, floats, stride, Int64.self) { Float($0) }
    case (.unsigned, 1): unsafe fill(bytes, count, floats, stride, UInt8.self) { Float($0) }
    case (.unsigned, 2): unsafe fill(bytes, count, floats, stride, UInt16.self) { Float($0) }
    case (.unsigned, 4): unsafe fill(bytes, count, floats, stride, UInt32.self) { Float($0) }
    case (.unsigned, 8): unsafe fill(bytes, count, floats, stride, UInt64.self) { Float($0) }
    case (.bool, 1): unsafe fill(bytes, count, floats, stride, UInt8.self) { $0 == 0 ? 0 : 1 }
    case (.float, _), (.signed, _), (.unsigned, _), (.bool, _):
      preconditionFailure("the header allows no other size")
    }
  }

  @inline(__always)
  private func fill<Raw: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ count: Int, _ floats: UnsafeMutablePointer<Float>, _ stride: Int,
    _ type: Raw.Type, _ convert: (Raw) -> Float
  ) {
    for index in 0..<count {
      let raw = unsafe bytes.loadUnaligned(fromByteOffset: index &* MemoryLayout<Raw>.size, as: Raw.self)
      unsafe floats[index &* stride] = convert(isBigEndian ? Raw(bigEndian: raw) : Raw(littleEndian: raw))
    }
  }

  /// The number at a place as an integer; nil for numbers that are none or do not fit.
  func integer(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int64? {
    guard kind == .signed || kind == .unsigned else { return nil }
    var bits: UInt64 = 0
    for step in 0..<size {
      let place = isBigEndian ? step : size - 1 - step
      bits = bits << 8 | UInt64(unsafe bytes[index * size + place])
    }
    guard kind == .signed, size < 8 else {
      return kind == .signed ? Int64(bitPattern: bits) : Int64(exactly: bits)
    }
    let shift = UInt64(64 - size * 8)
    return Int64(bitPattern: bits << shift) >> Int64(shift)
  }
}
