internal import Synchronization

/// Turns the phases of a build into one share of the whole, told by one thread at a time and never falling.
final class ProgressScale: Sendable {
  /// The parts of a build, with about how much of its time each takes in hundredths.
  enum Part: Int, CaseIterable {
    case encode, partition, join, prune, connect, calibrate, write

    var hundredths: Int {
      switch self {
      case .encode: 9
      case .partition: 14
      case .join: 45
      case .prune: 14
      case .connect: 4
      case .calibrate: 11
      case .write: 3
      }
    }

    /// Where the part begins.
    var start: Int { Self.allCases.prefix(rawValue).reduce(0) { $0 + $1.hundredths } }

    /// What the part does, for the user.
    var word: String {
      switch self {
      case .encode: "coding"
      case .partition: "partitioning"
      case .join: "comparing"
      case .prune: "choosing neighbours"
      case .connect: "connecting"
      case .calibrate: "measuring recall"
      case .write: "writing"
      }
    }
  }

  private struct State {
    var part: Part?
    var told = 0.0
  }

  private let options: IndexBuildOptions
  private let state = Mutex(State())

  init(_ options: IndexBuildOptions) { self.options = options }

  /// A part begins.
  func begin(_ part: Part) { tell(part, 0) }

  /// All is done.
  func end() { tell(.write, 1) }

  /// The builder of the graph has done some of its steps.
  func report(_ phase: GraphPhase, _ done: Int, _ total: Int) {
    let part: Part =
      switch phase {
      case .partition: .partition
      case .join: .join
      case .prune: .prune
      case .connect: .connect
      }
    tell(part, Double(done) / Double(max(1, total)))
  }

  private func tell(_ part: Part, _ share: Double) {
    state.withLock { state in
      let whole = (Double(part.start) + share * Double(part.hundredths)) / 100
      if let known = state.part {
        guard part.rawValue >= known.rawValue else { return }
      }
      if state.part != part {
        state.part = part
        options.stage(part.word)
      }
      // A thousandth is as fine as anyone looks.
      guard whole >= state.told + 0.001 || share == 1 || share == 0 else { return }
      state.told = max(state.told, whole)
      options.progress(state.told)
    }
  }
}
