/// Writes small files so that they are complete under their name or not there at all.
package enum NewFile {
  /// Writes a new file and makes its bytes durable; its name is not durable yet.
  ///
  /// A file of that name is replaced: only names in `tmp/` are used, by the one who holds the lock. On failure the
  /// file is removed again.
  package static func write(_ fs: any FileSystem, _ name: String, _ bytes: [UInt8]) throws(FileError) {
    let file: OpenFile
    do throws(FileError) {
      file = try OpenFile(fs, name, .creating)
    } catch {
      guard error.code == ErrorCode.exists else { throw error }
      try fs.remove(name)
      file = try OpenFile(fs, name, .creating)
    }
    do throws(FileError) {
      try file.writeFully(bytes, at: 0)
      try file.sync()
      try file.close()
    } catch {
      try? file.close()
      try? fs.remove(name)
      throw error
    }
  }

  /// Moves a durable file in `tmp/` to a name that must be free, and removes it when that fails.
  package static func move(_ fs: any FileSystem, _ temporary: String, to name: String) throws(FileError) {
    do throws(FileError) {
      try fs.rename(temporary, to: name)
    } catch {
      try? fs.remove(temporary)
      throw error
    }
  }
}
