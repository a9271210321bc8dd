import Glibc
import Synchronization

/// The files that are mapped into memory, so that a fault on one of them can be told by name.
///
/// A mapped file that is cut short by someone else, or whose medium fails, raises SIGBUS on the next touch of
/// a lost page. The handler finds the file in this table, writes one line to standard error and ends the
/// process with status 5 (damage met while reading). A SIGBUS for any other reason has its usual effect.
///
/// The table is a chain of chunks that are never freed. A slot is filled before its `start` is published, and
/// emptied only after the last use of its bytes, so the handler may read it at any moment without a lock.
package enum MappedFileTable {
  /// One mapping, as a registration names it.
  package struct Slot: Sendable {
    fileprivate let chunk: Int
    fileprivate let index: Int
  }

  /// Lets SIGBUS on a registered mapping end the process with status 5 and one line.
  ///
  /// Call once, at the start.
  package static func installHandler() {
    _ = firstChunk
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_sigaction = { _, info, _ in unsafe MappedFileTable.handle(info) }
    action.sa_flags = SA_SIGINFO
    unsafe sigemptyset(&action.sa_mask)
    unsafe sigaction(SIGBUS, &action, nil)
  }

  /// How many mappings are registered.
  package static var count: Int { state.withLock { $0.used } }

  /// Names a mapping.
  ///
  /// Control characters in `path` are replaced, for the handler writes it as it is.
  static func register(_ bytes: UnsafeRawBufferPointer, path: String) -> Slot {
    let text = path.utf8.prefix(4000).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
    _ = unsafe copy.initialize(from: text)
    let start = UInt(bitPattern: bytes.baseAddress)
    let length = UInt(bytes.count)
    return state.withLock { state in
      let slot: Slot
      if let free = state.free.popLast() {
        slot = free
      } else {
        if state.nextIndex == chunkCapacity {
          let chunk = unsafe Chunk.make()
          unsafe state.chunks[state.chunks.count - 1].pointee.next.store(
            UInt(bitPattern: chunk), ordering: .releasing)
          unsafe state.chunks.append(chunk)
          state.nextIndex = 0
        }
        slot = unsafe Slot(chunk: state.chunks.count - 1, index: state.nextIndex)
        state.nextIndex += 1
      }
      let entry = unsafe state.chunks[slot.chunk].pointee.entries + slot.index
      unsafe entry.pointee.length = length
      unsafe entry.pointee.path = UnsafeBufferPointer(copy)
      unsafe entry.pointee.start.store(start, ordering: .releasing)
      state.used += 1
      return slot
    }
  }

  /// Forgets a mapping, whose bytes must not be touched any more.
  static func unregister(_ slot: Slot) {
    state.withLock { state in
      let entry = unsafe state.chunks[slot.chunk].pointee.entries + slot.index
      unsafe entry.pointee.start.store(0, ordering: .releasing)
      unsafe entry.pointee.path.deallocate()
      unsafe entry.pointee.path = UnsafeBufferPointer(start: nil, count: 0)
      state.free.append(slot)
      state.used -= 1
    }
  }

  private static let chunkCapacity = 1024

  /// One mapping as the handler reads it; free when `start` is 0.
  @unsafe private struct Entry: ~Copyable {
    let start = Atomic<UInt>(0)
    var length: UInt = 0
    var path = unsafe UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  }

  /// A fixed number of entries, and the address of the next chunk or 0.
  @unsafe private struct Chunk: ~Copyable {
    let entries: UnsafeMutablePointer<Entry>
    let next = Atomic<UInt>(0)

    static func make() -> UnsafeMutablePointer<Chunk> {
      let entries = UnsafeMutablePointer<Entry>.allocate(capacity: chunkCapacity)
      for index in 0..<chunkCapacity { unsafe (entries + index).initialize(to: Entry()) }
      let chunk = UnsafeMutablePointer<Chunk>.allocate(capacity: 1)
      unsafe chunk.initialize(to: Chunk(entries: entries))
      return unsafe chunk
    }
  }

  @safe private struct State: @unchecked Sendable {
    var chunks: [UnsafeMutablePointer<Chunk>]
    var nextIndex = 0
    var free: [Slot] = []
    var used = 0
  }

  /// Address of the first chunk, made before the handler is installed.
  private static let firstChunk = unsafe UInt(bitPattern: Chunk.make())
  private static let state = Mutex(
    unsafe State(chunks: [UnsafeMutablePointer<Chunk>(bitPattern: firstChunk)].compactMap { unsafe $0 }))

  /// Runs in the signal handler: no allocation, no lock, only `writev`, `_exit`, `signal` and `raise`.
  private static func handle(_ info: UnsafeMutablePointer<siginfo_t>?) {
    // si_addr is the first field of the union that follows si_signo, si_errno and si_code.
    let address = unsafe info.map { unsafe UnsafeRawPointer($0).load(fromByteOffset: 16, as: UInt.self) } ?? 0
    let isFault = unsafe (info?.pointee.si_code ?? 0) > 0
    var chunk = unsafe UnsafeMutablePointer<Chunk>(bitPattern: firstChunk)
    while isFault, let current = unsafe chunk {
      for index in 0..<chunkCapacity {
        let entry = unsafe current.pointee.entries + index
        let start = unsafe entry.pointee.start.load(ordering: .acquiring)
        if start != 0, address >= start, unsafe address - start < entry.pointee.length {
          unsafe report(entry.pointee.path, offset: address - start)
          _exit(5)
        }
      }
      unsafe chunk = UnsafeMutablePointer<Chunk>(bitPattern: current.pointee.next.load(ordering: .acquiring))
    }
    signal(SIGBUS, SIG_DFL)
    raise(SIGBUS)
  }

  /// Writes the line of one lost page to standard error.
  private static func report(_ path: UnsafeBufferPointer<UInt8>, offset: UInt) {
    let before: StaticString = "vdb: "
    let after: StaticString = ": file truncated or unreadable at offset "
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { digits in
      var first = 23
      unsafe digits[first] = UInt8(ascii: "\n")
      var rest = offset
      repeat {
        first -= 1
        unsafe digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      unsafe write(2, before.utf8Start, before.utf8CodeUnitCount)
      unsafe write(2, path.baseAddress, path.count)
      unsafe write(2, after.utf8Start, after.utf8CodeUnitCount)
      unsafe write(2, digits.baseAddress.map { unsafe $0 + first }, 24 - first)
    }
  }
}
