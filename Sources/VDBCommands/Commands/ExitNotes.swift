import CommandLineParsing

/// Exit statuses that many commands share.
enum ExitNotes {
  static let done = ExitNote(0, "done")

  /// Every command that opens a collection.
  static let reading = [
    note(.usage), note(.corrupt), ExitNote(6, "there is no such collection, or the folder is not one"),
    note(.unsupported), note(.ioError), note(.denied), note(.timeout),
  ]

  /// Every command that writes to a collection.
  static let writing = reading + [note(.locked), note(.noSpace)]

  static func note(_ status: ExitStatus) -> ExitNote { ExitNote(status.rawValue, status.meaning) }

  /// `done`, the given ones and a shared list, in the order of their numbers.
  static func sorted(_ own: [ExitNote], _ shared: [ExitNote], done: String = "done") -> [ExitNote] {
    let numbers = own.map(\.status)
    let all = [ExitNote(0, done)] + own + shared.filter { !numbers.contains($0.status) }
    return all.sorted { $0.status < $1.status }
  }
}

/// Operands that many commands share.
enum Operands {
  static let collection = Operand("COLLECTION", .one, .path(.collection), summary: "the collection's folder")
}
