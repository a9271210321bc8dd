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
  func l1(_ type: ElementType) -> vk_rows_sum { type == .f32 ? table.l1.0 : table.l1.1 }
  func both(_ type: ElementType) -> vk_rows_two_sums {
    type == .f32 ? table.dot_and_squares.0 : table.dot_and_squares.1
  }
  func exact(_ type: ElementType) -> vk_rows_exact { type == .f32 ? table.exact.0 : table.exact.1 }
  func stored(_ type: ElementType) -> vk_rows_stored {
    type == .i8 ? table.stored.0 : type == .u8 ? table.stored.1 : table.stored.2
  }
  func squares(_ type: ElementType, _ vector: UnsafeRawPointer, _ dimension: Int) -> Double {
    switch type {
    case .f32: table.squares.0(vector, dimension)
    case .f16: table.squares.1(vector, dimension)
    case .i8: table.stored_squares.0(vector, dimension)
    case .u8: table.stored_squares.1(vector, dimension)
    case .bit: 0
    }
  }
}

extension ElementType {
  /// Every pair of an element type and a metric that a collection can have.
  static let pairs: [(ElementType, Metric)] = allCases.flatMap { type in type.metrics.map { (type, $0) } }
  static let floats: [ElementType] = [.f32, .f16]

  /// A number of the type near to any number, or near to 127 or 255 times a number from -1 to 1.
  func fitted(_ number: Float) -> Float {
    switch self {
    case .f32: number
    case .f16: Float(Float16(number))
    case .i8: abs(number) < 1 ? (number * 127).rounded() : max(-128, min(127, number.rounded()))
    case .u8: abs(number) < 1 ? (abs(number) * 255).rounded() : min(255, abs(number).rounded())
    case .bit: number > 0 ? 1 : 0
    }
  }

  /// The bytes of a vector as the documentation describes them, one element after the other.
  func bytes(_ vector: [Float]) -> [UInt8] {
    switch self {
    case .f32: vector.flatMap { number in withUnsafeBytes(of: number) { Array($0) } }
    case .f16: vector.flatMap { number in withUnsafeBytes(of: Float16(number)) { Array($0) } }
    case .i8: vector.map { UInt8(bitPattern: Int8($0)) }
    case .u8: vector.map { UInt8($0) }
    case .bit:
      stride(from: 0, to: vector.count, by: 8).map { first in
        (first..<min(first + 8, vector.count)).reduce(0) { $0 | UInt8(vector[$1]) << UInt8($1 - first) }
      }
    }
  }
}

extension VKMetric {
  init(_ metric: Metric) {
    switch metric {
    case .cosine: self = .cosine
    case .dot: self = .dot
    case .l2: self = .L2
    case .l1: self = .L1
    case .hamming: self = .hamming
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
  /// The query as the rows are written, behind `offset` other bytes; only where these are whole numbers.
  var storedQuery: [UInt8]
  var rowBytes: [UInt8]
  let offset: Int
  var query: [Float]
  var rows: [[Float]]

  init(dimension: Int, count: Int, type: ElementType, offset: Int, gap: Int, value: () -> Float) {
    self.dimension = dimension
    self.count = count
    self.type = type
    self.offset = offset
    stride = type.storedBytes(dimension: dimension) + gap
    query = (0..<dimension).map { _ in type.wholeNumbers == nil ? value() : type.fitted(value()) }
    rows = []
    queryBytes = [UInt8](repeating: 0xFF, count: offset) + ElementType.f32.bytes(query)
    storedQuery = [UInt8](repeating: 0xFF, count: offset)
    if type.wholeNumbers != nil { storedQuery += type.bytes(query) }
    storedQuery.append(0xFF)
    rowBytes = [UInt8](repeating: 0xFF, count: offset)
    for _ in 0..<count {
      let row = (0..<dimension).map { _ in type.fitted(value()) }
      rowBytes += type.bytes(row)
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

  /// The same with the query as the rows are written.
  func withStoredPointers<Result>(_ body: (UnsafeRawPointer, UnsafeRawPointer) -> Result) -> Result {
    storedQuery.withUnsafeBytes { query in
      rowBytes.withUnsafeBytes { rows in
        guard let q = query.baseAddress, let r = rows.baseAddress else { preconditionFailure() }
        return body(q + offset, r + offset)
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
    case .l1, .hamming: value = sum(query.count) { abs(Double(query[$0]) - Double(row[$0])) }
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
