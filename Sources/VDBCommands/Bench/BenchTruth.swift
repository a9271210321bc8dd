import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// How near the k nearest rows of each query are.
///
/// A row that a search found counts when it is no farther than the k-th nearest, so that of equal distances any may
/// be found.
struct BenchTruth {
  /// The distance of the k-th nearest row.
  private(set) var limits: [Float]
  /// Nearest rows there are: k, or all rows where there are fewer.
  let count: Int
  /// Where it comes from: a phrase.
  let origin: String

  /// The distances that an exact search found.
  init(exact answers: [[SearchHit]], k: Int, origin: String) {
    limits = answers.map { $0.prefix(k).last?.distance ?? -.infinity }
    count = answers.first.map { min(k, $0.count) } ?? 0
    self.origin = origin
  }

  /// The distances of rows that a file names.
  ///
  /// - Throws: `badInput` for positions that no row has, and rows named twice for one query.
  init(
    positions: [[Int64]], k: Int, _ queries: BenchQueries, _ snapshot: Snapshot, origin: String
  ) throws(CommandFailure) {
    var places: [RowLocation] = []
    places.reserveCapacity(snapshot.liveCount)
    try engine { () throws(DatabaseError) in
      try snapshot.forEachRow { (location) throws(DatabaseError) in
        places.append(location)
        return true
      }
    }
    let wanted = min(k, places.count)
    var limits: [Float] = []
    for (query, row) in positions.enumerated() {
      var worst = -Float.infinity
      guard row.count >= wanted, Set(row.prefix(wanted)).count == wanted else {
        throw CommandFailure(
          .badInput, code: "truth",
          "\(origin): query \(query): expected \(wanted) different rows, found \(Set(row.prefix(wanted)).count)",
          hint: "leave the file out, and the nearest rows are computed")
      }
      for position in row.prefix(wanted) {
        guard let place = Int(exactly: position), places.indices.contains(place) else {
          throw CommandFailure(
            .badInput, code: "truth",
            "\(origin): query \(query): row \(position) does not exist; there are \(places.count)",
            hint: "a truth file holds arrival positions from 0")
        }
        worst = max(worst, try queries.distance(query, to: places[place], snapshot))
      }
      limits.append(worst)
    }
    self.limits = limits
    count = wanted
    self.origin = origin
  }

  /// That of the first queries.
  func prefix(_ most: Int) -> BenchTruth {
    var result = self
    result.limits = Array(limits.prefix(most))
    return result
  }

  /// The share of the nearest rows that the answers hold.
  func recall(_ answers: [[Float]]) -> Double {
    guard count > 0, !limits.isEmpty else { return 1 }
    var found = 0
    for (query, answer) in answers.enumerated() {
      found += min(count, answer.reduce(0) { $0 + ($1 <= limits[query] ? 1 : 0) })
    }
    return Double(found) / Double(count * limits.count)
  }

  /// Compares with what an exact search found: a truth that is farther away is none.
  ///
  /// Differences of rounding, as other programs make them, are taken over instead.
  ///
  /// - Throws: `badInput`.
  mutating func check(exact answers: [[Float]]) throws(CommandFailure) {
    for (query, answer) in answers.enumerated() {
      guard count > 0, let last = answer.prefix(count).last, last < limits[query] else { continue }
      let slack = abs(limits[query]) * 1e-4 + 1e-5
      guard limits[query] - last <= slack else {
        throw CommandFailure(
          .badInput, code: "truth",
          "\(origin): query \(query): its neighbour \(count) is \(limits[query]) away, but that many rows lie within \(last)",
          hint: "the file belongs to other data, another metric or another order of the rows")
      }
      limits[query] = last
    }
  }
}

/// The queries that are measured.
struct BenchQueries {
  /// One after the other.
  let all: [Float]
  let dimension: Int
  let count: Int
  private let single: [[Float]]
  private let settings: CollectionSettings

  /// Takes at most `limit` queries from a reader.
  ///
  /// - Throws: `badInput` when there is none.
  init(
    _ reader: any RecordReader, _ settings: CollectionSettings, limit: Int, name: String
  ) throws(CommandFailure) {
    var all: [Float] = []
    var batch = RecordBatch(dimension: settings.dimension)
    var count = 0
    while count < limit {
      let most = min(1024, limit - count)
      guard try records({ () throws(FormatError) in try reader.next(&batch, maximumRows: most) }) else {
        break
      }
      all += batch.vectors
      count += batch.count
    }
    guard count > 0 else {
      throw CommandFailure(
        .badInput, code: FormatErrorCode.emptyFile.rawValue, "\(name): expected queries, found none")
    }
    self.init(all, settings, count: count)
  }

  private init(_ all: [Float], _ settings: CollectionSettings, count: Int) {
    let dimension = settings.dimension
    self.all = all
    self.settings = settings
    self.dimension = dimension
    self.count = count
    single = (0..<count).map { Array(all[$0 * dimension..<($0 + 1) * dimension]) }
  }

  /// One query.
  subscript(_ query: Int) -> [Float] { single[query] }

  /// The first ones.
  func prefix(_ most: Int) -> BenchQueries {
    count <= most ? self : BenchQueries(Array(all[..<(most * dimension)]), settings, count: most)
  }

  /// Some of them.
  struct Some {
    /// Their numbers, ascending.
    let numbers: [Int]
    /// One after the other.
    let all: [Float]
  }

  /// Those whose number is wanted.
  func some(_ isWanted: (Int) -> Bool) -> Some {
    let numbers = (0..<count).filter(isWanted)
    return Some(numbers: numbers, all: numbers.flatMap { single[$0] })
  }

  /// The Euclidean distance of two queries.
  func distance(_ first: Int, _ second: Int) -> Float {
    let row = single[second]
    // Safe: both arrays hold `dimension` floats.
    return unsafe single[first].withUnsafeBufferPointer { vector in
      unsafe row.withUnsafeBytes { bytes in
        guard let vector = vector.baseAddress, let base = bytes.baseAddress else { return 0 }
        return unsafe ExactDistance.distance(
          metric: .l2, query: vector, row: base, elementType: .f32, dimension: dimension)
      }
    }
  }

  /// The options with which a file of queries is read.
  static func readOptions(_ settings: CollectionSettings) -> ReadOptions {
    var options = ReadOptions()
    options.dimension = settings.dimension
    options.dimensionOrigin = "the collection"
    options.elementType = settings.elementType
    options.idSource = .row
    options.payload = .nothing
    options.zeroVector = settings.metric == .cosine ? .reject : .allow
    return options
  }

  /// The exact distance of a row.
  func distance(_ query: Int, to location: RowLocation, _ snapshot: Snapshot) throws(CommandFailure) -> Float
  {
    let row = try engine { () throws(DatabaseError) in try snapshot.state.storedVector(at: location) }
    // Safe: both arrays hold a vector of the collection.
    return unsafe single[query].withUnsafeBufferPointer { vector in
      unsafe row.withUnsafeBytes { bytes in
        guard let vector = vector.baseAddress, let base = bytes.baseAddress else { return 0 }
        return unsafe ExactDistance.distance(
          metric: settings.metric, query: vector, row: base, elementType: settings.elementType,
          dimension: dimension)
      }
    }
  }
}
