package import FileStorage
internal import Quantization

extension GraphIndex {
  /// Checks what the bytes mean: every list and row number, that every node can be reached, and every record against the vectors.
  ///
  /// - Returns: At most `limit` reports.
  /// - Throws: `.cancelled`; `.storage` when a block fails its checksum.
  package func verifyContents(
    _ vectors: StoredVectors, threads: Int, limit: Int, isCancelled: @Sendable () -> Bool
  ) throws(IndexBuildError) -> [CorruptionError] {
    var reports = GraphReports(path: file.name, limit: limit)
    guard vectors.rows == rows else {
      reports.add("footer", "\(vectors.rows) rows", "\(rows)")
      return reports.all
    }
    do throws(StorageError) {
      try checkAll()
      try checkRows(&reports)
      try checkLists(&reports)
      try checkRecords(vectors, &reports, isCancelled)
    } catch {
      throw .storage(error)
    }
    if isCancelled() { throw .cancelled }
    return reports.all
  }

  /// Every row is in exactly one node, or loose.
  private func checkRows(_ reports: inout GraphReports) throws(StorageError) {
    let seen = WorkArray<Bool>(count: rows, repeating: false)
    var last = 0
    for node in 0..<nodes {
      let places = nodeRows.places(of: node)
      if places.lowerBound != last || places.isEmpty {
        reports.add("NSTA", "rows of node \(node) from place \(last)", "from \(places.lowerBound)")
        return
      }
      last = places.upperBound
      for place in places {
        let row = Int(nodeRows.row(at: place))
        if seen[row] { reports.add("NROW", "each row once", "row \(row) twice") }
        seen[row] = true
      }
    }
    for row in try looseRows() {
      if seen[Int(row)] { reports.add("LOOS", "each row once", "row \(row) twice") }
      seen[Int(row)] = true
    }
    for row in 0..<rows where !seen[row] { reports.add("NROW", "every row", "row \(row) in no node") }
  }

  /// Every neighbour is a node, none is named twice, free places stand last, and all nodes can be reached.
  private func checkLists(_ reports: inout GraphReports) throws(StorageError) {
    guard let view = view(isChecked: true), let router else { return }
    for node in 0..<nodes {
      let list = unsafe view.list(node)
      var isAtEnd = false
      for place in 0..<maximumNeighbors {
        let neighbor = unsafe list[place]
        if neighbor >= nodes {
          reports.add("GADJ", "nodes below \(nodes) in the list of node \(node)", "\(neighbor)")
        } else if neighbor == node {
          isAtEnd = true
        } else if isAtEnd {
          reports.add("GADJ", "no neighbour behind a free place of node \(node)", "\(neighbor)")
        } else {
          for other in 0..<place where unsafe list[other] == neighbor {
            reports.add("GADJ", "each neighbour of node \(node) once", "\(neighbor) twice")
          }
        }
      }
    }
    guard reports.all.isEmpty, let first = router.leaders.first else { return }
    let reached = WorkArray<Bool>(count: nodes, repeating: false)
    reached[Int(first)] = true
    var queue = [Int(first)]
    var left = nodes - 1
    while let node = queue.popLast() {
      let list = unsafe view.list(node)
      for place in 0..<maximumNeighbors {
        let neighbor = unsafe Int(list[place])
        if reached[neighbor] { continue }
        reached[neighbor] = true
        left -= 1
        queue.append(neighbor)
      }
    }
    if left > 0 { reports.add("GADJ", "every node reachable from the first leader", "\(left) that are not") }
  }

  /// Every record is the code of its node's first row.
  private func checkRecords(
    _ vectors: StoredVectors, _ reports: inout GraphReports, _ isCancelled: @Sendable () -> Bool
  ) throws(StorageError) {
    guard let view = view(isChecked: true) else { return }
    let source = vectors.source
    let dimension = frame.paddedDimension
    let size = codec.recordBytes(dimension)
    let coordinates = WorkArray<Float>(count: dimension, repeating: 0)
    let expected = WorkArray<UInt8>(count: size, repeating: 0)
    let codes = WorkArray<Int8>(count: dimension, repeating: 0)
    for node in 0..<nodes {
      if node & 1023 == 0, isCancelled() { return }
      let row = Int(nodeRows.row(at: nodeRows.places(of: node).lowerBound))
      try unsafe frame.transform(source, row..<row + 1, threads: 1, into: coordinates.base)
      let record = unsafe view.record(node)
      switch codec {
      case .bytes:
        let (squares, _) = unsafe frame.encode(coordinates: coordinates.base, codes: codes.base)
        for index in 0..<dimension { expected[index] = UInt8(bitPattern: codes[index]) }
        unsafe UnsafeMutableRawPointer(expected.base).storeBytes(
          of: squares.littleEndian, toByteOffset: dimension, as: Int32.self)
      case .nibbles:
        unsafe RaBitQuantizer.encode(
          coordinates: coordinates.base, paddedDimension: dimension, codes: expected.base,
          factors: UnsafeMutableRawPointer(expected.base) + dimension / 2)
      }
      for index in 0..<size where unsafe record.load(fromByteOffset: index, as: UInt8.self) != expected[index]
      {
        reports.add("GREC", "the code of row \(row) at node \(node)", "another")
        break
      }
    }
  }
}

/// Reports of wrong contents, up to a limit.
private struct GraphReports {
  let path: String
  let limit: Int
  private(set) var all: [CorruptionError] = []

  init(path: String, limit: Int) {
    self.path = path
    self.limit = limit
  }

  mutating func add(_ section: String, _ expected: String, _ found: String) {
    guard all.count < limit else { return }
    all.append(
      CorruptionError(path: path, section: section, offset: nil, expected: expected, found: found))
  }
}
