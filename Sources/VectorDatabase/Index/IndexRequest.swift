package import VectorIndexes

/// What an index build is to do.
package struct IndexRequest: Sendable {
  package var choice = IndexChoice.automatic
  /// Leaves segments alone that have a usable index of the wanted kind.
  package var onlyMissing = false
  /// Measures existing graphs anew instead of building.
  package var remeasures = false
  /// The segments to look at, by number; nil for all.
  package var segments: Set<UInt64>?
  /// Moves rows from the log into a segment first, when there are enough of them.
  package var movesLog = false
  /// How a new graph is proved before it takes the place of the old one; nil for no proof.
  package var proof: IndexProof?
  /// Graphs that new ones are made from, by the number of the segment that is to have the new one.
  var healing: [UInt64: HealingSource] = [:]
  /// How the graphs of some segments are built, with their seeds, whatever the options say.
  var parameters: [UInt64: GraphParameters] = [:]
  package var options = IndexBuildOptions()
  /// Told how far the work is, by one thread at a time.
  package var progress: @Sendable (IndexProgress) -> Void = { _ in }

  package init() {}
}

/// How a new graph has to prove its recall before it is taken.
package struct IndexProof: Sendable {
  /// Queries that are searched for each k and target.
  package var queryCount = 200
  /// Takes a graph that fails the proof, which is then only reported.
  package var takesWorse = false

  package init() {}
}

/// How far an index build is.
package struct IndexProgress: Equatable, Sendable {
  /// What is being done: a word or two.
  package var phase: String
  /// The segment's number.
  package var segment: UInt64
  /// The index file that is being built, from 1, and how many there are to build.
  package var task: Int
  package var tasks: Int
  /// Rows of all segments to build for.
  package var rows: UInt64
  /// How much of the whole is done, from 0 to 1; never falls.
  package var share: Double

  package init(phase: String, segment: UInt64, task: Int, tasks: Int, rows: UInt64, share: Double) {
    self.phase = phase
    self.segment = segment
    self.task = task
    self.tasks = tasks
    self.rows = rows
    self.share = share
  }
}

/// What an index build did or would do.
package struct IndexReport: Equatable, Sendable {
  /// One index file.
  package struct Built: Equatable, Sendable {
    package let kind: IndexKind
    package let segment: UInt64
    package let rows: UInt64
    /// Bytes of the file; 0 for a rehearsal.
    package var bytes: UInt64
    /// The recall at 10 that a graph promises for the usual effort; nil for other kinds, or when nothing was measured.
    package var recall: Float?
    /// The recall at 10 that searches found when it was proved; nil without a proof.
    package var proved: Double?
  }

  /// A graph that found less than it or the old one promises.
  package struct Refusal: Equatable, Sendable {
    package let segment: UInt64
    /// What was asked for, promised and found.
    package let result: RecallResult
    /// Whether it is the old graph that promises the target.
    package let isOldPromise: Bool
    /// Whether there is an old graph, which stays when the new one is refused.
    package let hasOld: Bool
    /// Whether it was taken all the same.
    package let isTaken: Bool
  }

  package var version: UInt64 = 0
  package var built: [Built] = []
  /// Index files that were there and stay.
  package var kept = 0
  /// Index files that another takes the place of, or that are not wanted any more.
  package var removed = 0
  /// Indexes that were built and dropped, because their segments were replaced meanwhile.
  package var dropped = 0
  /// Graphs that failed their proof.
  package var refused: [Refusal] = []
  /// Why graphs that were to be healed were built from scratch, by segment.
  var unhealed: [UInt64: GraphRenewal.Reason] = [:]
  /// Rows in segments that are too small for an index to pay.
  package var smallRows: UInt64 = 0
  /// Rows in segments for whose vectors there is no index of the wanted kind.
  package var unsupportedRows: UInt64 = 0
  /// Rows in the log, which has no index.
  package var logRows = 0

  package init() {}

  /// Rows that the built files cover.
  package var rows: UInt64 { built.reduce(0) { $0 + $1.rows } }
  /// Bytes of the built files.
  package var bytes: UInt64 { built.reduce(0) { $0 + $1.bytes } }
  /// The kinds that were built, each once.
  package var kinds: [IndexKind] {
    IndexKind.allCases.filter { kind in built.contains { $0.kind == kind } }
  }
  /// Whether a graph was refused and the old one stays.
  package var isRefused: Bool { refused.contains { !$0.isTaken } }
}
