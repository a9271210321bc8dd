import Foundation
import TestSupport
import Testing

/// `VDB_ISA` chooses the instructions that vectors are compared with, and changes nothing else.
@Suite struct InstructionSetTests {
  static let names = ["scalar", "base", "avx2", "avx512", "neon-dot"]

  @Test func `every instruction set gives the same ids and distances`() throws {
    let scene = try Scene()
    var random = SeededGenerator(seed: 91)
    func vector() -> String {
      "[" + (0..<60).map { _ in "\(Double(random.below(2001)) / 1000 - 1)" }.joined(separator: ",") + "]"
    }
    var rows = ""
    for row in 0..<400 { rows += "{\"id\":\"r\(row)\",\"vector\":\(vector())}\n" }
    let queries = (0..<20).map { _ in "{\"vector\":\(vector())}\n" }.joined()
    for metric in ["cosine", "dot", "l2", "l1"] {
      let name = metric + ".vdb"
      #expect(
        try scene.run(["import", "--create", "--metric", metric, name, "-", "--from", "jsonl"], stdin: rows)
          .status == 0)
      var expected: String?
      for set in [nil] + Self.names.map(Optional.some) {
        let found = try scene.run(
          ["search", name, "--queries", "-", "--from", "jsonl", "-k", "10", "--exact"], stdin: queries,
          environment: set.map { ["VDB_ISA": $0] } ?? [:])
        #expect(found.status == 0, "\(found.errors)")
        #expect(expected == nil || expected == found.output, "\(metric) \(set ?? "best")")
        expected = found.output
      }
    }
  }

  @Test func `version says which instruction set is used`() throws {
    let scene = try Scene()
    func used(_ environment: [String: String]) throws -> String? {
      let result = try scene.run(["version", "--json"], environment: environment)
      let object = try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
      return object?["instruction_set"] as? String
    }
    #expect(try used(["VDB_ISA": "scalar"]) == "scalar")
    #expect(try used(["VDB_ISA": "base"]) == "base")
    let best = try #require(try used([:]))
    #expect(Self.names.contains(best))
    // A set that the processor lacks becomes the best below it.
    #expect(try used(["VDB_ISA": Self.names[4]]) == best)
    #expect(try used(["VDB_ISA": ""]) == best)
  }

  @Test func `an unknown instruction set is a usage error`() throws {
    let scene = try Scene()
    let result = try scene.run(["version"], environment: ["VDB_ISA": "sse9"])
    #expect(result.status == 2)
    #expect(result.errors.contains("VDB_ISA is 'sse9', which is no instruction set"))
    #expect(result.errors.contains("hint: instruction sets are scalar, base, avx2, avx512, neon-dot"))
  }
}
