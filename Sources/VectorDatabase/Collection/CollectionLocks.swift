import FileStorage

/// The places of the byte-range locks in the file `lock`.
///
/// Only these bytes are ever locked; the file stays empty.
enum LockByte {
  static let writing: UInt64 = 0
  static let maintenance: UInt64 = 1
  /// A background build of indexes holds this byte for as long as its process lives.
  static let building: UInt64 = 2
  /// A reader of version `v` holds a shared lock on this byte.
  static func pin(_ version: UInt64) -> UInt64 { (1 << 32) &+ (version & 0x7FFF_FFFF_FFFF) }
}

/// Decides whether a lock that is held by another is tried again.
///
/// Called with the number of attempts so far and the holder, if known. It may sleep. Returning false gives up.
package typealias LockPatience = (_ attempts: Int, _ holder: LockHolder?) -> Bool

/// One held lock; it ends when this object goes.
package final class LockHold: Sendable {
  private let file: OpenFile
  private let byte: UInt64

  private init(file: OpenFile, byte: UInt64) {
    self.file = file
    self.byte = byte
  }

  /// Gives the lock back by name, not only by closing the file: a child process that was just forked and has not yet
  /// begun its own program shares the open file and would keep the lock for that moment.
  deinit { _ = try? file.lock(byte: byte, nil) }

  /// Tries once; nil when another holds it.
  static func tryTaking(_ fs: any FileSystem, byte: UInt64, _ kind: LockKind) throws(DatabaseError)
    -> LockHold?
  {
    let file = try liftedFile { () throws(FileError) in
      try OpenFile(fs, FileNames.lock, kind == .exclusive ? .updating : .reading)
    }
    let taken = try liftedFile { () throws(FileError) in try file.lock(byte: byte, kind) }
    return taken ? LockHold(file: file, byte: byte) : nil
  }

  /// Takes the lock of compactions, index builds and garbage collection; a background build is named as what holds it.
  static func takingMaintenance(
    _ fs: any FileSystem, patience: LockPatience
  ) throws(DatabaseError) -> LockHold {
    do throws(DatabaseError) {
      return try taking(fs, .maintenance, patience: patience)
    } catch .locked(let path, _, let holder) {
      let isBuild = try tryTaking(fs, byte: LockByte.building, .shared) == nil
      throw .locked(path: path, purpose: isBuild ? .building : .maintenance, holder: holder)
    }
  }

  /// Takes the lock, asking `patience` after each failure.
  static func taking(
    _ fs: any FileSystem, _ purpose: LockPurpose, patience: LockPatience
  ) throws(DatabaseError) -> LockHold {
    let byte =
      switch purpose {
      case .writing: LockByte.writing
      case .maintenance: LockByte.maintenance
      case .building: LockByte.building
      }
    var attempts = 0
    while true {
      if let hold = try tryTaking(fs, byte: byte, .exclusive) { return hold }
      attempts += 1
      let holder = purpose == .writing ? LockInfo.read(fs) : nil
      if !patience(attempts, holder) { throw .locked(path: fs.rootPath, purpose: purpose, holder: holder) }
    }
  }
}

/// The advisory text about the current writer, in `lock.info`: one line, never trusted.
enum LockInfo {
  static func read(_ fs: any FileSystem) -> LockHolder? {
    do throws(FileError) {
      let file = try OpenFile(fs, FileNames.lockInfo, .reading)
      let bytes = try file.readBytes(at: 0, count: 256)
      let line = bytes.prefix { $0 != 10 }
      let parts = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
      guard parts.count == 3, let pid = Int64(parts[0]), let since = Int64(parts[1]), pid > 0 else {
        return nil
      }
      let command = parts[2].unicodeScalars.filter { $0.value >= 32 && $0.value < 127 }
      return LockHolder(processID: pid, command: String(String.UnicodeScalarView(command)), since: since)
    } catch {
      return nil
    }
  }

  /// Best effort: a failure here changes nothing for the writer.
  static func write(_ fs: any FileSystem, _ origin: CommandOrigin) {
    do throws(FileError) {
      let exists = try fs.status(FileNames.lockInfo) != nil
      let file = try OpenFile(fs, FileNames.lockInfo, exists ? .updating : .creating)
      let line = "\(origin.processID) \(fs.now()) \(origin.command)\n"
      try file.truncate(to: 0)
      try file.writeFully(Array(line.utf8), at: 0)
      try file.close()
    } catch {
      return
    }
  }
}

/// What a manifest and a transaction record about the process that wrote them.
package struct CommandOrigin: Sendable, Equatable {
  /// The command's name without its arguments ("import").
  package let command: String
  package let processID: Int64
  package let userID: Int64
  package let host: String

  package init(command: String, processID: Int64 = 0, userID: Int64 = 0, host: String = "") {
    self.command = command
    self.processID = processID
    self.userID = userID
    self.host = host
  }
}
