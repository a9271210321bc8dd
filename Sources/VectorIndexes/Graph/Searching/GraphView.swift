internal import CVectorKernels
internal import FileStorage

/// How the codes beside a graph are written.
package enum GraphCodec: UInt8, CaseIterable, Sendable {
  /// 8 bits a coordinate: up to 192 padded dimensions, where fewer bits lose too much.
  case bytes = 8
  /// 4 bits a coordinate (RaBitQ), above.
  case nibbles = 4

  /// The codec for so many padded dimensions.
  package init(paddedDimension: Int) { self = paddedDimension <= 192 ? .bytes : .nibbles }

  /// Bytes of a code.
  package func codeBytes(_ paddedDimension: Int) -> Int {
    self == .bytes ? paddedDimension : paddedDimension / 2
  }

  /// Bytes of a node's record: its code and the numbers behind it.
  package func recordBytes(_ paddedDimension: Int) -> Int {
    codeBytes(paddedDimension) + (self == .bytes ? 4 : 12)
  }
}

/// Where the codes of a graph lie, without an owner: for loops that may count no references.
@safe
struct GraphRecords {
  let codec: GraphCodec
  let paddedDimension: Int
  let scale: Float
  /// One record after the other.
  let base: UnsafeRawPointer
  let recordBytes: Int
  let codeBytes: Int
}

/// Where the parts of a graph lie in memory; the search runs over these addresses.
///
/// Node numbers that the lists hold are compared with `count` before they are used, so that no list can lead outside.
@safe
package struct GraphView: @unchecked Sendable {
  /// How many nodes there are, below 2^31.
  package let count: Int
  /// Neighbours of each node.
  package let maximumNeighbors: Int
  /// How codes are written.
  package let codec: GraphCodec
  /// Coordinates of a code, a multiple of 64.
  package let paddedDimension: Int
  /// Coordinates that a step of 8-bit codes is worth.
  package let scale: Float
  /// What 8-bit codes lose of a row, as a distance in the frame: 99 of a hundred rows lose less.
  package let residual: Float
  /// `count × maximumNeighbors` nodes.
  let neighbors: UnsafePointer<UInt32>
  /// `count` records, `recordBytes` each.
  let records: UnsafeRawPointer
  let recordBytes: Int
  let codeBytes: Int
  /// Checks blocks of the file on first touch; nil when nothing is left to check.
  let checks: GraphChecks?
  /// Keeps the memory alive.
  private let owner: any AnyObject & Sendable

  /// A view of parts that `owner` keeps alive.
  init(
    count: Int, maximumNeighbors: Int, codec: GraphCodec, paddedDimension: Int, scale: Float,
    residual: Float,
    neighbors: UnsafePointer<UInt32>, records: UnsafeRawPointer, checks: GraphChecks?,
    owner: any AnyObject & Sendable
  ) {
    precondition(count >= 0 && count < Int32.max && paddedDimension % 64 == 0)
    self.count = count
    self.maximumNeighbors = maximumNeighbors
    self.codec = codec
    self.paddedDimension = paddedDimension
    self.scale = scale
    self.residual = residual
    unsafe self.neighbors = neighbors
    unsafe self.records = records
    recordBytes = codec.recordBytes(paddedDimension)
    codeBytes = codec.codeBytes(paddedDimension)
    self.checks = checks
    self.owner = owner
  }

  /// Whether blocks of the file are still checked on first touch.
  package var checksBlocks: Bool { checks != nil }

  /// A squared distance, in the frame, that a node's true one is hardly ever below.
  ///
  /// `estimate`: What `GraphQuery` has estimated of it.
  package func lowerBound(_ node: Int, _ estimate: Float, _ query: GraphQuery) -> Float {
    precondition(node >= 0 && node < count)
    switch codec {
    case .bytes:
      let distance = max(0, estimate).squareRoot() - (residual + query.residual)
      return distance > 0 ? distance * distance : 0
    case .nibbles:
      // Safe: the record ends with three floats, the last of which is the error.
      let error = unsafe (record(node) + codeBytes).loadUnaligned(fromByteOffset: 8, as: Float.self)
      return max(0, estimate - Self.errorFactor * error * query.length)
    }
  }

  /// Squared distances, in the frame, that a node's true one is hardly ever below and hardly ever above.
  ///
  /// `estimate`: What `GraphQuery` has estimated of it. The node must exist.
  @inline(__always)
  func bounds(_ node: Int, _ estimate: Float, _ query: GraphQuery) -> (lower: Float, upper: Float) {
    switch codec {
    case .bytes:
      let distance = max(0, estimate).squareRoot()
      let lost = residual + query.residual
      let least = max(0, distance - lost)
      return (least * least, (distance + lost) * (distance + lost))
    case .nibbles:
      // Safe: the record ends with three floats, the last of which is the error.
      let error = unsafe (record(node) + codeBytes).loadUnaligned(fromByteOffset: 8, as: Float.self)
      let lost = Self.errorFactor * error * query.length
      return (max(0, estimate - lost), estimate + lost)
    }
  }

  /// Errors of 4-bit codes that are reckoned with: estimates are too great by more for one row in two hundred.
  private static let errorFactor: Float = 2.6

  /// The list of a node, which must exist.
  @inline(__always)
  func list(_ node: Int) -> UnsafePointer<UInt32> {
    unsafe neighbors + node &* maximumNeighbors
  }

  /// Where the codes lie.
  var places: GraphRecords {
    unsafe GraphRecords(
      codec: codec, paddedDimension: paddedDimension, scale: scale, base: records, recordBytes: recordBytes,
      codeBytes: codeBytes)
  }

  /// The record of a node, which must exist.
  @inline(__always)
  func record(_ node: Int) -> UnsafeRawPointer {
    unsafe records + node &* recordBytes
  }
}

/// Checks the blocks of a mapped graph before they are used.
struct GraphChecks: Sendable {
  let file: ContainerFile
  let neighbors: SectionEntry
  let records: SectionEntry
  /// Whether what is read soon is asked for from the disk, because little of the file is in memory.
  var asksAhead = false

  /// Asks the disk for the list of a node.
  func askList(_ node: Int, _ maximumNeighbors: Int) {
    let size = 4 * maximumNeighbors
    file.ask(neighbors, node * size..<(node + 1) * size)
  }

  /// Asks the disk for the record of a node.
  func askRecord(_ node: Int, _ recordBytes: Int) {
    file.ask(records, node * recordBytes..<(node + 1) * recordBytes)
  }

  /// Checks the list of a node.
  func list(_ node: Int, _ maximumNeighbors: Int) throws(StorageError) {
    let size = 4 * maximumNeighbors
    _ = unsafe try file.bytes(neighbors, node * size..<(node + 1) * size)
  }

  /// Checks the record of a node.
  func record(_ node: Int, _ recordBytes: Int) throws(StorageError) {
    _ = unsafe try file.bytes(records, node * recordBytes..<(node + 1) * recordBytes)
  }

  /// What to throw for a list that names a node that does not exist.
  func damage(node: Int, neighbor: UInt32, count: Int) -> StorageError {
    .corruption(
      CorruptionError(
        path: file.name, section: neighbors.label, offset: neighbors.offset,
        expected: "nodes below \(count) in the list of node \(node)", found: "\(neighbor)"))
  }
}
