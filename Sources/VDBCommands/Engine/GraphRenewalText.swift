import CommandLineParsing
import VectorDatabase

/// What `compact` says about the graphs of the segments that it rewrites.
enum GraphRenewalText {
  /// "graph healed: 12 % of its nodes were dead".
  static func sentence(_ graph: GraphRenewal, isDryRun: Bool) -> String {
    let verb = isDryRun ? "would be " : ""
    guard let reason = graph.reason else {
      return
        "graph \(verb)healed: \(percent(graph.deadShare ?? 0)) of its nodes \(isDryRun ? "are" : "were") dead"
    }
    return "graph \(verb)rebuilt: \(text(reason, graph, isDryRun: isDryRun))"
  }

  private static func text(_ reason: GraphRenewal.Reason, _ graph: GraphRenewal, isDryRun: Bool) -> String {
    switch reason {
    case .joined(let segments):
      return "\(counted(UInt64(segments), "segment")) \(isDryRun ? "would be" : "were") joined"
    case .tooManyDead:
      return "\(percent(graph.deadShare ?? 1)) of its nodes \(isDryRun ? "are" : "were") dead, more than "
        + "\(percent(GraphRenewal.mostDead))"
    case .unusable: return "the old one cannot be used"
    case .unmeasured: return "the old one was never measured"
    case .traces: return "a healed one would keep traces of what is purged"
    case .lessRecall(let k, let breadth, let found, let promised):
      return
        "healed it found \(RecallText.share(found)) of the nearest \(k) with ef \(breadth), where the old one promised "
        + RecallText.share(promised)
    case .unproved(let k, let target, let found):
      return
        "healed it found \(RecallText.share(found)) in its proof, asked for recall@\(k) \(RecallText.share(target))"
    }
  }

  /// "12 %"; "0.3 %" where whole numbers would hide it.
  private static func percent(_ share: Double) -> String {
    let value = 100 * share
    return "\(NumberText.fixed(value, value > 0 && value < 1 ? 1 : 0)) %"
  }

  /// Adds the graphs of rewritten segments.
  static func append(_ graphs: [GraphRenewal], to json: inout CommandLineParsing.JSONText) {
    json.key("graphs")
    json.beginArray()
    for graph in graphs {
      json.beginObject()
      if graph.segment > 0 { json.member("segment", graph.segment) }
      if graph.rows > 0 { json.member("rows", graph.rows) }
      json.member("how", graph.reason == nil ? "healed" : "rebuilt")
      if let share = graph.deadShare { json.member("dead_share", NumberText.fixed(share, 4)) }
      if let reason = graph.reason { json.member("reason", word(reason)) }
      json.endObject()
    }
    json.endArray()
  }

  private static func word(_ reason: GraphRenewal.Reason) -> String {
    switch reason {
    case .joined: "joined"
    case .tooManyDead: "too-many-dead"
    case .unusable: "unusable"
    case .unmeasured: "unmeasured"
    case .traces: "purge"
    case .lessRecall: "less-recall"
    case .unproved: "unproved"
    }
  }
}
