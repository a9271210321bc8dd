import DataFormats
import FileStorage
import MetadataFilters
import Testing

/// Rows of made-up data as one batch.
private func rows(
  _ distribution: SyntheticDistribution, _ range: Range<UInt64>, dimension: Int = 24, seed: UInt64 = 1,
  set: SyntheticSet = .base, idType: IDType = .string, payload: [String] = ["standard"],
  change: (inout SyntheticSettings) -> Void = { _ in }
) throws -> RecordBatch {
  var settings = SyntheticSettings(dimension: dimension)
  settings.distribution = distribution
  settings.seed = seed
  settings.payload = try SyntheticPayload(payload)
  change(&settings)
  var batch = RecordBatch(dimension: 1)
  SyntheticRecords(settings).fill(&batch, rows: range, of: set, idType: idType)
  return batch
}

private func vector(_ batch: RecordBatch, _ row: Int) -> [Float] {
  Array(batch.vectors[batch.vectorRange(row)])
}

private func dot(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// Made-up data is the same wherever and however it is made.
@Suite struct SyntheticTests {
  /// The digest of ids, vectors and metadata, recorded on x86-64: any other machine must give the same.
  @Test(arguments: [
    (SyntheticDistribution.gauss, "a1d0e120006a1a04"),
    (.clustered, "12fd4deceb64be30"),
    (.embeddingLike, "edaf1c0c6b5cd0b0"),
    (.adversarial, "19d6adacfae44b56"),
  ])
  func `the bytes are those of every machine`(_ distribution: SyntheticDistribution, _ digest: String) throws
  {
    var bytes: [UInt8] = []
    for set in [SyntheticSet.base, .queries] {
      let batch = try rows(distribution, 0..<300, set: set) {
        $0.hasZeroVectors = true
        $0.clusterCount = 20
      }
      bytes += batch.idBytes + batch.metadataBytes
      for number in batch.vectors {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32($0 * 8)) }
      }
    }
    #expect(SHA256.digest(of: bytes).description.hasPrefix(digest), "\(SHA256.digest(of: bytes))")
  }

  @Test(arguments: SyntheticDistribution.allCases)
  func `a row depends on its number alone`(_ distribution: SyntheticDistribution) throws {
    let all = try rows(distribution, 0..<200)
    for range in [UInt64(0)..<1, 17..<40, 199..<200] {
      let some = try rows(distribution, range)
      for row in 0..<some.count {
        let place = Int(range.lowerBound) + row
        #expect(some.id(row) == all.id(place))
        #expect(vector(some, row).map(\.bitPattern) == vector(all, place).map(\.bitPattern))
        #expect(some.metadataBytes[some.metadataRange(row)] == all.metadataBytes[all.metadataRange(place)])
      }
    }
  }

  @Test(arguments: SyntheticDistribution.allCases)
  func `another seed and another set give other rows`(_ distribution: SyntheticDistribution) throws {
    let first = try rows(distribution, 0..<100)
    #expect(try rows(distribution, 0..<100, seed: 2).vectors != first.vectors)
    let queries = try rows(distribution, 0..<100, set: .queries)
    #expect(queries.vectors != first.vectors)
    #expect(queries.id(7).display == "q7")
    #expect(first.id(7).display == "r7")
  }

  @Test func `normal numbers have the moments of a normal distribution`() throws {
    let numbers = try rows(.gauss, 0..<2000, dimension: 100, payload: []).vectors.map(Double.init)
    let count = Double(numbers.count)
    let mean = numbers.reduce(0, +) / count
    let variance = numbers.reduce(0) { $0 + $1 * $1 } / count
    let fourth = numbers.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
    #expect(abs(mean) < 0.01)
    #expect(abs(variance - 1) < 0.01)
    #expect(abs(fourth - 3) < 0.1)
    #expect(Set(numbers).count > 150_000)
  }

  @Test func `embedding-like rows have length one, a shared mean and near neighbours`() throws {
    let batch = try rows(.embeddingLike, 0..<2000, dimension: 64, payload: [])
    var pairs = 0.0
    var nearest = 0.0
    for row in 0..<100 {
      let own = vector(batch, row)
      #expect(abs(dot(own, own) - 1) < 1e-6)
      let cosines = (100..<2000).map { dot(own, vector(batch, $0)) }
      pairs += cosines.reduce(0, +) / Double(cosines.count)
      nearest += cosines.max() ?? 0
    }
    #expect((10...30).contains(pairs), "the mean cosine of two rows is \(pairs / 100)")
    #expect((60...90).contains(nearest), "that of the nearest of 1,900 is \(nearest / 100)")
  }

  @Test func `adversarial rows hold what they promise`() throws {
    let batch = try rows(.adversarial, 0..<4000, dimension: 8, payload: ["cluster:cluster"])
    var lengths: [Double] = []
    var seen: Set<[UInt32]> = []
    var zeros = 0
    for row in 0..<batch.count {
      let own = vector(batch, row)
      #expect(own.allSatisfy { $0.isFinite })
      seen.insert(own.map(\.bitPattern))
      if own.allSatisfy({ $0 == 0 }) { zeros += 1 } else { lengths.append(dot(own, own).squareRoot()) }
    }
    #expect(zeros == 0)
    #expect(seen.count < 3500, "equal rows")
    #expect((lengths.max() ?? 0) / (lengths.min() ?? 1) > 1e20)
    let withZeros = try rows(.adversarial, 0..<4000, dimension: 8, payload: []) { $0.hasZeroVectors = true }
    #expect((0..<4000).contains { vector(withZeros, $0).allSatisfy { $0 == 0 } })
    let normalized = try rows(.adversarial, 0..<500, dimension: 8) { $0.isNormalized = true }
    for row in 0..<500 {
      let own = vector(normalized, row)
      #expect(abs(dot(own, own) - 1) < 1e-6)
    }
  }

  @Test func `metadata is canonical and has the frequencies that it states`() throws {
    let batch = try rows(.embeddingLike, 0..<20_000, dimension: 2)
    var flags = 0
    var prices = 0
    var shares = 0
    var firstCategory = 0
    for row in 0..<batch.count {
      let bytes = Array(batch.metadataBytes[batch.metadataRange(row)])
      #expect(try CanonicalJSON.encode(bytes) == bytes)
      guard case .object(let object) = try JSONParser.parse(String(decoding: bytes, as: UTF8.self)) else {
        Issue.record("no object")
        return
      }
      if object["flag"] == .bool(true) { flags += 1 }
      if object["price"] != nil { prices += 1 }
      if case .double(let share)? = object["share"], share < 0.01 { shares += 1 }
      if object["category"] == .string("c0") { firstCategory += 1 }
      #expect(object["row"] == .int(Int64(row)))
      guard case .string(let time)? = object["time"] else {
        Issue.record("no time")
        return
      }
      #expect(("2020-01-01T00:00:00Z"..."2025-01-01T00:00:00Z").contains(time))
    }
    #expect((1800...2200).contains(flags))
    #expect((9700...10_300).contains(prices))
    #expect((150...250).contains(shares))
    // One of the sum of 1, 1/2, ..., 1/100.
    #expect((3500...4200).contains(firstCategory))
  }

  @Test(arguments: [IDType.string, .int64, .uuid])
  func `ids are all different`(_ type: IDType) throws {
    let batch = try rows(.gauss, 0..<5000, dimension: 1, idType: type, payload: [])
    #expect(Set((0..<5000).map { batch.id($0).display }).count == 5000)
    if type == .uuid {
      #expect(batch.idBytes[6] >> 4 == 4)
      #expect(batch.idBytes[8] >> 6 == 2)
    }
  }

  @Test(arguments: [
    "x", "x:", ":int", "x:what", "x:int:0", "x:int:-1", "x:float:3", "x:int:1:2", "x:int?2", "x:int?",
    "x:int?a",
    "x:category:99999999999999999999",
  ])
  func `a field that cannot be understood is refused`(_ text: String) {
    #expect(throws: SyntheticPayload.Failure.self) { try SyntheticPayload([text]) }
  }

  @Test func `a name stands once`() {
    #expect(throws: SyntheticPayload.Failure.self) { try SyntheticPayload(["a:int", "a:bool"]) }
  }
}
