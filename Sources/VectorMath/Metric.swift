/// What "near" means in a collection; the raw value is the code in files.
///
/// Distances are floats, smaller is nearer: cosine is `1 - cos`, from 0 to 2, and 1 when either vector is zero; dot is the
/// negative product; l2 is the root of the summed squares; l1 is the sum of the absolute differences; hamming is the number of
/// bits that differ. `ElementType.metrics` says which goes with which element type.
package enum Metric: UInt8, CaseIterable, Sendable {
  /// One minus the cosine of the angle.
  case cosine = 0
  /// The negative inner product.
  case dot = 1
  /// The Euclidean distance.
  case l2 = 2
  /// The sum of absolute differences, also called Manhattan distance.
  case l1 = 3
  /// The number of differing bits.
  case hamming = 4

  /// The name in options, output and messages.
  package var name: String {
    switch self {
    case .cosine: "cosine"
    case .dot: "dot"
    case .l2: "l2"
    case .l1: "l1"
    case .hamming: "hamming"
    }
  }

  /// The metric of that name; nil when there is none.
  package init?(name: String) {
    guard let metric = Metric.allCases.first(where: { $0.name == name }) else { return nil }
    self = metric
  }
}
