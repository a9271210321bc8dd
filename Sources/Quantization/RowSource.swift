internal import CVectorKernels
package import VectorMath

/// Where the stored vectors of a segment come from, a block of consecutive rows at a time.
@safe
package struct RowSource<Failure: Error>: Sendable {
  /// How the numbers are written.
  package let elementType: ElementType
  /// Numbers of a row.
  package let dimension: Int
  /// Rows in all; they are numbered from 0.
  package let count: Int
  /// Bytes from one row to the next.
  package let stride: Int
  /// The first of the rows asked for, which are not none and all below `count`.
  ///
  /// What it points to stays valid and unchanged while the source is in use. Called from several threads at once.
  package let read: @Sendable (Range<Int>) throws(Failure) -> UnsafeRawPointer

  /// A source of `count` rows of `dimension` numbers, `stride` bytes apart.
  package init(
    elementType: ElementType, dimension: Int, count: Int, stride: Int,
    read: @escaping @Sendable (Range<Int>) throws(Failure) -> UnsafeRawPointer
  ) {
    self.elementType = elementType
    self.dimension = dimension
    self.count = count
    self.stride = stride
    unsafe self.read = unsafe read
  }
}

extension ElementType {
  /// The kernels' name of this type.
  var kernelElement: VKElement {
    switch self {
    case .f32: .F32
    case .f16: .F16
    case .i8: .I8
    case .u8: .U8
    case .bit: .bit
    }
  }
}
