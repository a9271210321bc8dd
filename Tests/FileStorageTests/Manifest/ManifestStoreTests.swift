import FileStorage
import Synchronization
import TestSupport
import Testing

private func next(_ parent: Manifest) -> Manifest {
  var manifest = parent
  manifest.version += 1
  manifest.parentVersion = parent.version
  manifest.parentHash = parent.hash
  manifest.lastLSN += 3
  manifest.settings["step"] = "\(manifest.version)"
  return manifest
}

private let first = Manifest(firstVersionOf: Manifests.identity, identityHash: Manifests.identity.hash)

@Test func versionsAreCommittedAndLoadedInOrder() throws {
  let folder = try TemporaryFolder()
  let fs = try RealFileSystem(root: folder.path)
  for name in FileNames.folders { try fs.makeFolder(name) }
  let store = ManifestStore(fs, Manifests.identity)
  #expect(try store.newestVersion() == nil)
  var manifest = try store.commit(first)
  for _ in 0..<20 {
    let successor = try store.commit(next(manifest))
    #expect(try store.load(successor.version) == successor)
    #expect(try store.checkParent(of: successor))
    manifest = successor
  }
  try folder.write("manifest/notes.txt", "not ours")
  #expect(try store.versions() == [UInt64](1...21))
  #expect(try store.newestVersion() == 21)
  #expect(try folder.names().contains("tmp"))
  #expect(try fs.list("tmp") == [])
}

@Test func aCommitWritesFlushesMovesAndFlushesTheFolderInThisOrder() throws {
  let fs = try Logs.simulated()
  let store = ManifestStore(fs, Manifests.identity)
  let calls = Mutex<[String]>([])
  fs.observe { _, call in calls.withLock { $0.append("\(call.name) \(call.path)") } }
  _ = try store.commit(first)
  let temporary = "tmp/0000000000000001.vman"
  let made = calls.withLock { $0 }
  #expect(
    made.map { $0.split(separator: " ")[0] } == ["open", "write", "sync", "close", "rename", "syncFolder"])
  #expect(made.prefix(4).allSatisfy { $0.hasSuffix(temporary) })
  #expect(made.last == "syncFolder manifest")
}

@Test func aVersionIsNeverReplaced() throws {
  let fs = try Logs.simulated()
  let store = ManifestStore(fs, Manifests.identity)
  let committed = try store.commit(first)
  var other = first
  other.settings["x"] = "y"
  let error = #expect(throws: StorageError.self) { try store.commit(other) }
  guard case .file(let file)? = error, file.code == ErrorCode.exists else {
    Issue.record("\(String(describing: error))")
    return
  }
  #expect(try store.load(1) == committed)
  #expect(try fs.list("tmp") == [])
}

@Test func aLeftoverInTheTemporaryFolderIsNoObstacle() throws {
  let fs = try Logs.simulated()
  fs.setContents("tmp/0000000000000001.vman", [1, 2, 3])
  let committed = try ManifestStore(fs, Manifests.identity).commit(first)
  #expect(try ManifestStore(fs, Manifests.identity).load(1) == committed)
}

@Test func aManifestThatDoesNotValidateIsDamageAndNeverPassedOver() throws {
  let fs = try Logs.simulated()
  let store = ManifestStore(fs, Manifests.identity)
  let one = try store.commit(first)
  let two = try store.commit(next(one))
  let name = FileNames.manifest(2)
  let bytes = try #require(fs.contents(name))
  for damaged in [[], [UInt8](bytes.prefix(300)), [UInt8](repeating: 0, count: bytes.count), bytes + bytes] {
    fs.setContents(name, damaged)
    #expect(try store.newestVersion() == 2)
    #expect(isCorruption(#expect(throws: StorageError.self) { try store.load(2) }))
  }
  // Another version's bytes under this name.
  fs.setContents(name, try #require(fs.contents(FileNames.manifest(1))))
  #expect(isCorruption(#expect(throws: StorageError.self) { try store.load(2) }))
  fs.setContents(name, bytes)
  #expect(try store.load(2) == two)
  let missing = #expect(throws: StorageError.self) { try store.load(9) }
  guard case .file(let error)? = missing, error.code == ErrorCode.noSuchFile else {
    Issue.record("found"); return
  }
}

@Test func aParentThatWasExchangedIsFound() throws {
  let fs = try Logs.simulated()
  let store = ManifestStore(fs, Manifests.identity)
  let one = try store.commit(first)
  let two = try store.commit(next(one))
  #expect(try store.checkParent(of: two))
  var other = first
  other.settings["exchanged"] = "yes"
  fs.setContents(FileNames.manifest(1), ManifestCodec.encode(other, collection: Manifests.identity.uuid).0)
  #expect(isCorruption(#expect(throws: StorageError.self) { try store.checkParent(of: two) }))
  try fs.remove(FileNames.manifest(1))
  #expect(try store.checkParent(of: two) == false)
  #expect(try store.checkParent(of: one) == false)
}

@Test func aManifestOfAnotherIdentityIsDamage() throws {
  let fs = try Logs.simulated()
  _ = try ManifestStore(fs, Manifests.identity).commit(first)
  let other = CollectionIdentity(
    uuid: Manifests.identity.uuid, createdNanoseconds: 2, dimension: 9, elementType: 0, metric: 0, idType: 0,
    creator: "")
  #expect(isCorruption(#expect(throws: StorageError.self) { try ManifestStore(fs, other).load(1) }))
  #expect(throws: StorageError.self) { try ManifestStore(fs, other).commit(next(first)) }
}

@Test func aManifestThatBreaksARuleIsNotWritten() throws {
  let fs = try Logs.simulated()
  var wrong = first
  wrong.liveRows = 5
  #expect(throws: StorageError.self) { try ManifestStore(fs, Manifests.identity).commit(wrong) }
  #expect(fs.allFiles() == [])
}

@Test func aCrashAtAnyCallLeavesTheOldOrTheNewVersion() throws {
  let fs = try Logs.simulated()
  let store = ManifestStore(fs, Manifests.identity)
  let durable = Mutex<Manifest?>(nil)
  let failures = Mutex<[String]>([])
  let states = Mutex<Set<UInt64>>([])
  var newest = try store.commit(first)
  durable.withLock { $0 = newest }
  fs.observe { fs, call in
    let old = durable.withLock { $0 }
    for choice in fs.crashChoices(seeds: 0..<12) {
      let after = fs.crash(choice)
      _ = states.withLock { $0.insert(after.contentHash) }
      do {
        let store = ManifestStore(after, Manifests.identity)
        guard let version = try store.newestVersion(), let old else { throw TestFailure(text: "no version") }
        let manifest = try store.load(version)
        guard manifest == old || manifest.parentHash == old.hash else {
          throw TestFailure(text: "version \(version)")
        }
      } catch {
        failures.withLock { $0.append("call \(call.number) \(call.name) \(choice): \(error)") }
      }
    }
  }
  for _ in 0..<4 {
    newest = try store.commit(next(newest))
    durable.withLock { $0 = newest }
  }
  #expect(failures.withLock { $0 } == [])
  #expect(states.withLock { $0.count } > 20)
}

@Test(arguments: [ErrorCode.inputOutput, ErrorCode.noSpace])
func aFailureOfAnyCallLeavesTheOldVersionOrSaysThatItIsUnknown(code: Int32) throws {
  var call = 1
  var poisoned = 0
  while true {
    let fs = try Logs.simulated()
    let one = try ManifestStore(fs, Manifests.identity).commit(first)
    let faulty = FaultyFileSystem(wrapping: fs, failingAt: call, with: code)
    let store = ManifestStore(fs, Manifests.identity)
    do {
      _ = try ManifestStore(faulty, Manifests.identity).commit(next(one))
      #expect(try store.load(2).parentHash == one.hash)
      #expect(try ManifestStore(fs.crash(.nothing), Manifests.identity).newestVersion() == 2)
    } catch StorageError.poisoned(let path, let lsn) {
      #expect(path == FileNames.manifest(2) && lsn == 3)
      poisoned += 1
    } catch {
      #expect(try store.newestVersion() == 1, "call \(call): \(error)")
      #expect(try fs.list("tmp") == [], "call \(call)")
    }
    if !faulty.hasFailed { break }
    call += 1
  }
  #expect(call == 7 && poisoned == 1)
}
