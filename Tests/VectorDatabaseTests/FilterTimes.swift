import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorMath

/// How long filters take over the rows of a collection that is there already; a tool, not a proof.
///
/// `VDB_FILTER_TIMES` names the collection's folder, `VDB_FILTER_TEXTS` the filters, one a line. Prints the median of 21 evaluations,
/// each with a plan of its own over columns that were opened before.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["VDB_FILTER_TIMES"] != nil))
struct FilterTimes {
  @Test func `Print the time of each filter`() throws {
    let environment = ProcessInfo.processInfo.environment
    let folder = environment["VDB_FILTER_TIMES"] ?? "."
    let snapshot = try Snapshot.open(Collection.open(on: RealFileSystem(root: folder)))
    for text in (environment["VDB_FILTER_TEXTS"] ?? "").split(separator: "\n") {
      let bound = try FilterCompiler.compile(FilterParser.parse(String(text)).expression)
      var times: [Double] = []
      var count = 0
      for _ in 0..<21 {
        let start = DispatchTime.now().uptimeNanoseconds
        count = try snapshot.rows(matching: bound).count
        times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e3)
      }
      times.sort()
      print("\(text): \(count) rows, median \(Int(times[10])) us, least \(Int(times[0])) us")
    }
  }
}
