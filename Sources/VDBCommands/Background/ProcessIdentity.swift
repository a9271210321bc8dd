#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What names one process and no other, ever: its number, when it began, and which run of the machine that was.
struct ProcessIdentity: Equatable {
  let number: Int64
  /// In the system's own ticks since the machine started.
  let start: UInt64
  /// Random text of the system, another one after each start of the machine; empty where there is none.
  let machineRun: String

  /// This process.
  static var own: ProcessIdentity {
    let number = Int64(getpid())
    return of(number) ?? ProcessIdentity(number: number, start: 0, machineRun: currentRun)
  }

  /// The process that has a number now; nil when there is none that can be seen from here.
  static func of(_ number: Int64) -> ProcessIdentity? {
    // "1234 (name) S 1 ...": the name may hold anything, so fields are counted from the last parenthesis.
    guard let text = SmallFile.text("/proc/\(number)/stat"), let end = text.lastIndex(of: ")") else {
      return nil
    }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let start = UInt64(fields[19]) else { return nil }
    return ProcessIdentity(number: number, start: start, machineRun: currentRun)
  }

  private static var currentRun: String {
    let text = SmallFile.text("/proc/sys/kernel/random/boot_id") ?? ""
    return String(text.prefix { $0 != "\n" })
  }
}
