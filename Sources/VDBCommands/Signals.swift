import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What signals ask of the process, kept in two words that a handler may write at any moment.
package enum Signals {
  private static let stopSignal = Atomic<Int32>(0)
  private static let progressCount = Atomic<UInt32>(0)

  /// The first signal that asked the process to stop: SIGINT, SIGTERM or SIGHUP.
  package static var requested: Int32? {
    let signal = stopSignal.load(ordering: .relaxed)
    return signal == 0 ? nil : signal
  }

  /// How often SIGUSR1 asked for a report of progress.
  package static var progressRequests: UInt32 { progressCount.load(ordering: .relaxed) }

  /// Takes over the signals of the tool.
  ///
  /// The first SIGINT, SIGTERM or SIGHUP says "interrupted" and is remembered; a second one ends the process at
  /// once, which is safe because every change becomes visible in one step. SIGPIPE and SIGXFSZ are
  /// ignored so that writes return an error. System calls are not restarted after a signal. A signal that
  /// the parent had set to be ignored (as `nohup` does with SIGHUP) stays ignored.
  package static func install() {
    _ = requested
    _ = progressRequests
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] { handle(number, handleStop, keepsIgnored: true) }
    handle(SIGUSR1, handleProgress, keepsIgnored: false)
  }

  private static func handle(
    _ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void, keepsIgnored: Bool
  ) {
    var old = sigaction()
    if keepsIgnored, unsafe sigaction(number, nil, &old) == 0, isIgnored(old) { return }
    var action = sigaction()
    #if canImport(Glibc)
    unsafe action.__sigaction_handler.sa_handler = handler
    #else
    unsafe action.__sigaction_u.__sa_handler = handler
    #endif
    _ = unsafe sigaction(number, &action, nil)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    #if canImport(Glibc)
    let handler = unsafe action.__sigaction_handler.sa_handler
    #else
    let handler = unsafe action.__sigaction_u.__sa_handler
    #endif
    // Handlers cannot be compared; the two words can.
    let (word, ignoring) = unsafe (unsafeBitCast(handler, to: Int.self), unsafeBitCast(SIG_IGN, to: Int.self))
    return word == ignoring
  }

  /// Runs inside a signal: only atomic words, `write` and `_exit`.
  private static let handleStop: @convention(c) (Int32) -> Void = { number in
    let saved = errno
    if Signals.stopSignal.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged {
      let text: StaticString = "interrupted\n"
      _ = unsafe write(2, text.utf8Start, text.utf8CodeUnitCount)
    } else {
      _exit(128 + number)
    }
    errno = saved
  }

  private static let handleProgress: @convention(c) (Int32) -> Void = { _ in
    _ = Signals.progressCount.wrappingAdd(1, ordering: .relaxed)
  }

  /// Ends the process by the signal itself.
  package static func die(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
    raise(number)
    _exit(128 + number)
  }
}
