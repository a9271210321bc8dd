extension BoundFilter {
  /// Each path of the filter in order, quantifiers' conditions included.
  package var paths: [FilterPath] {
    switch self {
    case .constant: []
    case .and(let parts), .or(let parts): parts.flatMap(\.paths)
    case .not(let inner): inner.paths
    case .scalar(let path, _), .length(let path, _), .kind(let path, _, _), .exists(let path),
      .contains(let path, _), .geo(let path, _):
      [path]
    case .pair(let left, _, let right): [left, right].compactMap(\.path)
    case .range(let operand, let low, let high, _): [operand, low, high].compactMap(\.path)
    case .blank(let operand): [operand].compactMap(\.path)
    case .quantified(_, let path, let condition): [path] + condition.paths
    }
  }

  /// Whether a path of the filter starts there.
  package func mentions(_ root: FilterPath.Root) -> Bool { paths.contains { $0.root == root } }
}

extension BoundOperand {
  /// The path that the operand reads; nil for a constant.
  package var path: FilterPath? {
    switch self {
    case .constant: nil
    case .path(let path), .length(let path), .lower(let path): path
    }
  }
}
