import DataFormats
import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// The fixture files of h5py.
private enum Fixture {
  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: PackageFolder.path + "/Fixtures/hdf5/\(name)")))
  }
}

/// Everything that a file of the layout of ann-benchmarks holds, or how reading it ended.
private struct HDF5Reading: Equatable {
  var attributes: [String: String] = [:]
  var train: [[Float]] = []
  var test: [[Float]] = []
  var neighbors: [Int64] = []
  var failure: FormatError?

  init(_ bytes: [UInt8]) {
    do throws(FormatError) {
      let file = try HDF5File(MemorySource(bytes, name: "a.hdf5", pieceSize: 7))
      attributes = file.attributes
      for name in ["train", "test"] {
        guard let dataset = try file.dataset(name) else { continue }
        let reading = Reading.all(try file.records(dataset, options: options { $0.zeroVector = .allow }))
        if let failure = reading.failure { throw failure }
        if name == "train" { train = reading.vectors } else { test = reading.vectors }
      }
      if let dataset = try file.dataset("neighbors"), dataset.shape.count == 2 {
        neighbors = try file.integers(dataset, rows: 0..<min(3, dataset.shape[0]))
      }
    } catch { failure = error }
  }
}

/// The reader of HDF5 files, with files of h5py 3.16 and the HDF5 library 2.0.
@Suite struct HDF5Tests {
  @Test(arguments: ["default", "latest", "double", "half", "bytes", "fixed-text", "many"])
  func `files of h5py are read`(_ name: String) throws {
    let reading = HDF5Reading(try Fixture.bytes(name + ".hdf5"))
    #expect(reading.failure == nil)
    #expect(reading.train.count == 12)
    #expect(reading.test.count == 3)
    #expect(reading.attributes["distance"] == (name == "fixed-text" ? "angular" : "euclidean"))
    #expect(reading.attributes["type"] == "dense")
    let scale: Float = name == "bytes" ? 4 : 1
    let plain = HDF5Reading(try Fixture.bytes("default.hdf5"))
    #expect(reading.train == plain.train.map { $0.map { $0 * scale } })
    #expect(reading.neighbors == plain.neighbors)
    // The nearest five of each query, as numpy found them.
    for (query, vector) in plain.test.enumerated() {
      func distance(_ row: Int) -> Float {
        zip(vector, plain.train[row]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      let nearest = (0..<12).sorted { (distance($0), $0) < (distance($1), $1) }.prefix(5)
      #expect(plain.neighbors[query * 5..<query * 5 + 5].map { Int($0) } == Array(nearest))
    }
  }

  @Test(arguments: [
    ("chunked", "a data set in chunks"), ("compressed", "compressed"), ("truth-values", "an enumeration"),
    ("many-latest", "fractal heap"), ("user-block", "user data"),
  ])
  func `other files are refused with advice`(_ name: String, _ found: String) throws {
    let failure = HDF5Reading(try Fixture.bytes(name + ".hdf5")).failure
    #expect(failure?.code == .unsupportedFormat)
    #expect(failure?.found.contains(found) == true, "\(failure.map { "\($0)" } ?? "read")")
    #expect(failure?.hint?.contains("h5repack") == true)
  }

  @Test func `what is no HDF5 file is refused`() {
    for bytes in [[], Array("hello".utf8), HDF5File.signature, HDF5File.signature + [0, 0, 0, 0]] {
      #expect(HDF5Reading(bytes).failure != nil)
    }
  }

  static let files = [
    "default", "latest", "double", "fixed-text", "many", "many-latest", "chunked", "compressed",
    "truth-values",
  ]

  @Test(arguments: files) func `a file cut at any place is read or refused`(_ name: String) throws {
    let bytes = try Fixture.bytes(name + ".hdf5")
    for length in stride(from: 0, to: bytes.count, by: 13) { _ = HDF5Reading(Array(bytes[..<length])) }
  }

  /// Every bit flip and many worse changes end in an answer or an error, never in a trap or without end.
  @Test(arguments: files) func `a damaged file is read or refused`(_ name: String) throws {
    let bytes = try Fixture.bytes(name + ".hdf5")
    for place in 0..<bytes.count where bytes[place] != 0 || place < 1200 {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(place % 8)
      _ = HDF5Reading(damaged)
    }
    let seed = UInt64(bytes.count)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<3000 {
      var damaged = bytes
      for _ in 0...Int.random(in: 0..<4, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: damaged[place] = 0xFF
        case 1: for index in place..<min(place + 8, damaged.count) { damaged[index] = 0xFF }
        case 2:
          // A reference to another place of the file, which can close a circle.
          let target = UInt64(Int.random(in: 0..<damaged.count, using: &generator)) / 8 * 8
          let start = place / 8 * 8
          for index in start..<min(start + 8, damaged.count) {
            damaged[index] = UInt8(truncatingIfNeeded: target >> UInt64((index - start) * 8))
          }
        default: damaged[place] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      _ = HDF5Reading(damaged)
    }
  }
}
