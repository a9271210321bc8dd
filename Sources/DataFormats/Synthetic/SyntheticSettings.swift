/// How made-up vectors lie in space.
package enum SyntheticDistribution: String, CaseIterable, Sendable {
  /// Independent normal numbers: no structure at all, the hardest data for any index.
  case gauss
  /// Round clusters of equal sizes, well apart, in all dimensions.
  case clustered
  /// Unit vectors as models of sentences make them: a shared mean direction, topics and within them families of rows with
  /// sizes by Zipf's law, variance that falls slowly along 128 directions, each topic with 24 directions of its own, and a
  /// little noise in every dimension.
  case embeddingLike = "embedding-like"
  /// What breaks implementations: equal rows, rows one unit in the last place apart, opposite rows, rows near the middle of
  /// everything, single axes, small lattices with many ties, and lengths over 80 powers of two.
  case adversarial
}

/// What made-up data is to be like.
///
/// The same settings give the same bytes on every machine. A row depends on its number and the settings but not on how many
/// rows are made, so a longer file begins with the shorter one.
package struct SyntheticSettings: Sendable {
  /// Numbers in each vector, 1 to 65,536.
  package var dimension: Int
  /// How the vectors lie.
  package var distribution = SyntheticDistribution.embeddingLike
  /// Everything else follows from it.
  package var seed: UInt64 = 1
  /// Clusters or topics, 1 to 65,536; only for clustered and embedding-like.
  package var clusterCount = 256
  /// Whether every vector but zero is scaled to length 1; embedding-like ones always are.
  package var isNormalized = false
  /// Whether adversarial rows may be zero.
  package var hasZeroVectors = false
  /// What is beside the vectors.
  package var payload = SyntheticPayload()

  /// Embedding-like vectors of `dimension` numbers, without metadata.
  package init(dimension: Int) { self.dimension = dimension }
}

/// Which of the two independent sets of rows is meant.
package enum SyntheticSet: UInt64, Sendable {
  /// Rows to be stored.
  case base = 0
  /// Queries: drawn as the rows are, and none of them.
  case queries = 1
}
