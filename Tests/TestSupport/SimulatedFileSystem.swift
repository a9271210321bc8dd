package import FileStorage
import Glibc
import Synchronization

/// A file system in memory that knows what a power loss may leave of it.
///
/// Every file has a durable image and the ordered changes since its last flush; every folder has durable
/// entries and pending ones. A flush of a file makes its bytes durable, never its name; a flush of a folder makes
/// its entries durable, never what they name. `crash` gives the file system as it may look afterwards.
/// Answers and errors are those of `RealFileSystem`. Safe to call from several threads.
package final class SimulatedFileSystem: FileSystem {
  /// One finished call.
  package struct Call: Sendable {
    /// How many calls there have been, this one included.
    package let number: Int
    /// The call as `FileSystem` names it.
    package let name: String
    /// The file or folder.
    package let path: String
    /// Whether it may have changed what a crash leaves.
    package let isChange: Bool
  }

  package let rootPath: String
  let state: Mutex<SimulatedState>
  private let calls = Atomic<Int>(0)
  private let observer = Mutex<(@Sendable (SimulatedFileSystem, Call) -> Void)?>(nil)

  /// An empty file system with a root folder, whose random bits come from `salts`.
  package convenience init(rootPath: String = "simulated", salts: SaltSource = .seeded(1)) {
    var state = SimulatedState()
    state.salts = salts
    self.init(rootPath: rootPath, state)
  }

  init(rootPath: String, _ state: SimulatedState) {
    self.rootPath = rootPath
    self.state = Mutex(state)
  }

  /// How many calls were made, the failed ones included.
  package var callCount: Int { calls.load(ordering: .relaxed) }

  /// How many files are open.
  package var openCount: Int { state.withLock { $0.descriptors.count } }

  /// Bytes that all files together may hold; nil for no limit.
  package var capacity: UInt64? {
    get { state.withLock { $0.capacity } }
    set { state.withLock { $0.capacity = newValue } }
  }

  /// Whether `dropCache` does nothing: systems take it as advice.
  package var keepsCache: Bool {
    get { state.withLock { $0.keepsCache } }
    set { state.withLock { $0.keepsCache = newValue } }
  }

  /// The place in the program, one of `flushPlaces`, whose flushes do nothing; nil for none.
  package var mutedFlush: String? {
    get { state.withLock { $0.flushes.muted } }
    set { state.withLock { $0.flushes.muted = newValue } }
  }

  /// The places in the program that have flushed something, each told by the call right before.
  package var flushPlaces: Set<String> { state.withLock { $0.flushes.seen } }

  /// Runs the calls of another process in between: they do not count as what the first one called before.
  package func asAnotherProcess(_ body: () -> Void) {
    let before = state.withLock { $0.flushes.beginAnotherProcess() }
    body()
    state.withLock { $0.flushes.endAnotherProcess(before) }
  }

  /// Has `body` called after every successful call, outside of any lock of this file system.
  package func observe(_ body: (@Sendable (SimulatedFileSystem, Call) -> Void)?) {
    observer.withLock { $0 = body }
  }

  /// Runs one call: counts it, names its error, and tells the observer.
  private func perform<Result: Sendable>(
    _ operation: FileError.Operation, _ call: String, _ path: String, isChange: Bool,
    _ body: (inout SimulatedState) throws(SystemError) -> Result
  ) throws(FileError) -> Result {
    let number = calls.add(1, ordering: .relaxed).newValue
    let result: Result
    do throws(SystemError) {
      result = try state.withLock { (state) throws(SystemError) in
        let result = try body(&state)
        if operation != .sync { state.flushes.note(call, path) }
        return result
      }
    } catch {
      throw FileError(operation, path.isEmpty ? rootPath : rootPath + "/" + path, error.code)
    }
    if let body = observer.withLock({ $0 }) {
      body(self, Call(number: number, name: call, path: path, isChange: isChange))
    }
    return result
  }

  package func open(_ name: String, _ access: FileAccess) throws(FileError) -> FileDescriptor {
    try perform(.open, "open", name, isChange: access == .creating) { (state) throws(SystemError) in
      let place = try state.place(name)
      guard let node = state.live[place.folder, place.last] else {
        guard access == .creating else { throw SystemError(ENOENT) }
        let node = state.addNode(.file(SimulatedFile()))
        state.apply(node, .link(folder: place.folder, name: place.last, from: nil))
        return state.addDescriptor(node, isWritable: true)
      }
      guard access != .creating else { throw SystemError(EEXIST) }
      guard case .file? = state.nodes[node] else { throw SystemError(EISDIR) }
      return state.addDescriptor(node, isWritable: access == .updating)
    }
  }

  package func close(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    try perform(.close, "close", name, isChange: false) { (state) throws(SystemError) in
      try state.change(descriptor) { (file) throws(SystemError) in
        file.locks.removeAll { $0.descriptor == descriptor.rawValue }
      }
      state.descriptors[descriptor.rawValue] = nil
    }
  }

  package func read(
    _ descriptor: FileDescriptor, _ name: String, into buffer: UnsafeMutableRawBufferPointer,
    at offset: UInt64
  ) throws(FileError) -> Int {
    let content = try perform(.read, "read", name, isChange: false) { (state) throws(SystemError) in
      guard offset <= UInt64(Int64.max) else { throw SystemError(EINVAL) }
      return try state.file(descriptor).live
    }
    return unsafe content.read(into: buffer, at: Int(offset))
  }

  package func write(
    _ descriptor: FileDescriptor, _ name: String, _ bytes: UnsafeRawBufferPointer, at offset: UInt64
  ) throws(FileError) -> Int {
    var copy = unsafe [UInt8](bytes)
    return try perform(.write, "write", name, isChange: true) { (state) throws(SystemError) in
      let oldSize = UInt64(try state.file(descriptor).live.count)
      guard state.descriptors[descriptor.rawValue]?.isWritable == true else { throw SystemError(EBADF) }
      guard !copy.isEmpty else { return 0 }
      let (end, overflow) = offset.addingReportingOverflow(UInt64(copy.count))
      guard !overflow, end <= SimulatedState.maximumSize else { throw SystemError(EFBIG) }
      if let capacity = state.capacity, end > oldSize {
        let growth = end - oldSize
        let used = state.usedBytes
        let left = capacity > used ? capacity - used : 0
        if growth > left {
          let missing = growth - left
          guard missing < UInt64(copy.count) else { throw SystemError(ENOSPC) }
          copy.removeLast(Int(missing))
        }
      }
      try state.apply(descriptor, .write(offset: Int(offset), bytes: copy))
      return copy.count
    }
  }

  package func size(_ descriptor: FileDescriptor, _ name: String) throws(FileError) -> UInt64 {
    try perform(.status, "size", name, isChange: false) { (state) throws(SystemError) in
      UInt64(try state.file(descriptor).live.count)
    }
  }

  package func truncate(_ descriptor: FileDescriptor, _ name: String, to size: UInt64) throws(FileError) {
    try perform(.truncate, "truncate", name, isChange: true) { (state) throws(SystemError) in
      _ = try state.file(descriptor)
      guard state.descriptors[descriptor.rawValue]?.isWritable == true else { throw SystemError(EINVAL) }
      guard size <= SimulatedState.maximumSize else { throw SystemError(EFBIG) }
      try state.apply(descriptor, .truncate(size: Int(size)))
    }
  }

  package func syncData(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    try flush("syncData", descriptor, name)
  }

  package func sync(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    try flush("sync", descriptor, name)
  }

  private func flush(_ call: String, _ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    try perform(.sync, call, name, isChange: true) { (state) throws(SystemError) in
      let isReader = state.descriptors[descriptor.rawValue]?.isWritable == false
      guard state.flushes.flush(call, name, isReader: isReader) else { return }
      try state.change(descriptor) { (file) throws(SystemError) in file.flush() }
    }
  }

  package func dropCache(_ descriptor: FileDescriptor, _ name: String) {
    try? perform(.sync, "dropCache", name, isChange: false) { (state) throws(SystemError) in
      if state.keepsCache { return }
      try state.change(descriptor) { (file) throws(SystemError) in file.dropCache() }
    }
  }

  package func map(_ descriptor: FileDescriptor, _ name: String, size: Int) throws(FileError) -> MappedBytes {
    let content = try perform(.map, "map", name, isChange: false) { (state) throws(SystemError) in
      guard size >= 0 else { throw SystemError(EINVAL) }
      let content = try state.file(descriptor).live
      guard size <= content.count else { throw SystemError(ENODATA) }
      return content
    }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: PagedBytes.pageSize)
    _ = unsafe content.read(into: copy, at: 0)
    return unsafe MappedBytes(UnsafeRawBufferPointer(copy)) { unsafe $0.deallocate() }
  }

  package func lock(
    _ descriptor: FileDescriptor, _ name: String, byte offset: UInt64, _ kind: LockKind?
  ) throws(FileError) -> Bool {
    try perform(.lock, "lock", name, isChange: false) { (state) throws(SystemError) in
      _ = try state.file(descriptor)
      guard offset < UInt64(Int64.max) else { throw SystemError(EINVAL) }
      if kind == .exclusive, state.descriptors[descriptor.rawValue]?.isWritable != true {
        throw SystemError(EBADF)
      }
      return try state.change(descriptor) { (file) throws(SystemError) in
        let others = file.locks.filter { $0.byte == offset && $0.descriptor != descriptor.rawValue }
        if kind == .exclusive, !others.isEmpty { return false }
        if kind == .shared, others.contains(where: { $0.kind == .exclusive }) { return false }
        file.locks.removeAll { $0.byte == offset && $0.descriptor == descriptor.rawValue }
        if let kind { file.locks.append((offset, descriptor.rawValue, kind)) }
        return true
      }
    }
  }

  package func status(_ name: String) throws(FileError) -> FileStatus? {
    try perform(.status, "status", name, isChange: false) { (state) throws(SystemError) in
      do throws(SystemError) {
        switch state.nodes[try state.find(name)] {
        case .file(let file): return FileStatus(kind: .file, size: UInt64(file.live.count))
        case .folder: return FileStatus(kind: .folder, size: 0)
        case nil: return nil
        }
      } catch {
        if error.code == ENOENT { return nil }
        throw error
      }
    }
  }

  package func list(_ folder: String) throws(FileError) -> [String] {
    try perform(.list, "list", folder, isChange: false) { (state) throws(SystemError) in
      Array((state.live.folders[try state.findFolder(folder)] ?? [:]).keys)
    }
  }

  package func rename(_ old: String, to new: String) throws(FileError) {
    try perform(.rename, "rename", old, isChange: true) { (state) throws(SystemError) in
      let from = try state.place(old)
      let to = try state.place(new)
      guard let node = state.live[from.folder, from.last] else { throw SystemError(ENOENT) }
      guard state.live[to.folder, to.last] == nil else { throw SystemError(EEXIST) }
      // Nothing can be moved into itself.
      if (new + "/").hasPrefix(old + "/") { throw SystemError(EINVAL) }
      state.apply(node, .link(folder: to.folder, name: to.last, from: (from.folder, from.last)))
    }
  }

  package func remove(_ name: String) throws(FileError) {
    try perform(.remove, "remove", name, isChange: true) { (state) throws(SystemError) in
      let place = try state.place(name)
      let node = try state.find(name)
      guard case .file? = state.nodes[node] else { throw SystemError(EISDIR) }
      state.apply(node, .unlink(folder: place.folder, name: place.last))
    }
  }

  package func makeFolder(_ name: String) throws(FileError) {
    try perform(.makeFolder, "makeFolder", name, isChange: true) { (state) throws(SystemError) in
      let place = try state.place(name)
      guard state.live[place.folder, place.last] == nil else { throw SystemError(EEXIST) }
      state.apply(state.addNode(.folder), .link(folder: place.folder, name: place.last, from: nil))
    }
  }

  package func removeFolder(_ name: String) throws(FileError) {
    try perform(.removeFolder, "removeFolder", name, isChange: true) { (state) throws(SystemError) in
      let place = try state.place(name)
      let node = try state.findFolder(name)
      guard state.live.folders[node]?.isEmpty != false else { throw SystemError(ENOTEMPTY) }
      state.apply(node, .unlink(folder: place.folder, name: place.last))
    }
  }

  package func syncFolder(_ name: String) throws(FileError) {
    try perform(.sync, "syncFolder", name, isChange: true) { (state) throws(SystemError) in
      guard state.flushes.flush("syncFolder", name, isReader: false) else { return }
      state.flushFolder(try state.findFolder(name))
    }
  }

  package func freeSpace() throws(FileError) -> UInt64 {
    try perform(.space, "freeSpace", "", isChange: false) { (state) throws(SystemError) in
      guard let capacity = state.capacity else { return 1 << 40 }
      let used = state.usedBytes
      return capacity > used ? capacity - used : 0
    }
  }

  /// A clock that advances by a microsecond with every look at it.
  package func now() -> Int64 {
    state.withLock { state in
      state.clock += 1000
      return state.clock
    }
  }

  /// The next number of `salts`, which every crash state goes on with.
  package func randomBits() -> UInt64 { state.withLock { $0.salts.next() } }
}
