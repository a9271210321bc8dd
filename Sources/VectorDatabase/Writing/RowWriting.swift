import FileStorage
package import MetadataFilters
import VectorMath

/// What happens to a row whose id exists.
package enum WriteMode: String, Sendable, CaseIterable {
  /// It is an error and nothing is written.
  case insert
  /// The new row takes its place.
  case upsert
  /// The old row stays.
  case ignore
}

/// What is checked of vectors beyond being finite.
package struct VectorRules: Sendable {
  /// Accepts all-zero vectors in a collection measured by cosine (their distance to everything is 1).
  package var allowsZero = false
  package init(allowsZero: Bool = false) { self.allowsZero = allowsZero }
}

/// One change of an existing row.
package struct RowChange: Sendable {
  package var id: RecordID
  /// The new vector; nil keeps the old one.
  package var vector: [Float]?
  /// Makes the new metadata from the old (both canonical JSON objects); nil keeps the old.
  package var metadata: (@Sendable (_ old: [UInt8]) throws(DatabaseError) -> [UInt8])?
  package var origin: RowOrigin

  package init(
    id: RecordID, vector: [Float]? = nil,
    metadata: (@Sendable (_ old: [UInt8]) throws(DatabaseError) -> [UInt8])? = nil,
    origin: RowOrigin
  ) {
    self.id = id
    self.vector = vector
    self.metadata = metadata
    self.origin = origin
  }
}

extension CollectionWriter {
  /// Writes a batch of records as one durable transaction.
  ///
  /// `batch`: Records; each must have a vector of the collection's dimension.
  /// `source`: Named in errors.
  /// `dryRun`: Checks everything and writes nothing.
  /// - Throws: `.duplicateID` in insert mode; `.notFinite`, `.zeroVector`, `.dimensionMismatch`, `.vectorMissing`. Nothing is
  ///   written then.
  package func write(
    _ batch: RecordBatch, _ mode: WriteMode, source: String, rules: VectorRules = VectorRules(),
    dryRun: Bool = false
  ) throws(DatabaseError) -> CommitReceipt {
    var receipt = receipt()
    let dimension = collection.settings.dimension
    guard batch.count > 0 else { return receipt }
    try VectorChecks(collection.settings, rules).check(batch, source: source)
    try SchemaChecks(state.manifest)?.check(batch, source: source)
    let log = LogBatch(
      capacity: batch.count * (collection.identity.vectorBytes + 128) + batch.metadataBytes.count)
    var seen: [RecordID: Int] = [:]
    seen.reserveCapacity(batch.count)
    // In upsert mode only the last record of an id counts, in ignore mode the first.
    var chosen = [Bool](repeating: true, count: batch.count)
    for row in 0..<batch.count {
      let id = batch.id(row, type: collection.settings.idType)
      guard let earlier = seen.updateValue(row, forKey: id) else { continue }
      switch mode {
      case .insert:
        throw .duplicateID(
          id: id.display, origin: batch.origin(row, source: source),
          earlier: batch.origin(earlier, source: source))
      case .upsert:
        chosen[earlier] = false
        receipt.replaced += 1
      case .ignore:
        seen[id] = earlier
        chosen[row] = false
        receipt.ignored += 1
      }
    }
    var encoded = [UInt8](repeating: 0, count: collection.identity.vectorBytes)
    var liveAfter = state.liveCount
    let now = fs.now()
    for row in 0..<batch.count where chosen[row] {
      let id = batch.id(row, type: collection.settings.idType)
      let location = try state.find(id)
      var created = now
      if let location {
        switch mode {
        case .insert:
          throw .duplicateID(id: id.display, origin: batch.origin(row, source: source), earlier: nil)
        case .ignore:
          receipt.ignored += 1
          continue
        case .upsert:
          receipt.replaced += 1
          created = try state.history(at: location).created
        }
      } else {
        receipt.inserted += 1
        liveAfter += 1
      }
      unsafe batch.vectors.withUnsafeBufferPointer { all in
        let vector = unsafe UnsafeBufferPointer(rebasing: all[(row * dimension)..<((row + 1) * dimension)])
        unsafe VectorConversion.toStored(vector, collection.settings.elementType, into: &encoded)
      }
      unsafe batch.withMetadata(row) { metadata in
        unsafe id.bytes.withUnsafeBytes { idBytes in
          unsafe encoded.withUnsafeBytes { vector in
            unsafe log.appendPut(id: idBytes, created: created, vector: vector, metadata: metadata)
          }
        }
      }
    }
    try requireQuota(rowsAfter: liveAfter)
    guard !dryRun, !log.isEmpty else { return receipt }
    try commit(log, liveRowsAfter: liveAfter)
    receipt.lsn = state.lastLSN
    receipt.version = state.manifest.version
    return receipt
  }

  /// Deletes rows as one durable transaction.
  ///
  /// - Returns: How many were there, and the ids that were not.
  package func delete(
    _ ids: [RecordID], expectedCount: UInt64? = nil, dryRun: Bool = false
  ) throws(DatabaseError) -> (receipt: CommitReceipt, missing: [RecordID]) {
    var receipt = receipt()
    let log = LogBatch(capacity: ids.count * 48)
    var missing: [RecordID] = []
    var seen: Set<RecordID> = []
    for id in ids where seen.insert(id).inserted {
      guard try state.find(id) != nil else {
        missing.append(id)
        continue
      }
      receipt.deleted += 1
      unsafe id.bytes.withUnsafeBytes { unsafe log.appendDelete(id: $0) }
    }
    if let expectedCount, expectedCount != receipt.deleted {
      throw .countMismatch(expected: expectedCount, found: receipt.deleted)
    }
    guard !dryRun, !log.isEmpty else { return (receipt, missing) }
    try commit(log, liveRowsAfter: state.liveCount - Int(receipt.deleted))
    receipt.lsn = state.lastLSN
    receipt.version = state.manifest.version
    return (receipt, missing)
  }

  /// Deletes every row by one commit that names no segment.
  package func deleteAll(expectedCount: UInt64? = nil, dryRun: Bool = false) throws(DatabaseError)
    -> CommitReceipt
  {
    let count = UInt64(state.liveCount)
    if let expectedCount, expectedCount != count {
      throw .countMismatch(expected: expectedCount, found: count)
    }
    var receipt = receipt()
    if !dryRun, count > 0 { receipt = try BulkImport(self, .insert, replacesAll: true).commit() }
    receipt.inserted = 0
    receipt.deleted = count
    return receipt
  }

  /// Changes existing rows as one durable transaction; later changes of the same id see the earlier ones.
  ///
  /// - Returns: How many rows were changed, and the ids that do not exist.
  package func update(
    _ changes: [RowChange], rules: VectorRules = VectorRules(), expectedCount: UInt64? = nil,
    dryRun: Bool = false
  ) throws(DatabaseError) -> (receipt: CommitReceipt, missing: [RecordID]) {
    var receipt = receipt()
    var missing: [RecordID] = []
    var order: [RecordID] = []
    var rows: [RecordID: (created: Int64, vector: [UInt8], metadata: [UInt8])] = [:]
    let checks = VectorChecks(collection.settings, rules)
    let schema = try SchemaChecks(state.manifest)
    for change in changes {
      var row: (created: Int64, vector: [UInt8], metadata: [UInt8])
      if let known = rows[change.id] {
        row = known
      } else {
        guard let location = try state.find(change.id) else {
          missing.append(change.id)
          continue
        }
        row = (
          try state.history(at: location).created, try state.storedVector(at: location),
          try state.metadata(at: location)
        )
        order.append(change.id)
      }
      if let vector = change.vector {
        guard vector.count == collection.settings.dimension else {
          throw .dimensionMismatch(
            origin: change.origin, expected: collection.settings.dimension, found: vector.count)
        }
        try checks.check(vector, origin: change.origin, id: change.id.display)
        var encoded = [UInt8](repeating: 0, count: collection.identity.vectorBytes)
        unsafe vector.withUnsafeBufferPointer {
          unsafe VectorConversion.toStored($0, collection.settings.elementType, into: &encoded)
        }
        row.vector = encoded
      }
      if let edit = change.metadata {
        row.metadata = try edit(row.metadata)
        try schema?.check(row.metadata, origin: change.origin, id: change.id)
      }
      rows[change.id] = row
    }
    let log = LogBatch(capacity: order.count * (collection.identity.vectorBytes + 256))
    for id in order {
      guard let row = rows[id] else { continue }
      receipt.replaced += 1
      unsafe id.bytes.withUnsafeBytes { idBytes in
        unsafe row.vector.withUnsafeBytes { vector in
          unsafe row.metadata.withUnsafeBytes { metadata in
            unsafe log.appendPut(id: idBytes, created: row.created, vector: vector, metadata: metadata)
          }
        }
      }
    }
    if let expectedCount, expectedCount != receipt.replaced {
      throw .countMismatch(expected: expectedCount, found: receipt.replaced)
    }
    guard !dryRun, !log.isEmpty else { return (receipt, missing) }
    try commit(log, liveRowsAfter: state.liveCount)
    receipt.lsn = state.lastLSN
    receipt.version = state.manifest.version
    return (receipt, missing)
  }
}
