import DataFormats
import FileStorage
import MetadataFilters
import TestSupport
import Testing

extension Reading {
  /// What holds of anything that a reader delivers, however broken its source.
  func check(_ pitfall: Pitfall, sourceLocation: SourceLocation = #_sourceLocation) {
    let width = vectors.first?.count
    for row in ids.indices {
      #expect(vectors[row].count == width, sourceLocation: sourceLocation)
      let isFinite = vectors[row].allSatisfy { $0.isFinite }
      #expect(isFinite, sourceLocation: sourceLocation)
      #expect(!ids[row].isEmpty, sourceLocation: sourceLocation)
      guard !metadata[row].isEmpty else { continue }
      let bytes = Array(metadata[row].utf8)
      let canonical = try? CanonicalJSON.encode(bytes)
      #expect(canonical == bytes, sourceLocation: sourceLocation)
      #expect(bytes.first == UInt8(ascii: "{"), sourceLocation: sourceLocation)
    }
    if let failure {
      #expect(!failure.description.isEmpty, sourceLocation: sourceLocation)
    }
  }
}

@Test(arguments: pitfalls)
func cutFilesAreReadOrRefused(_ pitfall: Pitfall) {
  let bytes = Pitfall.bytes(pitfall.file)
  let step = max(1, bytes.count / 400)
  for length in stride(from: 0, to: bytes.count, by: step) {
    pitfall.small.read(Array(bytes[..<length])).check(pitfall)
  }
}

@Test(arguments: pitfalls)
func flippedFilesAreReadOrRefused(_ pitfall: Pitfall) {
  let bytes = Pitfall.bytes(pitfall.file)
  guard !bytes.isEmpty else { return }
  let seed = UInt64(bytes.count)
  var generator = SeededGenerator(seed: seed)
  let special = Array("\"\n\r,;[]{}:\\eE.-+0 9\u{0}".utf8) + [0xFF, 0x80, 0xC0, 0x93]
  for round in 0..<400 {
    var damaged = bytes
    for _ in 0...Int.random(in: 0..<3, using: &generator) {
      let place = Int.random(in: 0..<damaged.count, using: &generator)
      switch round % 4 {
      case 0: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: damaged[place] = special.randomElement(using: &generator) ?? 0
      case 2: damaged.insert(special.randomElement(using: &generator) ?? 0, at: place)
      default: if damaged.count > 1 { damaged.remove(at: place) }
      }
    }
    let read = pitfall.small.read(damaged)
    read.check(pitfall)
    if round % 8 == 0 {
      #expect(pitfall.small.read(damaged, threads: 2) == read, "seed \(seed), round \(round)")
    }
  }
}

@Test func damagedCompanionsAreReadOrRefused() {
  for pitfall in pitfalls where pitfall.ids != nil || pitfall.payload != nil {
    let vectors = Pitfall.bytes(pitfall.file)
    let ids = pitfall.ids.map(Pitfall.bytes)
    let payload = pitfall.payload.map(Pitfall.bytes)
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<200 {
      var options = pitfall.options
      func damage(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        return Bool.random(using: &generator) ? bytes : Array(bytes[..<place])
      }
      options.idsSource = ids.map { MemorySource(damage($0), name: "ids") }
      options.payloadSource = payload.map { MemorySource(damage($0), name: "payload") }
      Reading.all(MemorySource(vectors, name: "v.npy", pieceSize: 7), format: .npy, options: options).check(
        pitfall)
    }
  }
}

@Test func randomBytesAreRefusedByEveryReader() {
  var generator = SeededGenerator(seed: 3)
  for _ in 0..<2000 {
    let bytes = generator.bytes(Int.random(in: 0..<200, using: &generator))
    for format in RecordFormat.allCases {
      _ = Reading.all(MemorySource(bytes), format: format, options: options { $0.blockBytes = 64 })
    }
    for name in ["a.csv", "a.jsonl", "a.npy", "a.fvecs", "a", "-"] {
      _ = try? FormatDetection.format(name: name, head: bytes)
    }
  }
}

extension Pitfall {
  /// The same, read in small blocks.
  var small: Pitfall {
    let change = change
    return Pitfall(file, code, variant: variant, stated: stated, ids: ids, payload: payload) {
      change(&$0)
      $0.blockBytes = 256
      $0.maximumRecordBytes = min($0.maximumRecordBytes, 4096)
    }
  }
}
