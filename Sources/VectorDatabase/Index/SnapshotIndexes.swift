import FileStorage
import Synchronization
import VectorIndexes

/// The index files of one snapshot, opened when a search first wants them.
///
/// An index file that is missing, damaged, of other rows or newer than this program is given up once, with one warning,
/// and never an error: the answers are the same without it. Safe to use from several threads.
package final class SnapshotIndexes: Sendable {
  private enum Known: Sendable {
    case open(OpenIndex)
    case unusable
  }

  private struct State: Sendable {
    var known: [UInt64: Known] = [:]
    var warnings: [SearchWarning] = []
  }

  private let collection: Collection
  private let entries: [UInt64: [IndexEntry]]
  private let state: Mutex<State>

  /// The index files that a manifest names; `open` are those that are open already, by number.
  init(_ collection: Collection, _ manifest: Manifest, open: [UInt64: OpenIndex] = [:]) {
    self.collection = collection
    state = Mutex(State(known: open.mapValues { .open($0) }))
    entries = Dictionary(grouping: manifest.indexes) { $0.segment }
  }

  /// Whether the manifest names an index of that kind for a segment; touches no file.
  func isNamed(_ kind: IndexKind, for segment: SegmentEntry) -> Bool {
    entries[segment.number]?.contains { $0.kind == kind.rawValue } ?? false
  }

  /// The open index of that kind for a segment; nil when it has none that can be used.
  func index(_ kind: IndexKind, for segment: SegmentEntry) -> OpenIndex? {
    guard let entry = entries[segment.number]?.first(where: { $0.kind == kind.rawValue }) else { return nil }
    return state.withLock { state in
      switch state.known[entry.number] {
      case .open(let index): return index
      case .unusable: return nil
      case nil:
        do throws(StorageError) {
          let index = try OpenIndex.open(collection.fileSystem, entry, of: segment, collection)
          state.known[entry.number] = .open(index)
          return index
        } catch {
          state.known[entry.number] = .unusable
          state.warnings.append(SearchWarning(of: error, entry))
          return nil
        }
      }
    }
  }

  /// Gives up an index whose bytes turned out to be damaged while they were read.
  func giveUp(_ kind: IndexKind, for segment: SegmentEntry, _ error: StorageError) {
    guard let entry = entries[segment.number]?.first(where: { $0.kind == kind.rawValue }) else { return }
    state.withLock { state in
      if case .unusable? = state.known[entry.number] { return }
      state.known[entry.number] = .unusable
      state.warnings.append(SearchWarning(of: error, entry))
    }
  }

  /// The warnings that have not been taken yet.
  func takeWarnings() -> [SearchWarning] {
    state.withLock { state in
      let warnings = state.warnings
      state.warnings = []
      return warnings
    }
  }
}

extension SearchWarning {
  /// An index file that cannot be used.
  init(of error: StorageError, _ entry: IndexEntry) {
    let what = "the \(entry.kind) index \(FileNames.index(entry.number)) cannot be used"
    switch error {
    case .unsupported:
      self.init(
        message: "\(what): \(error); its segment is scanned, which is slower and exact",
        hint: error.hint ?? "install the newer vdb")
    case .file, .corruption, .poisoned:
      self.init(
        message: "\(what): \(error); its segment is scanned, which is slower and exact",
        hint: "vdb rebuild-index makes it anew")
    }
  }
}
