import FileStorage
package import VectorIndexes
import VectorMath

/// Which index a collection, a command or a segment is to have.
package enum IndexChoice: Equatable, Sendable {
  /// The kind that pays for a segment of its size, or none.
  case automatic
  /// No index: every search scans the vectors.
  case none
  /// This kind, whatever the size.
  case kind(IndexKind)

  /// The names of all choices that this program can carry out.
  package static let names = ["auto", "none", IndexKind.flat.rawValue, IndexKind.graph.rawValue, "hnsw"]

  /// The choice of that name; nil when there is none.
  package init?(name: String) {
    switch name {
    case "auto": self = .automatic
    case "none": self = .none
    case IndexKind.flat.rawValue: self = .kind(.flat)
    // The name that users of other stores know.
    case IndexKind.graph.rawValue, "hnsw": self = .kind(.graph)
    default: return nil
    }
  }

  /// The name in options, settings and output.
  package var name: String {
    switch self {
    case .automatic: "auto"
    case .none: "none"
    case .kind(let kind): kind.rawValue
    }
  }
}

/// When an index pays.
package enum IndexPolicy {
  /// The setting that holds a collection's choice.
  package static let settingKey = "index.kind"

  /// Fewer rows are scanned as fast without codes: opening one more file costs as much as it saves.
  static let leastRows: UInt64 = 4096

  /// From so many bytes of codes of 8 bits on a scan of them takes longer than users wait for, and a graph pays.
  static let leastGraphBytes: UInt64 = 24_000_000

  /// The kinds of index that this program can build for a collection's vectors.
  static func supports(_ kind: IndexKind, _ settings: CollectionSettings) -> Bool {
    switch kind {
    case .flat: FlatIndex.supports(dimension: settings.dimension, settings.elementType, settings.metric)
    case .graph: GraphIndex.supports(dimension: settings.dimension, settings.elementType, settings.metric)
    }
  }

  /// The kind that pays for a segment with that many rows; nil for none.
  static func automaticKind(rows: UInt64, _ settings: CollectionSettings) -> IndexKind? {
    guard rows >= leastRows else { return nil }
    let (bytes, overflow) = rows.multipliedReportingOverflow(by: UInt64(settings.dimension))
    if overflow || bytes >= leastGraphBytes, supports(.graph, settings) { return .graph }
    // Codes of 8 bits beside vectors of 8 bits save nothing.
    switch settings.elementType {
    case .f32, .f16: return supports(.flat, settings) ? .flat : nil
    case .i8, .u8, .bit: return nil
    }
  }

  /// The kind that a choice means for a segment.
  static func kind(_ choice: IndexChoice, rows: UInt64, _ settings: CollectionSettings) -> IndexKind? {
    switch choice {
    case .automatic: automaticKind(rows: rows, settings)
    case .none: nil
    case .kind(let kind): supports(kind, settings) ? kind : nil
    }
  }
}

extension IndexPolicy {
  /// The choice that a collection's settings hold.
  package static func choice(_ settings: [String: String]) -> IndexChoice {
    settings[settingKey].flatMap { IndexChoice(name: $0) } ?? .automatic
  }
}
