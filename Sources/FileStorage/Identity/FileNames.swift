/// The names of a collection's files: made from numbers, never taken from what a file says.
///
/// | name | what |
/// |---|---|
/// | `VDB` | identity |
/// | `lock`, `lock.info` | byte-range locks; who writes, as a hint |
/// | `rebuild.status`, `rebuild.log` | how far the last background build of indexes came, and what it said |
/// | `manifest/%016x.vman` | one version |
/// | `wal/%016x.vwal` | write-ahead log |
/// | `seg/%016x.vseg` | segment |
/// | `del/%016x-%08x.vdel` | deleted rows of a segment, with a generation |
/// | `idx/%016x.vidx` | index |
/// | `tmp/` | what is being written |
package enum FileNames {
  /// What a numbered name stands for.
  package enum Parsed: Equatable, Sendable {
    case manifest(UInt64)
    case log(UInt64)
    case segment(UInt64)
    case deletion(segment: UInt64, generation: UInt64)
    case index(UInt64)
  }

  /// Byte-range locks live in this file.
  package static let lock = "lock"
  /// A hint about the current writer.
  package static let lockInfo = "lock.info"
  /// How far the last background build of indexes came.
  package static let rebuildStatus = "rebuild.status"
  /// What the last background build of indexes said.
  package static let rebuildLog = "rebuild.log"
  /// Files for people that no reader needs: they may be missing, and what they hold is never trusted.
  package static let advisory = [lockInfo, rebuildStatus, rebuildLog]
  /// The folders of a collection.
  package static let folders = ["manifest", "wal", "seg", "del", "idx", "tmp"]
  /// The highest generation of a deletion file: eight digits.
  package static let maximumGeneration = UInt64(UInt32.max)

  /// A version's file.
  package static func manifest(_ version: UInt64) -> String { "manifest/" + digits(version, 16) + ".vman" }
  /// A write-ahead log.
  package static func log(_ number: UInt64) -> String { "wal/" + digits(number, 16) + ".vwal" }
  /// A segment.
  package static func segment(_ number: UInt64) -> String { "seg/" + digits(number, 16) + ".vseg" }
  /// The deleted rows of a segment.
  package static func deletion(_ segment: UInt64, _ generation: UInt64) -> String {
    "del/" + digits(segment, 16) + "-" + digits(generation, 8) + ".vdel"
  }
  /// An index.
  package static func index(_ number: UInt64) -> String { "idx/" + digits(number, 16) + ".vidx" }

  /// The name under which a file is written before it is moved to `finalName`: the same last part, in `tmp/`.
  package static func temporary(_ finalName: String) -> String {
    "tmp/" + finalName.split(separator: "/", omittingEmptySubsequences: true).suffix(1).joined()
  }

  /// What a name with its folder ("wal/0000000000000007.vwal") stands for; nil for anything that these functions do not make.
  package static func parse(_ name: String) -> Parsed? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let file = parts[1]
    switch parts[0] {
    case "manifest": return number(file, ".vman").map { .manifest($0) }
    case "wal": return number(file, ".vwal").map { .log($0) }
    case "seg": return number(file, ".vseg").map { .segment($0) }
    case "idx": return number(file, ".vidx").map { .index($0) }
    case "del":
      guard file.utf8.count == 30, file.hasSuffix(".vdel") else { return nil }
      let stem = file.dropLast(5)
      guard let segment = value(stem.prefix(16)), stem.dropFirst(16).first == "-",
        let generation = value(stem.dropFirst(17))
      else { return nil }
      return .deletion(segment: segment, generation: generation)
    default: return nil
    }
  }

  private static func number(_ file: Substring, _ suffix: String) -> UInt64? {
    guard file.utf8.count == 21, file.hasSuffix(suffix) else { return nil }
    return value(file.dropLast(5))
  }

  /// The number that lower-case hexadecimal digits spell.
  private static func value(_ digits: Substring) -> UInt64? {
    var result: UInt64 = 0
    for byte in digits.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): result = result << 4 | UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): result = result << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return result
  }

  private static func digits(_ number: UInt64, _ count: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }
}
