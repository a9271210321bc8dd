package import FileStorage
import Synchronization

/// What a power loss leaves of the changes that no flush has made durable.
///
/// Numbers are places in `pendingOperations()`.
package enum CrashChoice: Hashable, Sendable {
  /// Nothing un-flushed survives.
  case nothing
  /// Everything survives.
  case everything
  /// One change is missing, all others survive.
  case allBut(Int)
  /// One change survives, alone.
  case only(Int)
  /// Everything survives, but of one write only the file's growth: its new bytes are zeros or garbage.
  case allButData(Int, garbage: Bool)
  /// Names and sizes survive, but new bytes of files are zeros or garbage.
  case sizesOnly(garbage: Bool)
  /// Every change by chance missing, whole, torn in 512-byte sectors (and within one), or only its growth.
  case random(seed: UInt64)
}

/// One un-flushed change, for people and for choosing crash states.
package struct PendingOperation: Sendable {
  /// What it does to what, in words.
  package let text: String
  /// Whether it changes a folder's entries rather than a file's bytes.
  package let isEntry: Bool
  /// Whether it writes bytes.
  package let isWrite: Bool
  let sequence: Int
}

/// What becomes of one change.
private enum Fate {
  case present, absent
  case growth(garbage: Bool)
  case torn
}

/// Crash states.
extension SimulatedFileSystem {
  /// Every change that no flush has made durable, oldest first.
  package func pendingOperations() -> [PendingOperation] {
    state.withLock { $0.pendingOperations() }
  }

  /// The crash states worth trying from here: the systematic ones and one for each seed.
  package func crashChoices(seeds: Range<UInt64>) -> [CrashChoice] {
    let pending = pendingOperations()
    guard !pending.isEmpty else { return [.nothing] }
    var choices: [CrashChoice] = [
      .nothing, .everything, .sizesOnly(garbage: false), .sizesOnly(garbage: true),
    ]
    for (index, operation) in pending.enumerated() {
      choices.append(.allBut(index))
      choices.append(.only(index))
      if operation.isWrite {
        choices.append(.allButData(index, garbage: false))
        choices.append(.allButData(index, garbage: true))
      }
    }
    choices += seeds.map { .random(seed: $0) }
    return choices
  }

  /// The file system as a power loss may leave it now: all durable, nothing open, nothing locked.
  ///
  /// Shares every unchanged page with this one. Cost: a few microseconds and the pages that are changed.
  package func crash(_ choice: CrashChoice) -> SimulatedFileSystem {
    let state = state.withLock { $0 }
    return SimulatedFileSystem(rootPath: rootPath, state.crashed(choice))
  }

  /// The file system as a killed process leaves it: everything un-flushed is still pending, nothing is open or locked.
  package func killed() -> SimulatedFileSystem {
    var state = state.withLock { $0 }
    state.descriptors = [:]
    for (node, content) in state.nodes {
      guard case .file(var file) = content, !file.locks.isEmpty else { continue }
      file.locks = []
      state.nodes[node] = .file(file)
    }
    return SimulatedFileSystem(rootPath: rootPath, state)
  }

  /// A number that is equal for equal trees of names and bytes, as programs see them now.
  package var contentHash: UInt64 {
    state.withLock { state in state.hash(of: SimulatedState.root, path: mixed(1)) }
  }

  /// Bytes of a file as programs see them; nil when there is none.
  package func contents(_ name: String) -> [UInt8]? {
    state.withLock { state in
      guard let node = try? state.find(name), case .file(let file)? = state.nodes[node] else { return nil }
      return file.live.bytes
    }
  }

  /// Replaces or makes a file, durably; its folder must exist (nothing happens otherwise).
  package func setContents(_ name: String, _ bytes: [UInt8]) {
    state.withLock { state in
      guard let place = try? state.place(name) else { return }
      let content = PagedBytes(bytes)
      var file = SimulatedFile()
      var node = state.live[place.folder, place.last]
      if let node, case .file(let old)? = state.nodes[node] { file = old }
      (file.live, file.durable, file.pending, file.isDiverged) = (content, content, [], false)
      if let node {
        state.nodes[node] = .file(file)
      } else {
        let new = state.addNode(.file(file))
        state.live.link(new, place.folder, place.last)
        node = new
      }
      if let node { state.durable.link(node, place.folder, place.last) }
    }
  }

  /// The names of all files below the root, sorted.
  package func allFiles() -> [String] {
    state.withLock { state in
      var names: [String] = []
      var folders = [(SimulatedState.root, "")]
      while let (folder, path) = folders.popLast() {
        for (name, node) in state.live.folders[folder] ?? [:] {
          switch state.nodes[node] {
          case .file: names.append(path + name)
          case .folder: folders.append((node, path + name + "/"))
          case nil: break
          }
        }
      }
      return names.sorted()
    }
  }

  /// Does to a file what a failed flush does: its changes are believed clean and are never written.
  ///
  /// - Parameters:
  ///   - descriptor: The open file.
  ///   - seed: Decides which changes reached the medium all the same; nil for none of them.
  package func failSync(_ descriptor: FileDescriptor, seed: UInt64?) {
    state.withLock { state in
      var generator = SeededGenerator(seed: seed ?? 0)
      try? state.change(descriptor) { (file) throws(SystemError) in
        file.failFlush { _ in seed != nil && generator.oneIn(2) }
      }
    }
  }
}

extension SimulatedState {
  /// The nodes that a crash may leave with a name.
  private var nameable: Set<Int> {
    Set(durable.nodes).union(pendingEntries.map(\.node))
  }

  func pendingOperations() -> [PendingOperation] {
    var result: [PendingOperation] = []
    for operation in pendingEntries {
      let text =
        switch operation.change {
        case .link(_, let name, let from): from.map { "rename \($0.name) to \(name)" } ?? "create \(name)"
        case .unlink(_, let name): "remove \(name)"
        }
      result.append(PendingOperation(text: text, isEntry: true, isWrite: false, sequence: operation.sequence))
    }
    for node in nameable {
      guard case .file(let file)? = nodes[node] else { continue }
      for operation in file.pending {
        switch operation.change {
        case .write(let offset, let bytes):
          let text = "write \(bytes.count) bytes at \(offset) of file \(node)"
          result.append(
            PendingOperation(text: text, isEntry: false, isWrite: true, sequence: operation.sequence))
        case .truncate(let size):
          let text = "truncate file \(node) to \(size)"
          result.append(
            PendingOperation(text: text, isEntry: false, isWrite: false, sequence: operation.sequence))
        }
      }
    }
    return result.sorted { $0.sequence < $1.sequence }
  }

  /// The state after a power loss.
  func crashed(_ choice: CrashChoice) -> SimulatedState {
    var chosen = -1
    switch choice {
    case .allBut(let index), .only(let index), .allButData(let index, _):
      let pending = pendingOperations()
      if pending.indices.contains(index) { chosen = pending[index].sequence }
    case .nothing, .everything, .sizesOnly, .random: break
    }
    var generator = SeededGenerator(seed: 0x5EED)
    var survival = 4
    if case .random(let seed) = choice {
      generator = SeededGenerator(seed: seed)
      survival = 1 + 3 * generator.below(3)
    }

    func fate(_ sequence: Int, isWrite: Bool) -> Fate {
      switch choice {
      case .nothing: return .absent
      case .everything: return .present
      case .allBut: return sequence == chosen ? .absent : .present
      case .only: return sequence == chosen ? .present : .absent
      case .allButData(_, let garbage): return sequence == chosen ? .growth(garbage: garbage) : .present
      case .sizesOnly(let garbage): return isWrite ? .growth(garbage: garbage) : .present
      case .random:
        guard generator.below(8) < survival else {
          return isWrite && generator.oneIn(3) ? .growth(garbage: generator.oneIn(2)) : .absent
        }
        return isWrite && generator.oneIn(3) ? .torn : .present
      }
    }

    var result = SimulatedState()
    result.clock = clock
    result.salts = salts
    result.flushes.muted = flushes.muted
    result.keepsCache = keepsCache
    result.capacity = capacity
    var entries = durable
    for operation in pendingEntries {
      if case .present = fate(operation.sequence, isWrite: false) { entries.apply(operation) }
    }
    // Only what can be reached from the root is left; numbers follow the names, so that chance does not.
    var folders = [(Self.root, Self.root)]
    while let (old, new) = folders.popLast() {
      for (name, node) in (entries.folders[old] ?? [:]).sorted(by: { $0.key < $1.key }) {
        let added: Int
        switch nodes[node] {
        case .folder:
          added = result.addNode(.folder)
          folders.append((node, added))
        case .file(let file):
          var content = file.durable
          for operation in file.pending {
            switch operation.change {
            case .truncate(let size):
              if case .present = fate(operation.sequence, isWrite: false) { content.truncate(to: size) }
            case .write(let offset, let bytes):
              let fate = fate(operation.sequence, isWrite: true)
              content.leave(bytes, at: offset, fate, &generator)
            }
          }
          var left = SimulatedFile()
          (left.durable, left.live) = (content, content)
          added = result.addNode(.file(left))
        case nil: continue
        }
        result.durable.link(added, new, name)
      }
    }
    result.live = result.durable
    return result
  }

  /// Order-independent hash of a folder's tree.
  func hash(of folder: Int, path: UInt64) -> UInt64 {
    var sum: UInt64 = mixed(path)
    for (name, node) in live.folders[folder] ?? [:] {
      var place = path
      for byte in name.utf8 { place = mixed(place ^ UInt64(byte)) }
      switch nodes[node] {
      case .file(let file): sum &+= mixed(place ^ mixed(file.live.hash))
      case .folder: sum &+= hash(of: node, path: mixed(place &+ 0x2F))
      case nil: break
      }
    }
    return sum
  }
}

extension PagedBytes {
  private static let sectorSize = 512

  /// Does to the content what is left of one write.
  fileprivate mutating func leave(
    _ bytes: [UInt8], at offset: Int, _ fate: Fate, _ generator: inout SeededGenerator
  ) {
    switch fate {
    case .absent: return
    case .present: write(bytes, at: offset)
    case .growth(let garbage): grow(to: offset + bytes.count, garbage, &generator)
    case .torn:
      if generator.oneIn(2) { grow(to: offset + bytes.count, generator.oneIn(2), &generator) }
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + Self.sectorSize - (offset + start) % Self.sectorSize)
        if generator.oneIn(2) {
          // Now and then a sector is cut within: nothing larger than a byte is written as one.
          let cut = generator.oneIn(4) ? start + generator.below(end - start) : end
          write(bytes[start..<cut], at: offset + start)
        }
        start = end
      }
    }
  }

  /// Extends the content with zeros or garbage.
  private mutating func grow(to size: Int, _ garbage: Bool, _ generator: inout SeededGenerator) {
    let old = count
    guard size > old else { return }
    truncate(to: size)
    if garbage { write(generator.bytes(size - old), at: old) }
  }
}
