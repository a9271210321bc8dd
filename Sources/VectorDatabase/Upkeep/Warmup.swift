import FileStorage
import VectorMath

/// Parts of a collection's files, in the order in which searches need them.
package enum WarmupPart: String, CaseIterable, Sendable {
  /// Index files.
  case index
  /// The vectors of segments, and their norms.
  case vectors
  /// Everything else of segments: ids, metadata, columns.
  case payload
}

/// What warming up is to do.
package struct WarmupRequest: Sendable {
  package var parts = Set(WarmupPart.allCases)
  /// Bytes that are read at most.
  package var maximumBytes = UInt64.max
  /// Only says what is in memory.
  package var reportsOnly = false
  /// Asked for every mebibyte; true ends the work with `.cancelled`.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// Told how many bytes are read, and of how many.
  package var progress: @Sendable (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }

  package init() {}
}

/// What is in memory of the parts of a collection's files.
package struct WarmupReport: Equatable, Sendable {
  /// One part.
  package struct Line: Equatable, Sendable {
    package let part: WarmupPart
    package internal(set) var files = 0
    package internal(set) var bytes: UInt64 = 0
    /// Bytes that were in memory before; nil when the system does not say.
    package internal(set) var before: UInt64? = 0
    /// The same afterwards.
    package internal(set) var after: UInt64? = 0
    /// Bytes that were read.
    package internal(set) var read: UInt64 = 0
  }

  package internal(set) var lines: [Line] = []
  package internal(set) var version: UInt64 = 0
  /// Whether the limit left something unread.
  package internal(set) var isLimited = false

  /// The sum of all lines.
  package var bytes: UInt64 { lines.reduce(0) { $0 + $1.bytes } }
  /// What was read of all lines.
  package var read: UInt64 { lines.reduce(0) { $0 + $1.read } }
  /// What was in memory before of all lines; nil when the system does not say.
  package var before: UInt64? { Self.sum(lines.map(\.before)) }
  /// The same afterwards.
  package var after: UInt64? { Self.sum(lines.map(\.after)) }

  private static func sum(_ numbers: [UInt64?]) -> UInt64? {
    var total: UInt64 = 0
    for number in numbers {
      guard let number else { return nil }
      total += number
    }
    return total
  }
}

/// Reads files so that the system keeps them in memory, where the next processes find them.
///
/// What is in memory belongs to the system, which may let go of it at any moment.
package enum Warmer {
  /// Bytes that are read at once.
  private static let readSize = 1 << 20

  /// One part of one file.
  private struct Piece {
    let part: WarmupPart
    let name: String
    let range: Range<UInt64>
  }

  /// Looks at, and unless told otherwise reads, the files of a snapshot.
  ///
  /// - Throws: `.cancelled`; `.storage(.file)` for a file that cannot be read.
  package static func run(_ snapshot: Snapshot, _ request: WarmupRequest) throws(DatabaseError)
    -> WarmupReport
  {
    let fs = snapshot.collection.fileSystem
    let pieces = pieces(snapshot).filter { request.parts.contains($0.part) }
    var report = WarmupReport()
    report.version = snapshot.version
    let total = pieces.reduce(UInt64(0)) { $0 + UInt64($1.range.count) }
    for part in WarmupPart.allCases where request.parts.contains(part) {
      var line = WarmupReport.Line(part: part)
      let own = pieces.filter { $0.part == part }
      line.files = Set(own.map(\.name)).count
      line.bytes = own.reduce(0) { $0 + UInt64($1.range.count) }
      line.before = try resident(own, fs)
      if !request.reportsOnly {
        for piece in own {
          let left = request.maximumBytes - min(request.maximumBytes, report.read + line.read)
          let count = min(left, UInt64(piece.range.count))
          if count < UInt64(piece.range.count) { report.isLimited = true }
          let before = report.read + line.read
          try read(piece, count, fs, request) { done in request.progress(before + done, total) }
          line.read += count
        }
      }
      line.after = request.reportsOnly ? line.before : try resident(own, fs)
      report.lines.append(line)
    }
    return report
  }

  private static func pieces(_ snapshot: Snapshot) -> [Piece] {
    var pieces: [Piece] = []
    for index in snapshot.manifest.indexes {
      pieces.append(Piece(part: .index, name: FileNames.index(index.number), range: 0..<index.bytes))
    }
    for live in snapshot.state.segments {
      let name = FileNames.segment(live.entry.number)
      let vectors = [live.segment.vectorEntry, live.segment.normEntry].compactMap { $0 }
        .map { $0.offset..<$0.offset + $0.length }.sorted { $0.lowerBound < $1.lowerBound }
      var end: UInt64 = 0
      for range in vectors {
        if range.lowerBound > end {
          pieces.append(Piece(part: .payload, name: name, range: end..<range.lowerBound))
        }
        pieces.append(Piece(part: .vectors, name: name, range: range))
        end = max(end, range.upperBound)
      }
      if live.entry.bytes > end {
        pieces.append(Piece(part: .payload, name: name, range: end..<live.entry.bytes))
      }
    }
    return pieces
  }

  /// Bytes of some pieces that are in memory; nil when the system does not say.
  private static func resident(_ pieces: [Piece], _ fs: any FileSystem) throws(DatabaseError) -> UInt64? {
    var total: UInt64 = 0
    var known: (name: String, mapping: MappedBytes)?
    for piece in pieces {
      if known?.name != piece.name {
        // Only who may write a file is told the truth about its pages.
        guard let file = try? OpenFile(fs, piece.name, .updating), let size = try? file.size(),
          let count = Int(exactly: size), let mapping = try? file.map(size: count)
        else { return nil }
        known = (piece.name, mapping)
      }
      guard let mapping = known?.mapping, let first = Int(exactly: piece.range.lowerBound),
        let end = Int(exactly: piece.range.upperBound),
        let bytes = mapping.residentBytes(first..<end)
      else { return nil }
      total += UInt64(bytes)
    }
    return total
  }

  private static func read(
    _ piece: Piece, _ count: UInt64, _ fs: any FileSystem, _ request: WarmupRequest,
    _ progress: (UInt64) -> Void
  ) throws(DatabaseError) {
    guard count > 0 else { return }
    let file = try liftedFile { () throws(FileError) in try OpenFile(fs, piece.name, .reading) }
    var done: UInt64 = 0
    while done < count {
      if request.isCancelled() { throw .cancelled }
      let size = Int(min(UInt64(readSize), count - done))
      let offset = piece.range.lowerBound + done
      let got = try liftedFile { () throws(FileError) in try file.readBytes(at: offset, count: size).count }
      guard got > 0 else { return }
      done += UInt64(got)
      progress(done)
    }
  }
}
