import FileStorage
import Glibc

/// A system call's error number.
struct SystemError: Error {
  let code: Int32
  init(_ code: Int32) { self.code = code }
}

/// A change of a file's bytes that no flush has made durable.
struct FileOperation: Sendable {
  enum Change: Sendable {
    case write(offset: Int, bytes: [UInt8])
    case truncate(size: Int)
  }
  /// Place in the order of all changes.
  let sequence: Int
  let change: Change
  /// Whether a flush failed on it: the system believes it clean and will never write it.
  var isLost = false
}

/// A change of folder entries that no flush has made durable.
struct EntryOperation: Sendable {
  enum Change: Sendable {
    /// A new file or folder, or the new place of one.
    case link(folder: Int, name: String, from: (folder: Int, name: String)?)
    case unlink(folder: Int, name: String)
  }
  let sequence: Int
  /// The file or folder that is linked or unlinked.
  let node: Int
  let change: Change

  /// The folder whose flush makes the change durable.
  ///
  /// Of a rename only the new folder: that the old one's flush would do too is not relied on.
  var folder: Int {
    switch change {
    case .link(let folder, _, _), .unlink(let folder, _): folder
    }
  }
}

/// The entries of all folders: every file or folder lies in at most one place.
struct EntryTable: Sendable {
  private(set) var folders: [Int: [String: Int]] = [:]
  private var places: [Int: (folder: Int, name: String)] = [:]

  subscript(folder: Int, name: String) -> Int? { folders[folder]?[name] }

  /// Puts a node in its only place, in place of what was there.
  mutating func link(_ node: Int, _ folder: Int, _ name: String) {
    if let place = places[node] { folders[place.folder]?[place.name] = nil }
    if let displaced = folders[folder]?[name] { places[displaced] = nil }
    folders[folder, default: [:]][name] = node
    places[node] = (folder, name)
  }

  /// Removes a node from a place, if it is there.
  mutating func unlink(_ node: Int, _ folder: Int, _ name: String) {
    guard folders[folder]?[name] == node else { return }
    folders[folder]?[name] = nil
    places[node] = nil
  }

  /// Does what an operation says.
  mutating func apply(_ operation: EntryOperation) {
    switch operation.change {
    case .link(let folder, let name, _): link(operation.node, folder, name)
    case .unlink(let folder, let name): unlink(operation.node, folder, name)
    }
  }

  /// Every node that has a place.
  var nodes: some Sequence<Int> { places.keys }
}

/// A simulated file: what is on the medium, what programs see, and what lies between.
struct SimulatedFile: Sendable {
  var durable = PagedBytes()
  var live = PagedBytes()
  var pending: [FileOperation] = []
  /// Whether `live` holds changes that a failed flush has lost.
  var isDiverged = false
  var locks: [(byte: UInt64, descriptor: Int32, kind: LockKind)] = []

  /// Makes everything durable that a flush would.
  mutating func flush() {
    if isDiverged {
      for operation in pending where !operation.isLost { durable.apply(operation.change) }
    } else {
      durable = live
    }
    pending = []
  }

  /// Loses everything un-flushed, as a failed flush does, after some of it reached the medium.
  mutating func failFlush(reaching: (FileOperation) -> Bool) {
    for index in pending.indices where !pending[index].isLost {
      if reaching(pending[index]) { durable.apply(pending[index].change) }
      pending[index].isLost = true
    }
    isDiverged = true
  }

  /// Forgets pages that are believed clean: from here on programs see the medium again.
  mutating func dropCache() {
    guard isDiverged else { return }
    pending.removeAll { $0.isLost }
    live = durable
    for operation in pending { live.apply(operation.change) }
    isDiverged = false
  }
}

extension PagedBytes {
  /// Does what an operation says.
  mutating func apply(_ change: FileOperation.Change) {
    switch change {
    case .write(let offset, let bytes): write(bytes, at: offset)
    case .truncate(let size): truncate(to: size)
    }
  }
}

/// Where a simulated file system takes random bits from.
package enum SaltSource: Hashable, Sendable {
  /// The numbers of a seed, one after the other.
  case seeded(UInt64)
  /// One number again and again.
  case always(UInt64)

  mutating func next() -> UInt64 {
    switch self {
    case .always(let bits): return bits
    case .seeded(let seed):
      var generator = SeededGenerator(seed: seed)
      let bits = generator.next()
      self = .seeded(generator.next())
      return bits
    }
  }
}

/// Tells the places in the program that flush something apart, by what was called right before, and can mute one of them.
struct FlushPlaces: Sendable {
  /// The place whose flushes do nothing; nil for none.
  var muted: String?
  /// Every place that flushed something.
  private(set) var seen: Set<String> = []
  private var previous = (call: "nothing", flush: "nothing")

  /// What kind of file a name stands for: the folder, and in `tmp/` also what is being made.
  private static func kind(_ path: String) -> String {
    guard path.hasPrefix("tmp/") else { return path.split(separator: "/").first.map(String.init) ?? "root" }
    let name = path.dropFirst(4)
    return "tmp/"
      + (name.hasSuffix(".vman") || name.hasSuffix(".vwal") ? name.suffix(5) : name.prefix { $0.isLetter })
  }

  /// Forgets what was called before, and gives it to be put back.
  mutating func beginAnotherProcess() -> (call: String, flush: String) {
    defer { previous = ("nothing", "nothing") }
    return previous
  }

  /// Goes on where the first process was.
  mutating func endAnotherProcess(_ before: (call: String, flush: String)) { previous = before }

  /// Remembers a call that is no flush.
  mutating func note(_ call: String, _ path: String) {
    if call != "lock", call != "close" { previous.call = call + " " + Self.kind(path) }
  }

  /// Notes a flush; false when it is to do nothing.
  mutating func flush(_ call: String, _ path: String, isReader: Bool) -> Bool {
    let kind = Self.kind(path)
    let name = (isReader ? "a reader's " : "") + call + " " + kind
    var place = name + " after " + previous.call
    // The end of a transaction and of a repair look alike but for what was flushed before.
    if kind == "wal", call != "syncFolder" { place += ", " + previous.flush }
    seen.insert(place)
    previous = (name, name)
    return place != muted
  }
}

/// All that a simulated file system holds.
struct SimulatedState: Sendable {
  enum Node: Sendable { case file(SimulatedFile), folder }

  static let root = 0
  /// Largest file.
  static let maximumSize: UInt64 = 1 << 32

  var nodes: [Int: Node] = [root: .folder]
  var live = EntryTable()
  var durable = EntryTable()
  var pendingEntries: [EntryOperation] = []
  var descriptors: [Int32: (node: Int, isWritable: Bool)] = [:]
  var capacity: UInt64?
  var clock: Int64 = 1_700_000_000_000_000_000
  var salts = SaltSource.seeded(1)
  var keepsCache = false
  var flushes = FlushPlaces()
  private var nextNode = 1
  private var nextDescriptor: Int32 = 1000
  private var nextSequence = 0

  /// The place of the next change in the order of all.
  mutating func takeSequence() -> Int {
    nextSequence += 1
    return nextSequence
  }

  /// Adds a file or folder that has no name yet.
  mutating func addNode(_ node: Node) -> Int {
    defer { nextNode += 1 }
    nodes[nextNode] = node
    return nextNode
  }

  /// Opens a node; numbers are never used twice, so that use after closing shows.
  mutating func addDescriptor(_ node: Int, isWritable: Bool) -> FileDescriptor {
    defer { nextDescriptor += 1 }
    descriptors[nextDescriptor] = (node, isWritable)
    return FileDescriptor(rawValue: nextDescriptor)
  }

  /// The node behind an open file.
  func node(_ descriptor: FileDescriptor) throws(SystemError) -> Int {
    guard let open = descriptors[descriptor.rawValue] else { throw SystemError(EBADF) }
    return open.node
  }

  /// The file behind an open file.
  func file(_ descriptor: FileDescriptor) throws(SystemError) -> SimulatedFile {
    guard case .file(let file)? = nodes[try node(descriptor)] else { throw SystemError(EBADF) }
    return file
  }

  /// Changes the file behind an open file, without a second copy of its lists.
  mutating func change<Result>(
    _ descriptor: FileDescriptor, _ body: (inout SimulatedFile) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let node = try node(descriptor)
    guard case .file(var file)? = nodes.removeValue(forKey: node) else { throw SystemError(EBADF) }
    defer { nodes[node] = .file(file) }
    return try body(&file)
  }

  /// Changes bytes as programs see them, un-flushed.
  mutating func apply(_ descriptor: FileDescriptor, _ change: FileOperation.Change) throws(SystemError) {
    let operation = FileOperation(sequence: takeSequence(), change: change)
    try self.change(descriptor) { (file) throws(SystemError) in
      file.live.apply(change)
      file.pending.append(operation)
    }
  }

  /// Changes entries as programs see them, un-flushed.
  mutating func apply(_ node: Int, _ change: EntryOperation.Change) {
    let operation = EntryOperation(sequence: takeSequence(), node: node, change: change)
    live.apply(operation)
    pendingEntries.append(operation)
  }

  /// Makes the entries of a folder durable.
  mutating func flushFolder(_ folder: Int) {
    var rest: [EntryOperation] = []
    for operation in pendingEntries {
      guard operation.folder == folder else {
        rest.append(operation)
        continue
      }
      durable.apply(operation)
      // What happened to the node before is overtaken.
      rest.removeAll { $0.node == operation.node }
    }
    pendingEntries = rest
  }

  /// Makes a file's or folder's place known: the folder that holds it and its last part.
  func place(_ name: String) throws(SystemError) -> (folder: Int, last: String) {
    guard RealFileSystem.isPlain(name) else { throw SystemError(EINVAL) }
    let parts = name.split(separator: "/").map(String.init)
    var folder = Self.root
    for part in parts.dropLast() {
      guard let next = live[folder, part] else { throw SystemError(ENOENT) }
      guard case .folder? = nodes[next] else { throw SystemError(ENOTDIR) }
      folder = next
    }
    return (folder, parts.last ?? "")
  }

  /// The node of a name.
  func find(_ name: String) throws(SystemError) -> Int {
    if name.isEmpty { return Self.root }
    let place = try place(name)
    guard let node = live[place.folder, place.last] else { throw SystemError(ENOENT) }
    return node
  }

  /// The node of a folder's name.
  func findFolder(_ name: String) throws(SystemError) -> Int {
    let node = try find(name)
    guard case .folder? = nodes[node] else { throw SystemError(ENOTDIR) }
    return node
  }

  /// Bytes of all files that have a name.
  var usedBytes: UInt64 {
    live.nodes.reduce(into: 0) { sum, node in
      if case .file(let file)? = nodes[node] { sum += UInt64(file.live.count) }
    }
  }
}
