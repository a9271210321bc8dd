import FileStorage
import MetadataFilters
import VectorMath

extension RowOrigin {
  /// "docs.jsonl:12 (record 11)", or as much of it as is known; empty for the command line.
  package var place: String {
    var text = source
    if line > 0 { text += text.isEmpty ? "line \(line)" : ":\(line)" }
    if record > 0 { text += text.isEmpty ? "record \(record)" : " (record \(record))" }
    return text
  }

  fileprivate var prefix: String { place.isEmpty ? "" : place + ": " }
}

extension DatabaseError: CustomStringConvertible {
  /// One sentence: what was attempted or wanted, on what, and what was found.
  package var description: String {
    switch self {
    case .storage(let error): error.description
    case .notFound(let path): "\(path): no such collection"
    case .notACollection(let path, let reason): "\(path) is not a collection: \(reason)"
    case .unfinishedCreation(let path): "\(path) is no collection yet: its creation was interrupted"
    case .alreadyExists(let path): "\(path) exists already"
    case .differentSettings(let path, let field, let existing, let asked):
      "\(path) exists already with \(field) \(existing), and \(asked) was asked for"
    case .invalidSetting(let field, let value, let expected):
      value.isEmpty ? "\(field): expected \(expected)" : "\(field): expected \(expected), found '\(value)'"
    case .locked(let path, let purpose, let holder): Self.lockedSentence(path, purpose, holder)
    case .networkFileSystem(let path):
      "\(path) lies on a network file system, whose locks and flushes cannot be relied on for writing"
    case .conditionFailed(let what, let expected, let found):
      "the collection is at \(what) \(found), and the condition asks for \(expected); nothing was changed"
    case .dimensionMismatch(let origin, let expected, let found):
      "\(origin.prefix)the vector has \(found) numbers, the collection has \(expected)"
    case .notFinite(let origin, let id): "\(origin.prefix)the vector of '\(id)' holds NaN or infinity"
    case .zeroVector(let origin, let id):
      "\(origin.prefix)the vector of '\(id)' is all zeros, which has no direction to compare by cosine"
    case .outOfHalfRange(let origin, let id):
      "\(origin.prefix)the vector of '\(id)' holds a number beyond ±65504, the range of f16"
    case .elementNotHeld(let origin, let id, let index, let number, let type):
      "\(origin.prefix)vector[\(index)] of '\(id)': expected \(type.numbers), found \(ElementType.text(number))"
    case .vectorMissing(let origin, let id): "\(origin.prefix)the record '\(id)' has no vector"
    case .schemaViolation(let origin, let id, let violation):
      "\(origin.prefix)the field \(violation.field) of '\(id)': expected \(violation.expected), found \(violation.found)"
    case .invalidSchema(let error): "the schema: \(error.description)"
    case .duplicateID(let id, let origin, let earlier): Self.duplicateSentence(id, origin, earlier)
    case .idNotFound(let id): "no row has the id '\(id)'"
    case .countMismatch(let expected, let found):
      "\(found) rows match and \(expected) were expected; nothing was changed"
    case .transactionTooLarge(let bytes, let limit):
      "one transaction of \(bytes) bytes exceeds the limit of \(limit) bytes"
    case .quotaExceeded(let key, let limit, let wanted):
      "the change would break \(key) = \(limit) (it needs \(wanted)); nothing was changed"
    case .memoryLimit(let needed, let limit):
      "the work needs \(needed) bytes of memory and \(limit) are allowed"
    case .foreignFiles(let path, let names):
      "\(path) holds files that are not part of the collection: " + names.prefix(5).joined(separator: ", ")
        + (names.count > 5 ? " and \(names.count - 5) more" : "")
    case .cancelled: "interrupted; nothing was changed"
    case .purgeIncomplete(let path, let detail):
      "\(path): removed rows can still be found after the purge: \(detail)"
    }
  }

  /// What a person can do about it; nil where the sentence says it all.
  package var hint: String? {
    switch self {
    case .storage(let error): error.hint
    case .notFound: "vdb create makes a collection; vdb list shows those in a folder"
    case .notACollection: "name the collection's folder, the one that holds a file VDB"
    case .unfinishedCreation: "run vdb create again: it finishes what was begun"
    case .alreadyExists: "choose another name, or add --if-not-exists to accept an equal collection"
    case .differentSettings: "these settings are fixed at creation; create another collection"
    case .invalidSetting(let field, let value, _):
      field == "metric" && value == Metric.hamming.name
        ? "hamming compares vectors of bits: add --type bit" : nil
    case .locked(_, .building, _):
      "vdb rebuild-index COLLECTION --status says how far it is, --wait waits for it, --cancel ends it"
    case .locked: "retry, or wait longer with --lock-timeout"
    case .networkFileSystem:
      "copy the collection to a local disk, or add --allow-network-fs if you know that locks work"
    case .conditionFailed: "look at the new state with vdb info, then decide again"
    case .dimensionMismatch: "use the model that the collection was made with, or create another collection"
    case .notFinite: "remove the record, or import with --nan skip"
    case .zeroVector:
      "remove the record, or accept it with --zero-vector allow (its distance to everything is 1)"
    case .outOfHalfRange: "scale the vectors, or create a collection with --type f32"
    case .elementNotHeld:
      "nothing is rounded: scale and round the vectors, or create a collection with --type f32"
    case .vectorMissing: "name the field with --vector-field"
    case .schemaViolation: "see the rules with vdb schema COLLECTION show"
    case .invalidSchema:
      "a schema is written as {\"fields\":{\"year\":{\"type\":\"int\",\"required\":true},\"tags\":\"keyword[]\"}}"
    case .duplicateID:
      "use upsert (or import --mode upsert) to replace rows, --mode ignore to keep the old ones"
    case .idNotFound: nil
    case .countMismatch: "check the ids, or leave out --expect-count"
    case .transactionTooLarge: "use vdb import for bulk data, or smaller batches with --batch-rows"
    case .quotaExceeded(let key, _, _):
      "free some space (vdb compact, vdb gc), or change it with vdb config set \(key)"
    case .memoryLimit: "raise --memory-limit"
    case .foreignFiles: "move them away first"
    case .cancelled: nil
    case .purgeIncomplete: "close programs that still read old versions, then run vdb compact --purge again"
    }
  }

  private static func lockedSentence(_ path: String, _ purpose: LockPurpose, _ holder: LockHolder?) -> String
  {
    switch purpose {
    case .writing:
      guard let holder else { return "\(path) is being written by another process" }
      return
        "\(path) is being written by another process (reported: pid \(holder.processID), vdb \(holder.command))"
    case .maintenance:
      return "\(path) is held by a compaction, an index build or a reader of an old version"
    case .building:
      return "a background build of indexes is at work on \(path)"
    }
  }

  private static func duplicateSentence(_ id: String, _ origin: RowOrigin, _ earlier: RowOrigin?) -> String {
    guard let earlier else {
      return "\(origin.prefix)the id '\(id)' is in the collection already"
    }
    return "\(origin.prefix)the id '\(id)' occurs twice, first at \(earlier.place)"
  }
}
