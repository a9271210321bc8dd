package import CommandLineParsing

/// Options that every command takes.
package enum GlobalOptions {
  package static let help = Option(
    "help", short: "h", .flag, summary: "Show help, with -h in short",
    details: "Everything else on the line is ignored.")
  package static let version = Option(
    "version", short: "V", .flag, summary: "Print the version",
    details: "Everything else on the line is ignored.")
  package static let quiet = Option(
    "quiet", short: "q", .count, summary: "Say less: no notes, and with -qq no warnings",
    details: "Concerns standard error only.")
  package static let verbose = Option(
    "verbose", short: "v", .count, summary: "Say more, and with -vv everything",
    details: "Concerns standard error only.")
  package static let color = Option(
    "color", .choice(["auto", "always", "never"]), "WHEN", default: "auto", negation: "never",
    summary: "Use colours",
    details:
      "With `auto`, colours are used on a terminal unless `NO_COLOR` is set to a text that is not empty or `TERM` is `dumb`."
  )
  package static let progress = Option(
    "progress", .choice(["auto", "always", "never", "json"]), "WHEN", default: "auto", negation: "never",
    summary: "Show progress on standard error",
    details:
      "With `auto`, progress is shown on a terminal unless `--quiet` is given. With `json`, every report is a line of JSON with the schema `vdb.progress/1`."
  )
  package static let noInput = Option(
    "no-input", .flag, summary: "Never ask; fail where an answer would be needed")
  package static let errorsJSON = Option(
    "errors-json", .flag, summary: "End standard error with a JSON object when the command fails",
    details: "The object has the schema `vdb.error/1`. `--json` implies this option.")
  package static let logJSON = Option(
    "log-json", .flag, summary: "Write notes, warnings and errors as lines of JSON")

  package static let all = [help, version, quiet, verbose, color, progress, noInput, errorsJSON, logJSON]
}

/// Options that several commands take; they may also stand before the command.
package enum SharedOptions {
  package static let lockTimeout = Option(
    "lock-timeout", .duration, "DURATION", default: "5s", environment: "VDB_LOCK_TIMEOUT",
    summary: "Wait this long for a lock", details: "With `0` the command fails at once.")
  package static let timeout = Option(
    "timeout", .duration, "DURATION", summary: "Give up after this long, changing nothing")
  package static let readOnly = Option(
    "read-only", .flag, summary: "Write nothing below the collection's folder",
    details: "A command that would have to write fails with status 12.")
  package static let allowNetworkFS = Option(
    "allow-network-fs", .flag, summary: "Write also where locks cannot be relied on",
    details: "Without it, writing to a collection on a network file system fails with status 11.")
  package static let threads = Option(
    "threads", .integer(1...1024), "N", environment: "VDB_THREADS",
    summary: "Use N threads (default: one for every processor)",
    details: "Results do not depend on the number of threads.")
  package static let memoryLimit = Option(
    "memory-limit", .size(minimum: 16 << 20), "SIZE", environment: "VDB_MEMORY_LIMIT",
    summary: "Use at most this much memory for buffers")
  package static let tmpdir = Option(
    "tmpdir", .path(.folder), "DIR", environment: "TMPDIR", summary: "Keep temporary files here")

  package static let json = Option(
    "json", .flag, summary: "Write JSON for programs",
    details: "Every document, and every line where there are several, has a member `schema`.")
  package static let output = Option(
    "output", short: "o", .path(.file), "FILE", summary: "Write to FILE instead of standard output",
    details:
      "The file appears under its name only when it is complete. An existing file is refused unless `--force` is given. `-` is standard output."
  )
  package static let force = Option(
    "force", short: "f", .flag, summary: "Replace an existing output file")
  package static let dryRun = Option(
    "dry-run", short: "n", .flag, summary: "Say what would change and change nothing",
    details: "The exit status is that of the real run.")
  package static let yes = Option(
    "yes", short: "y", .flag, summary: "Answer every question with yes")
  package static let idsAsStrings = Option(
    "ids-as-strings", .flag, summary: "Write every id as a JSON string",
    details: "For programs that cannot read whole numbers above 2^53.")
  package static let ifVersion = Option(
    "if-version", .integer(0...Int64.max), "V", summary: "Fail unless the collection is at version V",
    details: "The status is then 7 and nothing is changed.")
  package static let ifLSN = Option(
    "if-lsn", .integer(0...Int64.max), "LSN", summary: "Fail unless the last change has this number",
    details: "The status is then 7 and nothing is changed.")
  package static let idField = Option(
    "id-field", .text, "PATH", default: "id", summary: "Field that holds the id")
  package static let vectorField = Option(
    "vector-field", .text, "PATH",
    summary: "Field that holds the vector (default: vector, else embedding)")
  package static let payloadField = Option(
    "payload-field", .text, "PATH",
    summary: "Field that holds the metadata object (default: payload, else metadata)",
    details: "Where a record has no such object, every other field is metadata.")
  package static let zeroVector = Option(
    "zero-vector", .choice(["reject", "allow"]), default: "reject",
    summary: "What to do with a vector of zeros under the cosine metric")

  /// The choice of an output format among those that make sense for a command.
  package static func format(_ choices: [String]) -> Option {
    Option(
      "format", .choice(choices), "FORMAT",
      summary: "Write as \(choices.dropLast().joined(separator: ", ")) or \(choices.last ?? "")",
      details: "`--json` is short for the JSON form.")
  }

  /// For commands that open a collection.
  package static let collection = [lockTimeout, timeout, readOnly, threads]
  /// For commands that only read a collection: they take no lock that anybody waits for.
  package static let reading = [timeout]
  /// For commands that change a collection.
  package static let changing = [json, dryRun, lockTimeout, timeout, readOnly, allowNetworkFS]
  /// For commands whose result can go to a file.
  package static let writing = [json, output, force]
}
