import Glibc

/// Calls on open files.
extension RealFileSystem {
  package func open(_ name: String, _ access: FileAccess) throws(FileError) -> FileDescriptor {
    let descriptor: Int32
    switch access {
    case .creating:
      try checkWritable(.open, name)
      // The file is new, hence a regular one.
      return FileDescriptor(
        rawValue: try openBeneath(.open, name, flags: O_RDWR | O_CREAT | O_EXCL, mode: fileMode))
    case .reading: descriptor = try openBeneath(.open, name, flags: O_RDONLY | O_NONBLOCK)
    case .updating:
      try checkWritable(.open, name)
      descriptor = try openBeneath(.open, name, flags: O_RDWR | O_NONBLOCK)
    }
    var status = stat()
    let code = unsafe fstat(descriptor, &status) == 0 ? Self.refusal(of: status) : errno
    guard code == 0 else {
      _ = Glibc.close(descriptor)
      throw failure(.open, name, code)
    }
    return FileDescriptor(rawValue: descriptor)
  }

  /// 0 for a regular file, otherwise the code with which it is refused.
  private static func refusal(of status: stat) -> Int32 {
    switch status.st_mode & S_IFMT {
    case S_IFREG: 0
    case S_IFDIR: EISDIR
    default: ENXIO
    }
  }

  package func close(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    // After EINTR the descriptor is gone on Linux: never a second try.
    guard Glibc.close(descriptor.rawValue) == 0 || errno == EINTR else { throw failure(.close, name, errno) }
  }

  package func read(
    _ descriptor: FileDescriptor, _ name: String, into buffer: UnsafeMutableRawBufferPointer,
    at offset: UInt64
  ) throws(FileError) -> Int {
    guard let base = buffer.baseAddress, unsafe !buffer.isEmpty else { return 0 }
    guard let position = off_t(exactly: offset) else { throw failure(.read, name, EINVAL) }
    let length = min(buffer.count, 1 << 30)
    let count = retried { unsafe pread(descriptor.rawValue, base, length, position) }
    guard count >= 0 else { throw failure(.read, name, errno) }
    return count
  }

  package func write(
    _ descriptor: FileDescriptor, _ name: String, _ bytes: UnsafeRawBufferPointer, at offset: UInt64
  ) throws(FileError) -> Int {
    guard let base = bytes.baseAddress, unsafe !bytes.isEmpty else { return 0 }
    guard let position = off_t(exactly: offset) else { throw failure(.write, name, EFBIG) }
    let length = min(bytes.count, 1 << 30)
    let count = retried { unsafe pwrite(descriptor.rawValue, base, length, position) }
    guard count >= 0 else { throw failure(.write, name, errno) }
    guard count > 0 else { throw failure(.write, name, EIO) }
    return count
  }

  package func size(_ descriptor: FileDescriptor, _ name: String) throws(FileError) -> UInt64 {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw failure(.status, name, errno) }
    return UInt64(clamping: status.st_size)
  }

  package func truncate(_ descriptor: FileDescriptor, _ name: String, to size: UInt64) throws(FileError) {
    guard let length = off_t(exactly: size) else { throw failure(.truncate, name, EFBIG) }
    guard retried({ ftruncate(descriptor.rawValue, length) }) == 0 else {
      throw failure(.truncate, name, errno)
    }
  }

  package func syncData(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    guard retried({ fdatasync(descriptor.rawValue) }) == 0 else { throw failure(.sync, name, errno) }
  }

  package func sync(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    guard retried({ fsync(descriptor.rawValue) }) == 0 else { throw failure(.sync, name, errno) }
  }

  package func dropCache(_ descriptor: FileDescriptor, _ name: String) {
    _ = posix_fadvise(descriptor.rawValue, 0, 0, POSIX_FADV_DONTNEED)
  }

  package func map(_ descriptor: FileDescriptor, _ name: String, size: Int) throws(FileError) -> MappedBytes {
    guard size >= 0 else { throw failure(.map, name, EINVAL) }
    guard UInt64(size) <= (try self.size(descriptor, name)) else { throw failure(.map, name, ENODATA) }
    guard size > 0 else { return unsafe MappedBytes(UnsafeRawBufferPointer(start: nil, count: 0)) { _ in } }
    let start = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor.rawValue, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else { throw failure(.map, name, errno) }
    // The bytes stay mapped until the object that owns them is gone, and it unregisters them first.
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: size)
    let slot = unsafe MappedFileTable.register(bytes, path: rootPath + "/" + name)
    return unsafe MappedBytes(bytes, arePages: true) { bytes in
      MappedFileTable.unregister(slot)
      unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
  }

  package func lock(
    _ descriptor: FileDescriptor, _ name: String, byte offset: UInt64, _ kind: LockKind?
  ) throws(FileError) -> Bool {
    guard let start = off_t(exactly: offset) else { throw failure(.lock, name, EINVAL) }
    var request = flock()
    switch kind {
    case .shared: request.l_type = Int16(F_RDLCK)
    case .exclusive: request.l_type = Int16(F_WRLCK)
    case nil: request.l_type = Int16(F_UNLCK)
    }
    request.l_whence = Int16(SEEK_SET)
    request.l_start = start
    request.l_len = 1
    let openFileLock: Int32 = 37  // F_OFD_SETLK of linux/fcntl.h
    let result = retried { unsafe fcntl(descriptor.rawValue, openFileLock, &request) }
    if result == 0 { return true }
    guard errno == EAGAIN || errno == EACCES else { throw failure(.lock, name, errno) }
    return false
  }
}
