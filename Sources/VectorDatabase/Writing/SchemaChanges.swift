package import FileStorage
package import MetadataFilters

/// The schema stands among the settings of a version, as canonical JSON under this key; the read-only compatible feature bit
/// of the manifest says that it is there.
private let schemaKey = "schema"

extension Manifest {
  /// The schema of this version; nil when it has none.
  ///
  /// - Throws: `.storage(.corruption)` when what stands there is no schema.
  package func schema() throws(DatabaseError) -> CollectionSchema? {
    guard let text = settings[schemaKey] else { return nil }
    do throws(SchemaError) {
      return try CollectionSchema(json: Array(text.utf8))
    } catch {
      throw .storage(
        .corruption(
          CorruptionError(
            path: FileNames.manifest(version), section: "settings", offset: nil,
            expected: "a schema: \(error.expected)", found: error.found)))
    }
  }

  /// Puts a schema in, or takes it out.
  package mutating func setSchema(_ schema: CollectionSchema?) {
    settings[schemaKey] = schema.map { String(decoding: $0.json, as: UTF8.self) }
    if schema == nil {
      features.readOnlyCompat &= ~FeatureBits.schema
    } else {
      features.readOnlyCompat |= FeatureBits.schema
    }
  }
}

extension CollectionWriter {
  /// Makes a schema the collection's by a manifest commit, counting its version up; nil takes it away.
  ///
  /// Records that exist are not looked at.
  /// - Returns: The version of the collection.
  /// - Throws: `.invalidSchema` when a field lies inside of another.
  package func setSchema(_ schema: CollectionSchema?) throws(DatabaseError) -> UInt64 {
    _ = try rehearseSchema(schema)
    var manifest = state.manifest
    var next = schema
    next?.version = (try manifest.schema()?.version ?? 0) + 1
    manifest.setSchema(next)
    let published = try publish([], manifest)
    try reopen(published)
    GarbageCollector.collectIfFree(self)
    return published.version
  }

  /// Checks that `setSchema` would succeed, and changes nothing.
  package func rehearseSchema(_ schema: CollectionSchema?) throws(DatabaseError) -> UInt64 {
    do throws(SchemaError) { try schema?.requireApart() } catch { throw .invalidSchema(error) }
    return state.manifest.version
  }
}

/// The rules of the schema, for records that are written.
struct SchemaChecks {
  private let validator: SchemaValidator

  /// Nil when the version has no schema.
  init?(_ manifest: Manifest) throws(DatabaseError) {
    guard let schema = try manifest.schema() else { return nil }
    validator = SchemaValidator(schema)
  }

  /// Checks a whole batch; the first bad row is the error.
  func check(_ batch: RecordBatch, source: String) throws(DatabaseError) {
    for row in 0..<batch.count {
      let violation = unsafe batch.withMetadata(row) { unsafe first($0) }
      if let violation {
        throw .schemaViolation(
          origin: batch.origin(row, source: source), id: batch.displayID(row), violation)
      }
    }
  }

  /// What is wrong with each bad row of a batch.
  func failures(_ batch: RecordBatch, source: String) -> [DatabaseError] {
    var failures: [DatabaseError] = []
    for row in 0..<batch.count {
      let violation = unsafe batch.withMetadata(row) { unsafe first($0) }
      if let violation {
        failures.append(
          .schemaViolation(origin: batch.origin(row, source: source), id: batch.displayID(row), violation))
      }
    }
    return failures
  }

  /// Checks the metadata of one record.
  func check(_ metadata: [UInt8], origin: RowOrigin, id: RecordID) throws(DatabaseError) {
    let violation = unsafe metadata.withUnsafeBytes { unsafe first($0) }
    if let violation { throw .schemaViolation(origin: origin, id: id.display, violation) }
  }

  /// The first rule that a record breaks.
  private func first(_ metadata: UnsafeRawBufferPointer) -> SchemaViolation? {
    do throws(JSONError) {
      return try unsafe validator.violations(metadata, limit: 1).first
    } catch {
      return SchemaViolation(field: "", rule: .type, expected: error.expected, found: error.found)
    }
  }
}
