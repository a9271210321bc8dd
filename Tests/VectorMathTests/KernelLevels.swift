import CVectorKernels
import VectorMath

/// One column of the dispatch table, as far as this machine has it.
struct KernelLevel: CustomStringConvertible, Sendable {
  let name: String
  let table: vk_kernels
  var description: String { name }

  static let all: [KernelLevel] = [
    ("scalar", VKLevel.scalar), ("base", .base), ("avx2", .AVX2), ("avx512", .AVX512), ("neon-dot", .neonDot),
  ].compactMap { name, level in vk_kernels_at(level).map { KernelLevel(name: name, table: $0.pointee) } }

  func dot(_ type: ElementType) -> vk_rows_sum { type == .f32 ? table.dot.0 : table.dot.1 }
  func squaredL2(_ type: ElementType) -> vk_rows_sum {
    type == .f32 ? table.squared_l2.0 : table.squared_l2.1
  }
  func both(_ type: ElementType) -> vk_rows_two_sums {
    type == .f32 ? table.dot_and_squares.0 : table.dot_and_squares.1
  }
  func exact(_ type: ElementType) -> vk_rows_exact { type == .f32 ? table.exact.0 : table.exact.1 }
  func squares(_ type: ElementType, _ vector: UnsafeRawPointer, _ dimension: Int) -> Double {
    type == .f32 ? table.squares.0(vector, dimension) : table.squares.1(vector, dimension)
  }
}

extension VKMetric {
  init(_ metric: Metric) {
    switch metric {
    case .cosine: self = .cosine
    case .dot: self = .dot
    case .l2: self = .L2
    }
  }
}

/// A query and rows at any alignment, and what they hold as floats.
struct Block {
  let dimension: Int
  let count: Int
  let stride: Int
  let type: ElementType
  var queryBytes: [UInt8]
  var rowBytes: [UInt8]
  let offset: Int
  var query: [Float]
  var rows: [[Float]]

  init(dimension: Int, count: Int, type: ElementType, offset: Int, gap: Int, value: () -> Float) {
    self.dimension = dimension
    self.count = count
    self.type = type
    self.offset = offset
    stride = dimension * type.bytesPerElement + gap
    query = (0..<dimension).map { _ in value() }
    rows = []
    queryBytes = [UInt8](repeating: 0xFF, count: offset)
    rowBytes = [UInt8](repeating: 0xFF, count: offset)
    for number in query { withUnsafeBytes(of: number) { queryBytes.append(contentsOf: $0) } }
    for _ in 0..<count {
      var row = (0..<dimension).map { _ in value() }
      switch type {
      case .f32: for number in row { withUnsafeBytes(of: number) { rowBytes.append(contentsOf: $0) } }
      case .f16:
        row = row.map { Float(Float16($0)) }
        for number in row { withUnsafeBytes(of: Float16(number)) { rowBytes.append(contentsOf: $0) } }
      }
      rows.append(row)
      rowBytes.append(contentsOf: repeatElement(0xFF, count: gap))
    }
    // Never empty, so that there is always an address.
    queryBytes.append(0xFF)
    rowBytes.append(0xFF)
  }

  /// Calls with pointers that are `offset` bytes past the alignment of the allocation.
  func withPointers<Result>(_ body: (UnsafePointer<Float>, UnsafeRawPointer) -> Result) -> Result {
    queryBytes.withUnsafeBytes { query in
      rowBytes.withUnsafeBytes { rows in
        guard let q = query.baseAddress, let r = rows.baseAddress else { preconditionFailure() }
        return body(UnsafePointer<Float>(OpaquePointer(q + offset)), r + offset)
      }
    }
  }
}

/// The exact distance as its documentation describes it, one element after the other.
enum ScalarReference {
  static func tree(_ lanes: [Double]) -> Double {
    var lanes = lanes
    var width = 8
    while width > 0 {
      for lane in 0..<width { lanes[lane] += lanes[lane + width] }
      width /= 2
    }
    return lanes[0]
  }

  static func sum(_ count: Int, _ term: (Int) -> Double) -> Double {
    var lanes = [Double](repeating: 0, count: 16)
    for index in 0..<count { lanes[index % 16] += term(index) }
    return tree(lanes)
  }

  static func squares(_ x: [Float]) -> Double { sum(x.count) { Double(x[$0]) * Double(x[$0]) } }

  static func distance(_ metric: Metric, _ query: [Float], _ row: [Float]) -> Float {
    let value: Double
    switch metric {
    case .dot: value = 0 - sum(query.count) { Double(query[$0]) * Double(row[$0]) }
    case .l2:
      value = sum(query.count) {
        let difference = Double(query[$0]) - Double(row[$0])
        return difference * difference
      }.squareRoot()
    case .cosine:
      let both = squares(query) * squares(row)
      if both == 0 { return 1 }
      let cosine = sum(query.count) { Double(query[$0]) * Double(row[$0]) } / both.squareRoot()
      value = 1 - min(1, max(-1, cosine))
    }
    let largest = Double(Float.greatestFiniteMagnitude)
    return Float(min(largest, max(-largest, value))) + 0
  }
}
