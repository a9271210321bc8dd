import CommandLineParsing

/// One figure of a line: how it is called, printed for people and written for programs.
struct BenchColumn: Sendable {
  /// The value that a line has.
  private enum Value {
    case text(String)
    case flag(Bool)
    case whole(UInt64, people: String)
    case number(Double, people: String)
  }

  /// The title for people.
  let title: String
  /// The member in JSON and the head in CSV.
  let name: String
  let alignment: Table.Alignment
  /// Whether the column says which line it is: such columns begin every block of a table.
  var isKey = false
  /// Whether people are not shown it: the other columns say it.
  var isHidden = false
  private let find: @Sendable (BenchResult) -> Value?

  private init(
    _ title: String, _ name: String, _ alignment: Table.Alignment = .right, isKey: Bool = false,
    isHidden: Bool = false, _ find: @escaping @Sendable (BenchResult) -> Value?
  ) {
    self.title = title
    self.name = name
    self.alignment = alignment
    self.isKey = isKey
    self.isHidden = isHidden
    self.find = find
  }

  // MARK: Kinds of figures

  private static func rate(
    _ title: String, _ name: String, _ find: @escaping @Sendable (BenchResult) -> Double?
  )
    -> BenchColumn
  {
    BenchColumn(title, name) { find($0).map { .number($0, people: NumberText.rounded($0)) } }
  }

  private static func share(
    _ title: String, _ name: String, _ find: @escaping @Sendable (BenchResult) -> Double?
  )
    -> BenchColumn
  {
    BenchColumn(title, name) { find($0).map { .number($0, people: NumberText.fixed($0, 4)) } }
  }

  private static func time(
    _ title: String, _ name: String, _ find: @escaping @Sendable (BenchResult) -> Int64?
  )
    -> BenchColumn
  {
    BenchColumn(title, name) {
      find($0).map { .whole(UInt64(max(0, $0)), people: NumberText.duration($0)) }
    }
  }

  private static func count(
    _ title: String, _ name: String, _ find: @escaping @Sendable (BenchResult) -> Int?
  )
    -> BenchColumn
  {
    BenchColumn(title, name) {
      find($0).map { .whole(UInt64(max(0, $0)), people: NumberText.grouped(UInt64(max(0, $0)))) }
    }
  }

  // MARK: All columns

  /// Every figure, in the order of all outputs.
  static let all: [BenchColumn] = [
    BenchColumn("suite", "suite", .left, isKey: true) { .text($0.suite.rawValue) },
    BenchColumn("method", "method", .left, isKey: true) { .text($0.method) },
    BenchColumn("condition", "condition", .left, isKey: true) {
      $0.condition.isEmpty ? nil : .text($0.condition)
    },
    BenchColumn("ef", "effort", isHidden: true) {
      $0.effort.map { .whole(UInt64($0), people: "\($0)") }
    },
    BenchColumn("default", "is_default", .left, isHidden: true) { .flag($0.isDefault) },
    count("threads", "threads") { $0.threads },
    share("recall", "recall") { $0.recall },
    share("promised", "promised") { $0.promised },
    rate("per second", "per_second") { $0.rate },
    time("p50", "p50_ns") { $0.latency?.median },
    time("p95", "p95_ns") { $0.latency?.ninetyFifth },
    time("p99", "p99_ns") { $0.latency?.ninetyNinth },
    BenchColumn("time", "seconds") {
      $0.seconds.map { .number($0, people: NumberText.duration(Int64(min($0, 1e9) * 1e9))) }
    },
    count("matching", "matching") { $0.filter?.matching },
    BenchColumn("share", "matching_share", isHidden: true) {
      $0.filter.map { .number($0.share, people: NumberText.fixed($0.share, 4)) }
    },
    BenchColumn("found", "found") {
      $0.filter.map { .whole(UInt64(max(0, $0.least)), people: "\($0.least) of \($0.wanted)") }
    },
    BenchColumn("wanted", "wanted", isHidden: true) {
      $0.filter.map { .whole(UInt64($0.wanted), people: "\($0.wanted)") }
    },
    BenchColumn("near match", "near_share") {
      $0.filter.map { .number($0.nearShare, people: NumberText.fixed($0.nearShare, 3)) }
    },
    time("filter", "filter_p50_ns") { $0.filter?.evaluation?.median },
    rate("batch/s", "batch_per_second") { $0.filter?.batchRate },
    BenchColumn("pages cached", "resident_pages") {
      $0.residency.map {
        .whole(
          $0.resident, people: "\(NumberText.grouped($0.resident)) of \(NumberText.grouped($0.pages))")
      }
    },
    BenchColumn("pages", "pages", isHidden: true) {
      $0.residency.map { .whole($0.pages, people: "\($0.pages)") }
    },
    rate("per CPU s", "per_cpu_second") { $0.ratePerCPU },
    rate("rows/query", "rows_per_query") { $0.rowsCompared },
    rate("scored", "scored_per_query") { $0.rowsScored },
    rate("hops", "hops_per_query") { $0.hops },
    BenchColumn("bytes/query", "bytes_per_query") {
      $0.bytesTouched.map { .number($0, people: NumberText.bytes(UInt64(max(0, $0)))) }
    },
    BenchColumn("peak memory", "peak_bytes") {
      $0.peakBytes.map { .whole($0, people: NumberText.bytes($0)) }
    },
    rate("bytes/row", "bytes_per_row") { $0.bytesPerRow },
    BenchColumn("input", "input_bytes_per_second") {
      $0.inputRate.map { .number($0, people: "\(NumberText.rounded($0 / 1e6)) MB/s") }
    },
    BenchColumn("filter text", "filter", .left, isHidden: true) { $0.filter.map { .text($0.text) } },
    BenchColumn("rows lie", "filter_kind", .left, isHidden: true) { $0.filter.map { .text($0.kind) } },
    BenchColumn("verified", "verified", .left) {
      if case .readBack(let text) = $0.proof { .text(text) } else { nil }
    },
  ]

  // MARK: Output

  /// The cell for people; empty where the line has no such figure.
  func text(_ result: BenchResult) -> String {
    switch find(result) {
    case nil: ""
    case .text(let text)?: text
    case .flag(let isTrue)?: isTrue ? "yes" : "no"
    case .whole(_, let people)?, .number(_, let people)?: people
    }
  }

  /// The cell for programs.
  func value(_ result: BenchResult) -> String {
    switch find(result) {
    case nil: ""
    case .text(let text)?: text
    case .flag(let isTrue)?: isTrue ? "true" : "false"
    case .whole(let number, _)?: "\(number)"
    case .number(let number, _)?: "\(number)"
    }
  }

  /// Adds the member; nothing where the line has no such figure.
  func append(_ result: BenchResult, to json: inout CommandLineParsing.JSONText) {
    switch find(result) {
    case nil: break
    case .text(let text)?: json.member(name, text)
    case .flag(let isTrue)?: json.member(name, isTrue)
    case .whole(let number, _)?: json.member(name, number)
    case .number(let number, _)?: json.member(name, number)
    }
  }

  /// The columns that some of a suite's lines fill, in tables that are at most `width` wide (0 for no limit).
  ///
  /// Each begins with what says which line it is, and leaves out lines that say nothing in it.
  static func blocks(for results: [BenchResult], width: Int) -> [Table] {
    let used = all.filter { column in
      !column.isHidden && column.name != "suite" && results.contains { !column.text($0).isEmpty }
    }
    func size(_ column: BenchColumn) -> Int {
      results.reduce(DisplayWidth.of(column.title)) { max($0, DisplayWidth.of(column.text($1))) } + 2
    }
    let keys = used.filter(\.isKey)
    let keyWidth = keys.reduce(0) { $0 + size($1) } - 2
    var blocks: [[BenchColumn]] = []
    var block: [BenchColumn] = []
    var taken = keyWidth
    for column in used where !column.isKey {
      let size = size(column)
      if width > 0, !block.isEmpty, taken + size > width {
        blocks.append(block)
        (block, taken) = ([], keyWidth)
      }
      block.append(column)
      taken += size
    }
    blocks.append(block)
    return blocks.map { block in
      let columns = keys + block
      var table = Table(columns.map { ($0.title, $0.alignment) })
      for result in results where block.contains(where: { !$0.text(result).isEmpty }) {
        table.add(columns.map { $0.text(result) })
      }
      return table
    }
  }
}
