import Synchronization
import VectorDatabase

/// Shows how far an index build in this process is.
///
/// Safe to tell from several threads, one at a time.
final class IndexProgressLine: Sendable {
  private struct State: @unchecked Sendable {
    let progress: Progress
    var phase = ""
  }

  private let state: Mutex<State>

  init(_ context: CommandContext) {
    state = Mutex(State(progress: Progress(context, phase: "", unit: "rows", total: nil)))
  }

  /// Takes a report.
  func update(_ report: IndexProgress) {
    state.withLock { state in
      if report.phase != state.phase {
        state.phase = report.phase
        let part = report.tasks > 1 ? "\(report.task)/\(report.tasks) " : ""
        state.progress.begin(phase: part + report.phase, total: report.rows)
      }
      state.progress.update(UInt64(Double(report.rows) * report.share))
    }
  }

  /// The work is done or has failed.
  func finish() { state.withLock { $0.progress.finish() } }
}

/// Shows how many bytes a command has read.
///
/// Safe to tell from several threads, one at a time.
final class ByteProgressLine: Sendable {
  private struct State: @unchecked Sendable {
    let progress: Progress
  }

  private let state: Mutex<State>

  init(_ context: CommandContext) {
    state = Mutex(State(progress: Progress(context, phase: "read", unit: "bytes", total: nil)))
  }

  /// Takes a report.
  func update(_ done: UInt64, of total: UInt64) {
    state.withLock { state in
      state.progress.total = total
      state.progress.update(done)
    }
  }

  /// The work is done or has failed.
  func finish() { state.withLock { $0.progress.finish() } }
}
