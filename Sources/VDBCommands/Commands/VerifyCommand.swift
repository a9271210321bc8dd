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
    options: [quick, deep, strict, expectRoot, listFiles],
    sharedOptions: SharedOptions.writing + SharedOptions.reading + [SharedOptions.threads],
    exclusiveGroups: [ExclusiveGroup(["quick", "deep"])],
    examples: [
      Example("vdb verify docs.vdb", "Check everything."),
      Example("vdb verify docs.vdb --quick", "Check the structure in a moment."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(1, "intact, but there is something to know"), ExitNote(5, "damage was found")],
      ExitNotes.reading, done: "every bit is as it was written"),
    seeAlso: ["info", "log", "gc"])

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
    let fs = try context.openFileSystem(folder)
    let deadline = context.deadline
    let began = MonotonicClock.now()
    let threads = context.threadCount
    let report = try engine { () throws(DatabaseError) in
      try Verifier.run(on: fs, level, only: file, expectedRoot: expectedRoot, threads: threads) {
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
    } else if arguments.flag(strict), !report.findings.isEmpty {
      context.exitStatus = .negative
    }
  }
}
