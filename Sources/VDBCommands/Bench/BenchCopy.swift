import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Copies rows of a collection into temporary ones.
struct BenchCopy {
  let context: CommandContext
  let options: BenchOptions
  let snapshot: Snapshot
  let scratch: BenchScratch

  var settings: CollectionSettings { snapshot.collection.settings }

  /// Whether vectors of zeros are stored: the collection holds them already, if it does.
  var rules: VectorRules { VectorRules(allowsZero: true) }

  /// The first rows in order of arrival; all where there are fewer.
  func places(_ most: Int) throws(CommandFailure) -> [RowLocation] {
    var places: [RowLocation] = []
    try engine { () throws(DatabaseError) in
      try snapshot.forEachRow { (location) throws(DatabaseError) in
        places.append(location)
        return places.count < most
      }
    }
    return places
  }

  /// Rows with everything that is stored of them.
  func batch(_ places: ArraySlice<RowLocation>) throws(CommandFailure) -> RecordBatch {
    var batch = RecordBatch(dimension: settings.dimension, idType: settings.idType)
    let places = Array(places)
    try engine { () throws(DatabaseError) in
      try snapshot.read(places, into: &batch, withVectors: true, withMetadata: true)
    }
    return batch
  }

  /// Imports rows into a new collection in the scratch folder.
  func bulk(_ name: String, _ places: [RowLocation]) throws(CommandFailure) -> Collection {
    let collection = try scratch.makeCollection(name, settings, context)
    let writer = try context.openWriter(collection)
    let (rules, threads) = (rules, options.threads)
    let bulk = try engine { () throws(DatabaseError) in
      try BulkImport(writer, .insert, rules: rules, threads: threads)
    }
    let size = max(1, min(4096, (4 << 20) / collection.identity.vectorBytes))
    for start in stride(from: 0, to: places.count, by: size) {
      try context.checkForStop()
      let rows = try batch(places[start..<min(places.count, start + size)])
      try engine { () throws(DatabaseError) in try bulk.append(rows, source: name) }
    }
    try engine { () throws(DatabaseError) in
      _ = try bulk.commit()
      writer.close()
    }
    return collection
  }
}
