import FileStorage
import MetadataFilters
import VectorDatabase

/// Where a page of `scan` ended.
struct ScanCursor: Equatable {
  /// In the order of arrival: the state that was read, and how many rows lie behind.
  private struct Position: Equatable {
    let version: UInt64
    let lsn: UInt64
    let count: Int
  }

  private var state: Position?
  /// In the order of a field: the value and the id of the last row.
  private(set) var place: Place?

  /// A place in the order of a field.
  struct Place: Equatable {
    let value: Value
    /// As people write it.
    let id: String
  }

  init(_ snapshot: Snapshot, position: Int) {
    state = Position(version: snapshot.version, lsn: snapshot.lsn, count: position)
  }

  init(value: Value, id: String) { place = Place(value: value, id: id) }

  /// How many rows lie behind, in the order of arrival.
  var position: Int { state?.count ?? 0 }

  /// `3.17.100`; in the order of a field `o.` and the hexadecimal digits of a JSON array with value and id.
  var text: String {
    if let state { return "\(state.version).\(state.lsn).\(state.count)" }
    guard let place else { return "" }
    var json = JSONWriter()
    json.beginArray()
    json.value(place.value.json)
    json.value(place.id)
    json.endArray()
    let digits = Array("0123456789abcdef".utf8)
    let hex = json.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return "o." + String(decoding: hex, as: UTF8.self)
  }

  /// Reads a cursor.
  ///
  /// - Throws: a usage failure when the text is none, or one of a scan in another order.
  init(_ text: String, isOrdered: Bool) throws(CommandFailure) {
    func malformed(_ hint: String) -> CommandFailure {
      CommandFailure(.usage, code: "invalid-cursor", "--after: '\(text)' is no cursor", hint: hint)
    }
    guard isOrdered == text.hasPrefix("o.") else {
      throw malformed("give the same --order-by as for the page that ended there")
    }
    if isOrdered {
      guard let place = ScanCursor.place(text.dropFirst(2)) else {
        throw malformed("take the member `next` of an earlier page's last line")
      }
      self.place = place
      return
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }),
      let version = UInt64(parts[0]), let lsn = UInt64(parts[1]), let count = Int(parts[2])
    else { throw malformed("take the member `next` of an earlier page's last line") }
    state = Position(version: version, lsn: lsn, count: count)
  }

  private static func place(_ text: Substring) -> Place? {
    let hex = Array(text.utf8)
    guard hex.count % 2 == 0, hex.count <= 1 << 20 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(hex.count / 2)
    for index in stride(from: 0, to: hex.count, by: 2) {
      guard let high = digit(hex[index]), let low = digit(hex[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    guard let json = try? JSONParser.parse(bytes), case .array(let parts) = json, parts.count == 2,
      let value = Value(json: parts[0]), case .string(let id) = parts[1]
    else { return nil }
    return Place(value: value, id: id)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// Fails when rows have changed since the cursor was made.
  ///
  /// The rows behind it are then not those that an uninterrupted scan would print. Versions that only move rows to other
  /// files keep their order. In the order of a field the next page begins behind the value and id, whatever has changed.
  func requireUnchanged(_ snapshot: Snapshot) throws(CommandFailure) {
    guard let state, snapshot.lsn != state.lsn || snapshot.version < state.version else { return }
    throw CommandFailure(
      .conflict, code: "cursor-outdated",
      "the collection has changed since the cursor was made: version \(state.version), LSN \(state.lsn) then; version \(snapshot.version), LSN \(snapshot.lsn) now",
      hint: "begin the scan again without --after")
  }
}

extension Value {
  /// The value as JSON.
  var json: JSONValue {
    switch self {
    case .null: .null
    case .bool(let bool): .bool(bool)
    case .int(let int): .int(int)
    case .double(let double): .double(double)
    case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// The value of a JSON scalar; nil for arrays and objects.
  init?(json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .int(let int): self = .int(int)
    case .double(let double): self = .double(double)
    case .string(let text): self = .string(Array(text.utf8))
    case .array, .object: return nil
    }
  }
}
