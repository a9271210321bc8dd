#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The process's environment variables, read one at a time, or a fixed set in tests.
package struct Environment: Sendable {
  private let fixed: [String: String]?

  /// The environment of this process.
  package init() { fixed = nil }

  /// A fixed environment.
  package init(_ variables: [String: String]) { fixed = variables }

  /// The value of a variable; nil when it is not set or not valid UTF-8.
  package subscript(_ name: String) -> String? {
    if let fixed { return fixed[name] }
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(validatingCString: value)
  }

  /// Columns of the terminal: `COLUMNS` when it is a number from 20 to 1000, else 80.
  package var columns: Int {
    guard let text = self["COLUMNS"], let number = Int(text), (20...1000).contains(number) else { return 80 }
    return number
  }
}

/// Which of the three standard streams are terminals.
package struct Terminals: Sendable {
  /// Whether a person types standard input.
  package let isInputTerminal: Bool
  /// Whether a person sees standard output.
  package let isOutputTerminal: Bool
  /// Whether a person sees standard error.
  package let isErrorTerminal: Bool

  /// Makes fixed answers, for tests.
  package init(input: Bool, output: Bool, error: Bool) {
    isInputTerminal = input
    isOutputTerminal = output
    isErrorTerminal = error
  }

  /// Asks the operating system.
  package init() { self.init(input: isatty(0) == 1, output: isatty(1) == 1, error: isatty(2) == 1) }
}

/// A clock that never goes back.
package enum MonotonicClock {
  /// Nanoseconds since some point before the process began.
  package static func now() -> Int64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return 0 }
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// The clock of the day.
package enum WallClock {
  /// Nanoseconds since 1970.
  package static func now() -> Int64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
