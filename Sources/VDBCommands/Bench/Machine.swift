import CommandLineParsing
import FileStorage
import VectorMath

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The machine that figures belong to.
struct Machine {
  let processor: String
  let cores: Int
  let memoryBytes: UInt64
  let system: String
  let instructionSet: String

  /// Asks the operating system.
  init() {
    let processors = SmallFile.text("/proc/cpuinfo") ?? ""
    processor = SmallFile.value(of: "model name", in: processors) ?? "unknown processor"
    cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let memory = SmallFile.value(of: "MemTotal", in: SmallFile.text("/proc/meminfo") ?? "")
    memoryBytes = (memory?.split(separator: " ").first.flatMap { UInt64($0) } ?? 0) * 1024
    let release = SmallFile.text("/proc/sys/kernel/osrelease")?.split(separator: "\n").first ?? "unknown"
    system = "Linux \(release)"
    instructionSet = InstructionSet.current.name
  }

  /// One line for people.
  var text: String {
    "\(processor), \(cores) cores, \(NumberText.bytes(memoryBytes)), \(system), \(instructionSet), vdb \(VersionCommand.version)"
  }

  /// Adds the member `machine`.
  func append(to json: inout CommandLineParsing.JSONText) {
    json.key("machine")
    json.beginObject()
    json.member("cpu", processor)
    json.member("cores", cores)
    json.member("memory_bytes", memoryBytes)
    json.member("system", system)
    json.member("instruction_set", instructionSet)
    json.member("vdb", VersionCommand.version)
    json.endObject()
  }
}

/// Files of the system that are read whole.
enum SmallFile {
  /// The first 64 KiB as text; nil when it cannot be read.
  static func text(_ path: String) -> String? {
    guard let source = try? InputSource(path) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe (try? source.read(into: $0)) ?? 0 }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// All of it as text; nil when it cannot be read.
  static func whole(_ path: String) -> String? {
    guard let source = try? InputSource(path) else { return nil }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      guard let count = unsafe block.withUnsafeMutableBytes({ unsafe try? source.read(into: $0) }) else {
        return nil
      }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += block[..<count]
    }
  }

  /// What stands behind `name` and a colon.
  static func value(of name: String, in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      return String(value)
    }
    return nil
  }
}

/// Clocks and memory of this process.
enum ProcessMeter {
  /// Nanoseconds of processor time that all threads have used.
  static func cpuNanoseconds() -> Int64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Forgets the greatest size so far, where the system allows it.
  static func resetPeak() {
    let descriptor = unsafe open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = unsafe write(descriptor, "5", 1)
    close(descriptor)
  }

  /// The most memory held since the last reset, mapped files included; nil where the system does not tell.
  static func peakBytes() -> UInt64? {
    SmallFile.text("/proc/self/status").flatMap { SmallFile.value(of: "VmHWM", in: $0) }
      .flatMap { $0.split(separator: " ").first.flatMap { UInt64($0) } }.map { $0 * 1024 }
  }
}
