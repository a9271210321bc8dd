import FileStorage
package import VectorIndexes

extension IndexBuilder {
  /// What healing gave.
  enum Healing {
    case healed(Made)
    /// Nothing is left of it.
    case refused(GraphRenewal.Reason)
  }

  /// Makes the graph of a segment from that of another with the same rows and more, and proves it.
  ///
  /// It is taken when searches find what it promises, and when it finds for the same effort what the old one promised.
  /// - Throws: `.cancelled`, `.memoryLimit`, `.storage` for a failed write or a damaged row; nothing is left behind.
  static func heal(
    _ task: Task, _ source: HealingSource, _ snapshot: Snapshot, _ name: String, _ request: IndexRequest,
    _ pace: BuildPace, _ index: Int
  ) throws(DatabaseError) -> Healing {
    let collection = snapshot.collection
    guard let live = snapshot.state.segments.first(where: { $0.entry.number == task.segment.number }),
      live.segment.rows == source.rows.count
    else { throw .cancelled }
    do throws(StorageError) {
      try source.index.checkAll()
    } catch {
      return .refused(.unusable)
    }
    let entry = try indexEntry { () throws(IndexBuildError) in
      try OpenIndex.heal(
        source.index, rows: source.rows, live.segment, task.segment, collection, temporaryName: name,
        pace.options(task: index))
    }
    var made = Made(task: task, entry: entry, temporaryName: name)
    do throws(DatabaseError) {
      let old = source.index.calibration
      if let reason = try shortfall(of: made, old, collection) {
        try? collection.fileSystem.remove(name)
        return .refused(reason)
      }
      let proof = IndexProof()
      let results = try prove(made, snapshot, proof, request, pace.proofProgress(task: index))
      if let failed = failure(results, old: old)?.result {
        try? collection.fileSystem.remove(name)
        return .refused(.unproved(k: failed.k, target: failed.target, found: failed.measured))
      }
      made.proved = results.first { $0.k == 10 && $0.target == GraphUse.usualRecall }?.measured
      return .healed(made)
    } catch {
      try? collection.fileSystem.remove(name)
      throw error
    }
  }

  private static func shortfall(
    of made: Made, _ old: GraphCalibration, _ collection: Collection
  ) throws(DatabaseError) -> GraphRenewal.Reason? {
    let opened = try lifted { () throws(StorageError) in
      try OpenIndex.open(
        collection.fileSystem, made.entry, of: made.task.segment, collection, name: made.temporaryName)
    }
    guard case .graph(let index) = opened else { return nil }
    return shortfall(index.calibration, old)
  }

  /// What a healed graph finds less of, for the same effort, than the old one promised; nil when there is nothing.
  ///
  /// Both were measured with samples: only what lies outside of what chance explains counts. A graph that was measured with the
  /// user's queries promises something else than one that was measured with rows, and nothing is compared.
  package static func shortfall(_ new: GraphCalibration, _ old: GraphCalibration) -> GraphRenewal.Reason? {
    guard new.source == old.source else { return nil }
    for k in GraphCalibration.measured {
      for target in RecallRequest().targets {
        guard let promise = old.entries.first(where: { $0.k == k && Double($0.lower) >= target }),
          let found = new.entries.last(where: { $0.k == k && $0.breadth <= promise.breadth })
        else { continue }
        // As far above the mean as its lower bound lies below.
        let upper = found.recall + max(0, found.recall - found.lower)
        if upper < promise.lower {
          return .lessRecall(
            k: k, breadth: promise.breadth, found: Double(found.recall), promised: Double(promise.lower))
        }
      }
    }
    return nil
  }
}
