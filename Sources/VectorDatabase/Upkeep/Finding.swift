package import FileStorage

/// How much a finding matters.
package enum FindingSeverity: String, Sendable, CaseIterable {
  /// Rows, or what is needed to find them, are damaged.
  case data
  /// Something that can be made again from the rows is damaged.
  case derived
  /// A file that no version needs.
  case orphan
  /// Worth knowing; nothing is lost.
  case notice
}

/// One thing that verification found.
package struct Finding: Equatable, Sendable {
  /// The stable kebab-case name of the kind.
  package let code: String
  package let severity: FindingSeverity
  /// The file, relative to the collection.
  package let path: String
  package var section: String?
  /// The damaged bytes, as far as they are known.
  package var range: Range<UInt64>?
  /// The number of the damaged block, in a file of blocks.
  package var block: Int?
  /// The one bit whose flip explains the damage, when there is one.
  package var flippedBit: FlippedBit?
  package var message: String
  /// Rows of the segment that the damage touches.
  package var rows: Range<Int>?
  /// Ids of the first touched rows, where they can still be read.
  package var ids: [String] = []
  /// What to do about it.
  package var remedy: String

  init(
    _ code: String, _ severity: FindingSeverity, _ path: String, section: String? = nil,
    range: Range<UInt64>? = nil,
    _ message: String, remedy: String
  ) {
    self.code = code
    self.severity = severity
    self.path = path
    self.section = section
    self.range = range
    self.message = message
    self.remedy = remedy
  }

  /// Whether this makes `verify` end with "damaged".
  package var isDamage: Bool { severity == .data || severity == .derived }
}

/// What verification read and found.
package struct VerificationReport: Equatable, Sendable {
  package var files = 0
  package var bytes: UInt64 = 0
  package var rows: UInt64 = 0
  package var version: UInt64 = 0
  package var lsn: UInt64 = 0
  /// Hash of the newest version; nil when its manifest is damaged.
  package var root: Digest256?
  package var findings: [Finding] = []
  package var checkedFiles: [String] = []
  /// What searches found, when that was measured: empty without a graph; nil when it was not asked for or not possible.
  package var recall: [RecallResult]?

  package var isDamaged: Bool { findings.contains { $0.isDamage } }
  /// Whether searches find less than is promised.
  package var isRecallBroken: Bool { recall?.contains { $0.isBroken } ?? false }
}
