package import FileStorage
package import Quantization
package import VectorMath

// A graph index: an index file of kind "graph", layout 1.
//
// Own header fields (32 bytes)                 Own footer fields (24 bytes)
//   128 4  u32 padded dimensions p               0   8  u64 rows
//   132 4  u32 neighbours of a node r            8   8  u64 nodes
//   136 1  u8 codec: 8 or 4 bits a coordinate    16  8  u64 loose rows: nothing is known of them
//   137 1  u8 quality: 0 fast, 1 standard, 2 high
//   138 2  zero
//   140 4  f32 what 8-bit codes lose of 99 of a hundred rows, as a distance in the frame
//   144 16 zero
//
// Sections
//   FRAM  the frame that the codes live in (see VectorFrame); augmented under dot
//   ROUT  where searches begin (see GraphRouter); absent without nodes
//   CALB  what searches find (see GraphCalibration)
//   GADJ  r u32 nodes for each node, 4096-aligned: its neighbours; behind the last the node itself
//   GREC  a record for each node, 4096-aligned. 8 bits: p codes, i32 sum of their squares. 4 bits: p/2 bytes of codes, then
//         three floats: what is added, what the product is multiplied by, the error
//   NROW  u32 rows, node after node; absent when node n is row n
//   NSTA  u32 where the rows of each node begin in NROW, one more at the end; absent when each node has one row
//   LOOS  u32 rows that are in no node, ascending; absent when there are none

extension SectionName {
  package static let graphRouter: SectionName = "ROUT"
  package static let graphCalibration: SectionName = "CALB"
  package static let graphNeighbors: SectionName = "GADJ"
  package static let graphRecords: SectionName = "GREC"
  package static let nodeRows: SectionName = "NROW"
  package static let nodeStarts: SectionName = "NSTA"
  package static let looseRows: SectionName = "LOOS"
}

/// The graph over a segment's rows.
///
/// Opening reads the pages, the tables, frame, router and calibration; every other block is checked on first touch. Every node
/// and row number read from the file is bounded before use. Safe to use from several threads.
package final class GraphIndex: Sendable {
  /// The version of the layout that is written, and the newest that is read.
  package static let layout: UInt32 = 1
  static let headerSize = 32
  static let footerSize = 24
  /// Beyond this many padded dimensions a sum of code products or squares could leave 32 bits.
  static let largestDimension = 32_768

  /// The container.
  package let file: ContainerFile
  /// Where the codes live.
  package let frame: VectorFrame
  /// What 8-bit codes lose of most rows, as a distance in the frame.
  let residual: Float
  /// Rows of the segment.
  package let rows: Int
  /// Nodes of the graph.
  package let nodes: Int
  /// Neighbours of a node.
  package let maximumNeighbors: Int
  /// How codes are written.
  package let codec: GraphCodec
  /// How carefully the graph was built.
  package let quality: GraphParameters.Quality
  /// What searches find.
  package let calibration: GraphCalibration
  /// Where searches begin; nil without nodes.
  package let router: GraphRouter?
  /// Rows that are in no node.
  package let looseCount: Int
  /// The rows of each node; blocks of its sections are checked by `checkRows`.
  package let nodeRows: NodeRows
  private let looseEntry: SectionEntry?
  private let neighborEntry: SectionEntry
  private let recordEntry: SectionEntry
  private let rowEntry: SectionEntry?
  private let startEntry: SectionEntry?

  /// Whether a graph can be built over such vectors.
  package static func supports(dimension: Int, _ elementType: ElementType, _ metric: Metric) -> Bool {
    paddedDimension(dimension + (metric == .dot ? 1 : 0)) <= largestDimension
      && VectorFrame.supports(metric, elementType)
  }

  /// Takes an index file that was proved to belong to its segment, and fits its sections together.
  package init(_ file: ContainerFile, _ header: IndexHeader) throws(StorageError) {
    let footer = file.footerFields
    guard footer.count == Self.footerSize, footer.littleEndian(at: 0, as: UInt64.self) == header.rows,
      let rows = Int(exactly: header.rows), rows <= Int(UInt32.max),
      let nodes = Int(exactly: footer.littleEndian(at: 8, as: UInt64.self)), nodes <= rows,
      nodes < Int(Int32.max),
      let loose = Int(exactly: footer.littleEndian(at: 16, as: UInt64.self)), loose <= rows - nodes
    else { throw file.indexDamage("footer", "\(header.rows) rows, no more nodes", "other numbers") }
    let own = header.ownFields
    guard own.count == Self.headerSize, own[10..<12].allSatisfy({ $0 == 0 }),
      own[16...].allSatisfy({ $0 == 0 }),
      let codec = GraphCodec(rawValue: own[8]), Int(own[9]) < GraphParameters.Quality.allCases.count
    else { throw file.indexDamage("header", "the fields of a graph", "others") }
    let residual = Float(bitPattern: own.littleEndian(at: 12, as: UInt32.self))
    let padded = Int(own.littleEndian(at: 0, as: UInt32.self))
    let neighbors = Int(own.littleEndian(at: 4, as: UInt32.self))
    guard padded > 0, padded % 64 == 0, padded <= Self.largestDimension, neighbors >= 8, neighbors <= 128,
      neighbors % 8 == 0, residual >= 0, residual.isFinite
    else {
      throw file.indexDamage("header", "possible sizes", "\(padded) dimensions, \(neighbors) neighbours")
    }
    frame = try file.indexFrame {
      // They lie side by side: asked for together, nothing else is read with them.
      for name in [SectionName.frame, .graphRouter, .graphCalibration] {
        if let entry = file.section(name) { file.advise(.soon, entry) }
      }
    }
    guard UInt32(frame.dimension) == header.dimension, frame.metric.rawValue == header.metric,
      frame.isAugmented == (frame.metric == .dot), frame.paddedDimension == padded
    else { throw file.indexDamage("FRAM", "a frame of the collection's vectors", "another") }

    neighborEntry = try file.indexSection(.graphNeighbors, nodes, 4 * neighbors)
    recordEntry = try file.indexSection(.graphRecords, nodes, codec.recordBytes(padded))
    looseEntry = loose > 0 ? try file.indexSection(.looseRows, loose, 4) : nil
    let hasRows = file.section(.nodeRows) != nil
    let hasStarts = file.section(.nodeStarts) != nil
    guard hasRows || (nodes == rows && !hasStarts), hasStarts || nodes == rows - loose else {
      throw file.indexDamage("NROW", "the rows of every node", "none")
    }
    rowEntry = hasRows ? try file.indexSection(.nodeRows, rows - loose, 4) : nil
    startEntry = hasStarts ? try file.indexSection(.nodeStarts, nodes + 1, 4) : nil
    let calibration = try Self.calibration(file)
    if nodes > 0 {
      guard let entry = file.section(.graphRouter), entry.length <= 1 << 30,
        let router = try unsafe GraphRouter(
          file.bytes(entry), nodeCount: nodes, dimension: padded, owner: file)
      else { throw file.indexDamage("ROUT", "a router", "something else") }
      self.router = router
    } else {
      router = nil
    }
    self.calibration = calibration
    self.residual = residual
    self.file = file
    self.rows = rows
    self.nodes = nodes
    maximumNeighbors = neighbors
    self.codec = codec
    quality = GraphParameters.Quality.allCases[Int(own[9])]
    looseCount = loose
    nodeRows = unsafe NodeRows(
      nodeCount: nodes, rowCount: rows,
      rows: rowEntry.flatMap { unsafe Self.numbers(file.uncheckedBytes($0)) }, placeCount: rows - loose,
      starts: startEntry.flatMap { unsafe Self.numbers(file.uncheckedBytes($0)) })
  }

  /// The section that says what searches find.
  package static func calibration(_ file: ContainerFile) throws(StorageError) -> GraphCalibration {
    guard let entry = file.section(.graphCalibration), entry.length <= 1 << 16,
      let calibration = GraphCalibration(bytes: try unsafe [UInt8](file.bytes(entry)))
    else {
      throw .corruption(
        CorruptionError(
          path: file.name, section: "CALB", offset: nil, expected: "a calibration", found: "something else"))
    }
    return calibration
  }

  /// Whether a search for a row, hidden from it, tells what one for a new vector finds, and the promise was not measured with the row.
  ///
  /// Where rows left traces no row does that quite; then it is each that the promise was not measured with.
  package func proves(row: Int) -> Bool {
    if calibration.hasTraces {
      return calibration.source != .rows || !GraphCalibration.isQuery(row: row, of: rows)
    }
    return GraphCalibration.isProof(row: row, of: rows)
  }

  /// The same, whether or not the promise was measured with it.
  package func measures(row: Int) -> Bool {
    calibration.hasTraces || GraphCalibration.isQuery(row: row, of: rows) || proves(row: row)
  }

  private static func numbers(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt32>? {
    // Sections begin at multiples of 64 of a mapping that begins on a page.
    unsafe bytes.baseAddress.map { unsafe $0.assumingMemoryBound(to: UInt32.self) }
  }

  /// Prepares for few queries, which touch little: only the pages that they touch are read.
  ///
  /// - Returns: Whether so little of the graph is in memory that searches should ask for what they touch, ahead of it.
  package func expectFewQueries() -> Bool {
    for entry in [neighborEntry, recordEntry, rowEntry, startEntry] {
      if let entry { file.advise(.scattered, entry) }
    }
    let isCold = file.residentShare(recordEntry) < 0.9
    if isCold { file.readBlocksAtOnce() }
    return isCold
  }

  /// Asks the disk for the blocks that say which rows a node stands for.
  package func askRows(of node: Int) {
    if let startEntry { file.ask(startEntry, 4 * node..<4 * node + 8) }
    if let rowEntry { file.ask(rowEntry, 4 * node..<4 * node + 4) }
  }

  /// The graph for searching; nil without nodes.
  ///
  /// `isChecked`: Whether every block has been checked by `checkAll`: the search then looks at none again.
  /// `asksAhead`: What `expectFewQueries` has said.
  package func view(isChecked: Bool, asksAhead: Bool = false) -> GraphView? {
    let lists = unsafe file.uncheckedBytes(neighborEntry)
    let records = unsafe file.uncheckedBytes(recordEntry)
    guard nodes > 0, let first = lists.baseAddress, let record = records.baseAddress else { return nil }
    return unsafe GraphView(
      count: nodes, maximumNeighbors: maximumNeighbors, codec: codec, paddedDimension: frame.paddedDimension,
      scale: frame.scale, residual: residual, neighbors: first.assumingMemoryBound(to: UInt32.self),
      records: record,
      checks: isChecked
        ? nil
        : GraphChecks(
          file: file, neighbors: neighborEntry, records: recordEntry, asksAhead: asksAhead),
      owner: file)
  }

  /// Checks every block that a search may touch.
  package func checkAll() throws(StorageError) {
    for entry in [neighborEntry, recordEntry, rowEntry, startEntry] {
      if let entry { file.advise(.inOrder, entry) }
    }
    for entry in [neighborEntry, recordEntry] { _ = try unsafe file.bytes(entry) }
    try checkNodeRows()
  }

  /// Checks every block that says which rows a node stands for: until then a filter may take one for another.
  package func checkNodeRows() throws(StorageError) {
    if let rowEntry { _ = try unsafe file.bytes(rowEntry) }
    if let startEntry { _ = try unsafe file.bytes(startEntry) }
  }

  /// Checks the blocks that say which rows a node stands for, and gives their places.
  package func checkedPlaces(of node: Int) throws(StorageError) -> Range<Int> {
    if let startEntry { _ = try unsafe file.bytes(startEntry, 4 * node..<4 * node + 8) }
    let places = nodeRows.places(of: node)
    if let rowEntry { _ = try unsafe file.bytes(rowEntry, 4 * places.lowerBound..<4 * places.upperBound) }
    return places
  }

  /// The rows that are in no node; each below `rows`.
  package func looseRows() throws(StorageError) -> [UInt32] {
    guard let looseEntry else { return [] }
    let bytes = try unsafe file.bytes(looseEntry)
    var result: [UInt32] = []
    result.reserveCapacity(looseCount)
    for index in 0..<looseCount {
      result.append(unsafe min(bytes.littleEndian(at: 4 * index, as: UInt32.self), UInt32(rows - 1)))
    }
    return result
  }
}
