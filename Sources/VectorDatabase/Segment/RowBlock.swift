import FileStorage
import MetadataFilters
import VectorMath

/// Rows that lie in flat memory, for the time of one call.
@unsafe
struct RowBlock {
  let count: Int
  let idBytes: UnsafeRawBufferPointer
  /// `count + 1` offsets whose first is the start of `idBytes`.
  let idOffsets: UnsafeBufferPointer<Int>
  /// Element bytes, `count` times the stride.
  let elements: UnsafeRawBufferPointer
  let metadataBytes: UnsafeRawBufferPointer
  let metadataOffsets: UnsafeBufferPointer<Int>

  @inline(__always)
  func id(_ row: Int) -> UnsafeRawBufferPointer {
    let base = unsafe idOffsets[0]
    return unsafe UnsafeRawBufferPointer(rebasing: idBytes[idOffsets[row] - base..<idOffsets[row + 1] - base])
  }

  @inline(__always)
  func metadata(_ row: Int) -> UnsafeRawBufferPointer {
    let base = unsafe metadataOffsets[0]
    return unsafe UnsafeRawBufferPointer(
      rebasing: metadataBytes[metadataOffsets[row] - base..<metadataOffsets[row + 1] - base])
  }
}

/// Rows appended one at a time, until there are enough to work on.
struct RowStaging {
  private let stride: Int
  private var idBytes: [UInt8] = []
  private var idOffsets: [Int] = [0]
  private var elements: [UInt8] = []
  private var metadataBytes: [UInt8] = []
  private var metadataOffsets: [Int] = [0]
  private(set) var sequenceNumbers: [UInt64] = []
  private(set) var created: [Int64] = []
  private(set) var updated: [Int64] = []
  private(set) var arrival: [UInt32] = []

  init(stride: Int) { self.stride = stride }

  var count: Int { sequenceNumbers.count }

  var isFull: Bool {
    count >= SegmentBuilder.stagedRows
      || idBytes.count + elements.count + metadataBytes.count >= SegmentBuilder.stagedBytes
  }

  var memory: Int {
    idBytes.capacity + elements.capacity + metadataBytes.capacity
      + 8 * (idOffsets.capacity + metadataOffsets.capacity + 4 * sequenceNumbers.capacity)
  }

  mutating func append(
    id: UnsafeRawBufferPointer, vector: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer, lsn: UInt64,
    created: Int64, updated: Int64, arrival: UInt32
  ) {
    unsafe idBytes.append(contentsOf: id)
    idOffsets.append(idBytes.count)
    unsafe elements.append(contentsOf: vector)
    unsafe metadataBytes.append(contentsOf: metadata)
    metadataOffsets.append(metadataBytes.count)
    sequenceNumbers.append(lsn)
    self.created.append(created)
    self.updated.append(updated)
    self.arrival.append(arrival)
  }

  mutating func removeAll() {
    idBytes.removeAll(keepingCapacity: true)
    idOffsets.removeSubrange(1...)
    elements.removeAll(keepingCapacity: true)
    metadataBytes.removeAll(keepingCapacity: true)
    metadataOffsets.removeSubrange(1...)
    sequenceNumbers.removeAll(keepingCapacity: true)
    created.removeAll(keepingCapacity: true)
    updated.removeAll(keepingCapacity: true)
    arrival.removeAll(keepingCapacity: true)
  }

  func withRowBlock(_ body: (RowBlock) throws(StorageError) -> Void) throws(StorageError) {
    var failure: StorageError?
    unsafe idBytes.withUnsafeBytes { ids in
      unsafe idOffsets.withUnsafeBufferPointer { idOffsets in
        unsafe elements.withUnsafeBytes { elements in
          unsafe metadataBytes.withUnsafeBytes { metadata in
            unsafe metadataOffsets.withUnsafeBufferPointer { metadataOffsets in
              do throws(StorageError) {
                try unsafe body(
                  RowBlock(
                    count: count, idBytes: ids, idOffsets: idOffsets, elements: elements,
                    metadataBytes: metadata,
                    metadataOffsets: metadataOffsets))
              } catch { failure = error }
            }
          }
        }
      }
    }
    if let failure { throw failure }
  }
}

extension RecordBatch {
  /// Gives part of the batch as a block.
  ///
  /// `stored` holds the vectors of that part in the element type, unless that is f32.
  func withRowBlock(
    _ rows: Range<Int>, _ shape: SegmentShape, stored: [UInt8],
    _ body: (RowBlock) throws(StorageError) -> Void
  ) throws(StorageError) {
    var failure: StorageError?
    unsafe idBytes.withUnsafeBytes { ids in
      unsafe idOffsets.withUnsafeBufferPointer { idOffsets in
        unsafe vectors.withUnsafeBytes { floats in
          unsafe stored.withUnsafeBytes { stored in
            unsafe metadataBytes.withUnsafeBytes { metadata in
              unsafe metadataOffsets.withUnsafeBufferPointer { metadataOffsets in
                let idPart = unsafe idOffsets[rows.lowerBound]..<idOffsets[rows.upperBound]
                let metadataPart = unsafe metadataOffsets[rows.lowerBound]..<metadataOffsets[rows.upperBound]
                let elements =
                  unsafe shape.elementType != .f32
                  ? stored
                  : UnsafeRawBufferPointer(
                    rebasing: floats[rows.lowerBound * shape.stride..<rows.upperBound * shape.stride])
                let block = unsafe RowBlock(
                  count: rows.count, idBytes: UnsafeRawBufferPointer(rebasing: ids[idPart]),
                  idOffsets: UnsafeBufferPointer(rebasing: idOffsets[rows.lowerBound...rows.upperBound]),
                  elements: elements, metadataBytes: UnsafeRawBufferPointer(rebasing: metadata[metadataPart]),
                  metadataOffsets: UnsafeBufferPointer(
                    rebasing: metadataOffsets[rows.lowerBound...rows.upperBound]))
                do throws(StorageError) { try unsafe body(block) } catch { failure = error }
              }
            }
          }
        }
      }
    }
    if let failure { throw failure }
  }
}

/// What is computed of each row of a block, in arrays that are used again.
struct RowWork {
  /// Rows that one thread works on at a time.
  private static let rowsAtOnce = 64

  /// Keyed hash of each id.
  private(set) var hashes: [UInt64] = []
  /// Norm of each vector; empty unless the metric is cosine.
  private(set) var norms: [Float] = []
  /// Sum of the rows' content hashes.
  private(set) var sum = Digest256.zero
  /// The batch's vectors in the element type, unless that is f32.
  private(set) var elements: [UInt8] = []
  private var sums: [Digest256] = []

  var memory: Int { 8 * hashes.capacity + 4 * norms.capacity + elements.capacity + 32 * sums.capacity }

  /// Converts part of a batch to the element type, unless that is f32.
  mutating func load(_ batch: RecordBatch, _ rows: Range<Int>, _ shape: SegmentShape) throws(StorageError) {
    guard shape.elementType != .f32 else { return }
    elements.removeAll(keepingCapacity: true)
    unsafe batch.vectors.withUnsafeBufferPointer { floats in
      let part = rows.lowerBound * shape.dimension..<rows.upperBound * shape.dimension
      unsafe shape.elementType.append(
        UnsafeBufferPointer(rebasing: floats[part]), dimension: shape.dimension, to: &elements)
    }
  }

  /// Fills `hashes`, `norms` and `sum` for a block.
  mutating func measure(_ block: RowBlock, _ shape: SegmentShape, key: UUID16, threads: Int) {
    let groups = unsafe (block.count + Self.rowsAtOnce - 1) / Self.rowsAtOnce
    unsafe hashes.resize(to: block.count, 0)
    unsafe norms.resize(to: shape.metric == .cosine ? block.count : 0, 0)
    sums.resize(to: groups, Digest256.zero)
    unsafe hashes.withUnsafeMutableBufferPointer { hashes in
      unsafe norms.withUnsafeMutableBufferPointer { norms in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          let task = unsafe RowMeasure(
            block: block, shape: shape, key: key, hashes: hashes, norms: norms, sums: sums)
          ParallelLoop.run(blocks: groups, threads: threads) { group in
            task.run(group * Self.rowsAtOnce..<min((group + 1) * Self.rowsAtOnce, task.count), group)
          }
        }
      }
    }
    sum = sums.reduce(Digest256.zero) { $0 + $1 }
  }
}

/// The work on one block of rows, shared by several threads: each writes its own part of the three arrays.
@safe
private struct RowMeasure: @unchecked Sendable {
  let count: Int
  private let block: RowBlock
  private let shape: SegmentShape
  private let key: UUID16
  private let hashes: UnsafeMutableBufferPointer<UInt64>
  private let norms: UnsafeMutableBufferPointer<Float>
  private let sums: UnsafeMutableBufferPointer<Digest256>

  init(
    block: RowBlock, shape: SegmentShape, key: UUID16, hashes: UnsafeMutableBufferPointer<UInt64>,
    norms: UnsafeMutableBufferPointer<Float>, sums: UnsafeMutableBufferPointer<Digest256>
  ) {
    unsafe count = block.count
    unsafe self.block = block
    self.shape = shape
    self.key = key
    unsafe self.hashes = hashes
    unsafe self.norms = norms
    unsafe self.sums = sums
  }

  func run(_ rows: Range<Int>, _ group: Int) {
    var sum = Digest256.zero
    for row in rows {
      let id = unsafe block.id(row)
      let elements = unsafe UnsafeRawBufferPointer(
        rebasing: block.elements[row * shape.stride..<(row + 1) * shape.stride])
      unsafe hashes[row] = unsafe sipHash13(id, key: key)
      if shape.metric == .cosine { unsafe norms[row] = unsafe storedNorm(elements, shape) }
      let metadata = unsafe block.metadata(row)
      sum += unsafe RowContent.hash(idType: shape.idType, id: id, elements: elements, metadata: metadata)
    }
    unsafe sums[group] = sum
  }
}

extension Array {
  fileprivate mutating func resize(to count: Int, _ value: Element) {
    if self.count > count { removeLast(self.count - count) }
    if self.count < count { append(contentsOf: repeatElement(value, count: count - self.count)) }
  }
}

extension [Float] {
  /// The array's bytes, little-endian on every machine that this program supports.
  func withRawBytes(_ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void) throws(StorageError) {
    var failure: StorageError?
    unsafe withUnsafeBytes { bytes in
      do throws(StorageError) { try unsafe body(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
