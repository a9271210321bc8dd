import CommandLineParsing
import FileStorage
import VectorDatabase

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How commands wait for locks, and what they say meanwhile.
extension CommandContext {
  /// Waits for the writer lock as long as `--lock-timeout` allows, longer and longer between two tries.
  var lockPatience: LockPatience {
    // Most holders are done in a moment: nothing is said about those.
    patience { attempts, holder in
      guard attempts == 5 else { return nil }
      let who = holder.map { " (reported: pid \($0.processID), vdb \($0.command))" } ?? ""
      return "waiting for the lock that another process holds\(who)"
    }
  }

  /// Waits in the same way for the lock of compactions and index builds, which are held for long: at once it says for whom.
  func maintenancePatience(_ collection: Collection) -> LockPatience {
    let word = collectionWord
    return patience { attempts, _ in
      if attempts == 1, let build = Self.buildAtWork(collection, word) { return "waiting for \(build)" }
      // The end of a compaction is a matter of a moment as a rule, and nothing is known of it.
      guard attempts == 4, Self.buildAtWork(collection, word) == nil else { return nil }
      return "waiting for another compaction or index build to end (--lock-timeout says how long)"
    }
  }

  /// A background build that is at work, how far it is and what can be done about it; nil when there is none.
  private static func buildAtWork(_ collection: Collection, _ word: String) -> String? {
    guard let view = try? BackgroundBuildView.read(collection), view.isAlive else { return nil }
    var text = "the background build of indexes"
    if let status = view.status, status.state == .running {
      let percent = NumberText.fixed(status.progress.share * 100, 1)
      text += " by process \(status.processID), which is at \(percent) % (\(status.progress.phase))"
    }
    return text + "; vdb rebuild-index \(word) --status follows it, --cancel ends it"
  }

  /// `says`: What to say after so many failed tries; nil for nothing.
  private func patience(says: @escaping (_ attempts: Int, _ holder: LockHolder?) -> String?) -> LockPatience {
    let wait =
      arguments.declares(SharedOptions.lockTimeout) ? arguments.duration(SharedOptions.lockTimeout) ?? 0 : 0
    let end = MonotonicClock.now().addingReportingOverflow(wait)
    let deadline = end.overflow ? Int64.max : end.partialValue
    let messages = messages
    let commandDeadline = self.deadline
    return { attempts, holder in
      if Signals.requested != nil { return false }
      let now = MonotonicClock.now()
      if now >= deadline || now >= commandDeadline ?? Int64.max { return false }
      if let text = says(attempts, holder) { messages.note(text) }
      // 10 ms at first, 250 ms at most, with jitter so that several waiters do not march in step.
      let base = min(250, 10 << min(attempts - 1, 5))
      let jitter = Int(now >> 10 & 7)
      usleep(UInt32(min(Int64(base + jitter) * 1000, max(1000, (deadline - now) / 1000))))
      return true
    }
  }
}
