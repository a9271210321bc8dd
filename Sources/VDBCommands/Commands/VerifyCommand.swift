package import CommandLineParsing
import FileStorage
import VectorDatabase

/// The command `vdb verify`.
package enum VerifyCommand: ToolCommand {
  package static let quick = Option(
    "quick", .flag, summary: "Check structure only: names, sizes, headers, chains")
  package static let deep = Option(
    "deep", .flag, summary: "Check also what the bits mean",
    details:
      "Every record is read and checked by itself, the SHA-256 of every segment and index is compared, and every index is compared with what its records give."
  )
  package static let strict = Option(
    "strict", .flag, summary: "End with status 1 for notices too, such as an unclean shutdown")
  package static let expectRoot = Option(
    "expect-root", .text, "SHA256", summary: "Fail unless the newest version has this root hash")
  package static let recall = Option(
    "recall", .integer(1...100_000), "N",
    summary: "Measure also what searches by graphs find, with N queries",
    details:
      "Draws N records, in a segment with a graph of the up to 2,500 to which it was not fitted, searches for the 1, 10 and 100 nearest of each with a recall of 0.9, 0.95 and 0.99 and compares with the exact answer. Each record is held out of its own search. Prints what a search promises, which in a segment with deleted records is just what it is asked for, what was found and, with a confidence of 99 of a hundred, where the average over all possible queries lies; when that excludes the promise, the status is 1."
  )
  package static let seed = Option(
    "seed", .integer(0...Int64.max), "N", default: "1", summary: "Draw other records for --recall")
  package static let listFiles = Option("list-files", .flag, summary: "Print every file with its state")

  package static let command = Command(
    "verify", aliases: ["check"], group: "Upkeep", summary: "prove that every bit is as it was written",
    description: [
      "Reads every byte of every live file and compares it with its checksums. Writes nothing, works on read-only media and beside a writer.",
      "Every finding names the file, the bytes, the records that are touched and what to do.",
    ],
    operands: [
      Operand("COLLECTION", .one, .path(.collection), summary: "the collection's folder, or one file of it")
    ],
    options: [quick, deep, strict, recall, seed, expectRoot, listFiles],
    sharedOptions: SharedOptions.writing + SharedOptions.reading + [SharedOptions.threads],
    exclusiveGroups: [ExclusiveGroup(["quick", "deep"])],
    dependencies: [Dependency("seed", needs: "recall")],
    examples: [
      Example("vdb verify docs.vdb", "Check everything."),
      Example("vdb verify docs.vdb --quick", "Check the structure in a moment."),
      Example("vdb verify docs.vdb --quick --recall 500", "Measure what searches find."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(
          1, "intact, but searches find less than is promised, or with --strict there is something to know"),
        ExitNote(5, "damage was found"),
      ],
      ExitNotes.reading, done: "every bit is as it was written"),
    seeAlso: ["info", "log", "gc", "tune"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let expectedRoot = try arguments.text(expectRoot).map { (text) throws(CommandFailure) in
      guard let digest = Digest256(hex: text.lowercased()) else {
        throw CommandFailure(
          .usage, code: "invalid-digest", "--expect-root: '\(text)' is no SHA-256 of 64 hexadecimal digits",
          hint: "vdb info prints the root hash")
      }
      return digest
    }
    let level: VerificationLevel =
      arguments.flag(quick) ? .quick : arguments.flag(deep) ? .deep : .standard
    let (folder, file) = VerificationTarget.split(context.collectionPath)
    let measurement = try measurement(context, file)
    let fs = try context.openFileSystem(folder)
    let deadline = context.deadline
    let began = MonotonicClock.now()
    let threads = context.threadCount
    let report = try engine { () throws(DatabaseError) in
      try Verifier.run(
        on: fs, level, only: file, expectedRoot: expectedRoot, recall: measurement, threads: threads
      ) {
        if Signals.requested != nil { return true }
        guard let deadline else { return false }
        return MonotonicClock.now() >= deadline
      }
    }
    let text = VerificationText(report, level: level, nanoseconds: MonotonicClock.now() - began)
    if context.isJSON {
      try text.writeJSON(context, listsFiles: arguments.flag(listFiles))
    } else {
      try text.write(context, listsFiles: arguments.flag(listFiles))
    }
    if report.isDamaged {
      context.exitStatus = .corrupt
    } else if report.isRecallBroken || (arguments.flag(strict) && !report.findings.isEmpty) {
      context.exitStatus = .negative
    }
  }

  /// What `--recall` asks for.
  private static func measurement(
    _ context: CommandContext, _ file: String?
  ) throws(CommandFailure) -> RecallRequest? {
    guard let count = context.arguments.integer(recall) else { return nil }
    guard file == nil else {
      throw CommandFailure(.usage, "--recall needs the whole collection, not one file of it")
    }
    var request = RecallRequest()
    request.queryCount = Int(clamping: count)
    request.seed = context.arguments.integer(seed).map { UInt64($0) } ?? request.seed
    return request
  }
}
