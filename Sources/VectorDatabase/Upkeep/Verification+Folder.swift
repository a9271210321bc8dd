import FileStorage

/// Everything else in the folder.
extension Verifier {
  mutating func checkForeignFiles() throws(DatabaseError) {
    let names = try liftedFile { () throws(FileError) in try fs.list("") }
    for name in names.sorted() where !needed.contains(name) {
      if FileNames.folders.contains(name) {
        try checkFolder(name)
      } else {
        report.findings.append(
          Finding(
            "foreign-file", .notice, name, "this is not part of the collection and is never touched",
            remedy: "move it away"))
      }
    }
    for folder in FileNames.folders where !names.contains(folder) {
      report.findings.append(
        Finding(
          "folder-missing", .data, folder, "a folder of the collection is missing",
          remedy: "restore it from a backup, or make the empty folder if it held nothing"))
    }
    if let status = try liftedFile({ () throws(FileError) in try fs.status(FileNames.lock) }) {
      if status.size > 0 {
        report.findings.append(
          Finding(
            "lock-not-empty", .notice, FileNames.lock, "the lock file holds bytes; only its locks matter",
            remedy: "nothing to do"))
      }
    } else {
      report.findings.append(
        Finding(
          "lock-missing", .data, FileNames.lock, "the lock file is missing: no command can write",
          remedy: "make an empty file named lock"))
    }
  }

  private mutating func checkFolder(_ folder: String) throws(DatabaseError) {
    let names = try liftedFile { () throws(FileError) in try fs.list(folder) }
    for short in names.sorted() {
      let name = folder + "/" + short
      if needed.contains(name) { continue }
      if folder == "tmp" || FileNames.parse(name) != nil {
        report.findings.append(
          Finding("orphan", .orphan, name, "no version needs this file", remedy: "vdb gc removes it"))
      } else {
        report.findings.append(
          Finding(
            "foreign-file", .notice, name, "this is not part of the collection and is never touched",
            remedy: "move it away"))
      }
    }
  }
}
