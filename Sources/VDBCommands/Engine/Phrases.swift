// Small pieces of text that the commands share.

/// "1 row", "2,000 rows".
func counted(_ number: UInt64, _ noun: String) -> String {
  "\(NumberText.grouped(number)) \(noun)\(number == 1 ? "" : "s")"
}

/// A word as a shell takes it, in quotes where it must be.
func shellWord(_ word: String) -> String {
  let isPlain = word.utf8.allSatisfy { byte in
    (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
      || "_-./@:=+,%".utf8.contains(byte)
  }
  guard !isPlain || word.isEmpty else { return word }
  return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// Seconds since a moment of the monotonic clock, as people read them: "0.4 s", "12 s".
func elapsedText(since start: Int64) -> String {
  let milliseconds = UInt64(max(0, MonotonicClock.now() - start)) / 1_000_000
  if milliseconds < 1000 { return "\(milliseconds) ms" }
  if milliseconds < 10_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s" }
  return "\(milliseconds / 1000) s"
}

extension CommandContext {
  /// Says what the next useful command is.
  func suggest(_ words: String...) {
    messages.note("next: vdb " + words.joined(separator: " "))
  }

  /// The collection's path as a shell takes it.
  var collectionWord: String { shellWord(collectionPath) }
}
