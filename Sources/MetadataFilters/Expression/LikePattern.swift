/// A `LIKE` pattern: `%` any number of code points, `_` one, `\` takes the next one literally.
///
/// Matching is linear: the pieces between percent signs are found one after the other, leftmost first.
struct LikePattern: Sendable {
  /// Between two percent signs: bytes to find, and code points to skip.
  struct Piece: Sendable {
    /// Runs of literal bytes; between two of them stand `gaps` code points.
    var literals: [[UInt8]] = [[]]
    /// Code points of any kind before each literal but the first, at least one each; `leading` before the first.
    var gaps: [Int] = []
    /// Code points of any kind before the first literal.
    var leading = 0

    var isEmpty: Bool { leading == 0 && gaps.isEmpty && (literals.first?.isEmpty ?? true) }
  }

  /// The pieces; with one piece the pattern has no percent sign.
  let pieces: [Piece]

  /// Compiles a pattern; any bytes are one.
  init(_ source: [UInt8]) {
    var pieces: [Piece] = []
    var piece = Piece()
    var index = 0
    while index < source.count {
      let byte = source[index]
      index += 1
      switch byte {
      case UInt8(ascii: "%"):
        pieces.append(piece)
        piece = Piece()
      case UInt8(ascii: "_"):
        if piece.gaps.isEmpty, piece.literals[0].isEmpty {
          piece.leading += 1
        } else if let last = piece.literals.last, last.isEmpty, !piece.gaps.isEmpty {
          piece.gaps[piece.gaps.count - 1] += 1
        } else {
          piece.gaps.append(1)
          piece.literals.append([])
        }
      case UInt8(ascii: "\\") where index < source.count:
        piece.literals[piece.literals.count - 1].append(source[index])
        index += 1
      case _: piece.literals[piece.literals.count - 1].append(byte)
      }
    }
    pieces.append(piece)
    self.pieces = pieces
  }

  /// Bytes with which each string that matches begins.
  var prefix: [UInt8] { pieces[0].leading == 0 ? pieces[0].literals[0] : [] }

  /// Whether the whole string matches.
  func matches(_ string: UnsafeRawBufferPointer) -> Bool {
    guard pieces.count > 1 else { return unsafe match(pieces[0], string, at: 0) == string.count }
    guard var at = unsafe match(pieces[0], string, at: 0) else { return false }
    for index in 1..<pieces.count - 1 {
      guard let end = unsafe find(pieces[index], string, from: at) else { return false }
      at = end
    }
    let last = pieces[pieces.count - 1]
    guard !last.isEmpty else { return true }
    return unsafe matchesAtEnd(last, string, from: at)
  }

  /// The end of a piece that stands at `start`, nil when it does not.
  private func match(_ piece: Piece, _ string: UnsafeRawBufferPointer, at start: Int) -> Int? {
    guard var at = unsafe skip(piece.leading, string, start) else { return nil }
    for (index, literal) in piece.literals.enumerated() {
      if index > 0 {
        guard let next = unsafe skip(piece.gaps[index - 1], string, at) else { return nil }
        at = next
      }
      guard string.count - at >= literal.count, unsafe TextMatcher.equal(string, at: at, literal) else {
        return nil
      }
      at += literal.count
    }
    return at
  }

  /// The end of the leftmost place of a piece at or after `start`.
  private func find(_ piece: Piece, _ string: UnsafeRawBufferPointer, from start: Int) -> Int? {
    if piece.leading == 0, piece.gaps.isEmpty {
      return unsafe ByteSearch.find(piece.literals[0], in: string, from: start).map {
        $0 + piece.literals[0].count
      }
    }
    var at = start
    while at <= string.count {
      if let end = unsafe match(piece, string, at: at) { return end }
      guard let next = unsafe skip(1, string, at) else { return nil }
      at = next
    }
    return nil
  }

  /// Whether a piece stands at the end of the string, not before `start`.
  private func matchesAtEnd(_ piece: Piece, _ string: UnsafeRawBufferPointer, from start: Int) -> Bool {
    var at = string.count
    for (index, literal) in piece.literals.enumerated().reversed() {
      at -= literal.count
      guard at >= start, unsafe TextMatcher.equal(string, at: at, literal) else { return false }
      guard let before = unsafe skipBack(index > 0 ? piece.gaps[index - 1] : piece.leading, string, at, start)
      else {
        return false
      }
      at = before
    }
    return true
  }

  /// The place `count` code points later.
  private func skip(_ count: Int, _ string: UnsafeRawBufferPointer, _ start: Int) -> Int? {
    var at = start
    for _ in 0..<count {
      guard at < string.count else { return nil }
      at += 1
      while at < string.count, unsafe string[at] & 0xC0 == 0x80 { at += 1 }
    }
    return at
  }

  /// The place `count` code points earlier.
  private func skipBack(_ count: Int, _ string: UnsafeRawBufferPointer, _ start: Int, _ limit: Int) -> Int? {
    var at = start
    for _ in 0..<count {
      guard at > limit else { return nil }
      at -= 1
      while at > limit, unsafe string[at] & 0xC0 == 0x80 { at -= 1 }
    }
    return at
  }
}
