/// Bytes that each matching text must hold, which are found faster than the machine runs.
struct RegexLiterals: Sendable {
  /// Bytes at the start of each match; empty when nothing is known.
  private(set) var prefix: [UInt8] = []
  /// The longest run of bytes that is in each match; empty when nothing is known.
  private(set) var required: [UInt8] = []
  /// Whether `prefix` is all there is to match.
  private(set) var isWhole = false

  /// Looks at a tree.
  init(_ node: RegexNode) {
    let parts: [RegexNode] = if case .sequence(let parts) = node { RegexLiterals.flat(parts) } else { [node] }
    var run: [UInt8] = []
    var isAtStart = true
    for part in parts {
      if case .set(let set) = part, let codePoint = set.single {
        run += UTF8Ranges.bytes(codePoint)
        continue
      }
      close(&run, isAtStart)
      isAtStart = false
      if case .repetition(.set(let set), let least, _) = part, least > 0, let codePoint = set.single {
        run += UTF8Ranges.bytes(codePoint)
        close(&run, false)
      }
    }
    isWhole = isAtStart && !run.isEmpty
    close(&run, isAtStart)
  }

  private mutating func close(_ run: inout [UInt8], _ isAtStart: Bool) {
    if isAtStart { prefix = run }
    if run.count > required.count { required = run }
    run = []
  }

  private static func flat(_ parts: [RegexNode]) -> [RegexNode] {
    parts.flatMap { part -> [RegexNode] in if case .sequence(let inner) = part { flat(inner) } else { [part] }
    }
  }
}
