import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorMath

@Suite struct ReadDamageTests {
  /// Everything that can be read, as text: search, get, scan with vectors and metadata, counts.
  static func readAll(_ fs: SimulatedFileSystem) throws(DatabaseError) -> String {
    let collection = try Collection.open(on: fs)
    let snapshot = try Snapshot.open(collection)
    var text = "\(collection.settings) \(snapshot.liveCount) \(snapshot.lsn)"
    var request = SearchRequest(k: 3)
    request.tuning.wantedShare = 1
    request.tuning.fewRows = 0
    request.tuning.weighsGraphs = false
    for method in [SearchMethod.effort(1000), .exact] {
      request.method = method
      let answer = try snapshot.search(queries: [1, 2], count: 1, request).answers[0]
      for hit in answer { text += " \(hit.id.display) \(hit.distance)" }
    }
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      let id = try snapshot.state.id(at: location)
      let found = try snapshot.state.find(id)
      let history = try snapshot.state.history(at: location)
      text += "\n\(id.display) \(found == location) \(try snapshot.state.vector(at: location)) "
      text += String(decoding: try snapshot.state.metadata(at: location), as: UTF8.self)
      text += " \(history.lsn) \(history.created) \(history.updated)"
      return true
    }
    for n in 0..<10 {
      let id = RecordID(bytes: Array("id-\(n)".utf8), type: .string)
      text += "\n\(n) \(try snapshot.state.find(id) != nil)"
    }
    return text + "\n\(try snapshot.contentHash())"
  }

  /// Reads a damaged collection: nil when the answer is the right one or damage is reported.
  static func failure(_ fs: SimulatedFileSystem, _ right: String, _ kind: inout Int) -> String? {
    do throws(DatabaseError) {
      let found = try readAll(fs)
      return found == right ? nil : "a wrong answer: \(found)"
    } catch {
      kind += 1
      switch error {
      case .storage(.corruption), .storage(.unsupported): return nil
      default: return "not reported as damage: \(error)"
      }
    }
  }

  /// `VDB_READ_FLIPS` flips; 1,000 unless told.
  @Test func `A flipped bit never changes what is read`() throws {
    let count = campaignSize("VDB_READ_FLIPS") ?? 1000
    let small = try SmallCollection()
    let files = small.files()
    let right = try Self.readAll(small.fs)
    var generator = TestSupport.SeededGenerator(seed: 6)
    var failures: [String] = []
    var refused = 0
    for _ in 0..<count {
      let file = files[generator.below(files.count)]
      let bit = generator.below(file.bytes.count * 8)
      var damaged = file.bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let fs = small.fs.crash(.everything)
      fs.setContents(file.name, damaged)
      if let failure = Self.failure(fs, right, &refused) {
        failures.append("\(file.name) byte \(bit / 8) bit \(bit % 8): \(failure)")
      }
    }
    print("read flips: seed 6, \(count) flips, \(refused) refused as damaged, \(failures.count) wrong")
    for failure in failures.prefix(10) { Issue.record("\(failure)") }
  }

  /// `VDB_MUTATIONS` changes; 1,000 unless told.
  @Test func `Cut, extended, swapped and stale files are refused or harmless`() throws {
    let count = campaignSize("VDB_MUTATIONS") ?? 1000
    let small = try SmallCollection()
    let files = small.files()
    let other = try SmallCollection().files()
    let right = try Self.readAll(small.fs)
    var generator = TestSupport.SeededGenerator(seed: 7)
    var failures: [String] = []
    var refused = 0
    for _ in 0..<count {
      let fs = small.fs.crash(.everything)
      let index = generator.below(files.count)
      let file = files[index]
      var bytes = file.bytes
      var what = ""
      switch generator.below(6) {
      case 0:
        let size = generator.below(bytes.count)
        what = "cut to \(size)"
        bytes.removeLast(bytes.count - size)
      case 1:
        let extra = 1 + generator.below(4096)
        what = "\(extra) more bytes"
        bytes += generator.bytes(extra)
      case 2:
        let size = min([512, 4096, 16384][generator.below(3)], bytes.count)
        let start = generator.below(bytes.count - size + 1) / 512 * 512
        what = "\(size) zeros at \(start)"
        bytes.replaceSubrange(start..<(start + size), with: [UInt8](repeating: 0, count: size))
      case 3:
        let second = files[generator.below(files.count)]
        what = "swapped with \(second.name)"
        bytes = second.bytes
        fs.setContents(second.name, file.bytes)
      case 4:
        what = "taken from another collection of the same name and number"
        bytes = other[index].bytes
      default:
        let start = generator.below(bytes.count)
        what = "a burst of 32 bits at \(start)"
        for place in start..<min(start + 4, bytes.count) { bytes[place] ^= UInt8(generator.below(255) + 1) }
      }
      fs.setContents(file.name, bytes)
      // Nothing outside the newest log says how long it was: cut, it looks like that of a killed writer.
      let isNewestLog = file.name == files.last { $0.name.hasPrefix("wal/") }?.name
      // So it does when one burst hits both its last record and its seal.
      let seal = file.bytes.count - 64
      let hitsBoth =
        what.hasPrefix("a burst") && bytes.count > seal && bytes[seal] != file.bytes[seal]
        && bytes[seal - 1] != file.bytes[seal - 1]
      if isNewestLog, what.hasPrefix("cut") || what.contains("zeros") || hitsBoth {
        let report = try Verifier.run(on: fs, .standard)
        if bytes != file.bytes, !report.findings.contains(where: { $0.path == file.name }) {
          failures.append("\(file.name) \(what): not noticed by verify")
        }
        continue
      }
      if let failure = Self.failure(fs, right, &refused) {
        failures.append("\(file.name) \(what): \(failure)")
      }
    }
    print("mutations: seed 7, \(count) changes, \(refused) refused as damaged, \(failures.count) wrong")
    for failure in failures.prefix(10) { Issue.record("\(failure)") }
  }
}
