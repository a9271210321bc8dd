/// The kinds of index files; the raw value is the name in manifests, options and output.
package enum IndexKind: String, CaseIterable, Sendable {
  /// Codes of 8 bits for every row, scanned in order; the answer is exact.
  case flat
  /// A navigable graph over codes; the answer is approximate.
  case graph
}
