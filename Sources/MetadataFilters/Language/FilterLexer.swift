/// Cuts a filter's text into tokens.
struct FilterLexer {
  private let bytes: [UInt8]
  private var at = 0
  private var tokens: [FilterToken] = []

  /// The tokens of a text, the last one of kind `end`.
  static func tokens(_ bytes: [UInt8]) throws(FilterError) -> [FilterToken] {
    var lexer = FilterLexer(bytes: bytes)
    while try lexer.next() {}
    return lexer.tokens
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func byte(_ position: Int) -> UInt8 { position < bytes.count ? bytes[position] : 0 }

  /// Takes one token; false when it was the end.
  private mutating func next() throws(FilterError) -> Bool {
    skipSpace()
    let start = at
    guard start < bytes.count else {
      tokens.append(FilterToken(kind: .end, range: start..<start))
      return false
    }
    let first = bytes[start]
    switch first {
    case UInt8(ascii: "'"): add(.string(try quoted(first, "a string that ends with '")), from: start)
    case UInt8(ascii: "\""): add(.name(try quoted(first, "a name that ends with \"")), from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case _ where FilterWord.isStart(first):
      while at < bytes.count, FilterWord.isPart(bytes[at]) { at += 1 }
      add(.word, from: start)
    case _: try symbol()
    }
    return true
  }

  private mutating func add(_ kind: FilterToken.Kind, from start: Int) {
    tokens.append(FilterToken(kind: kind, range: start..<at))
  }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      case UInt8(ascii: "-") where byte(at + 1) == UInt8(ascii: "-"):
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
      case _: return
      }
    }
  }

  /// Takes a text between two quotes, which stand for one inside it.
  private mutating func quoted(_ quote: UInt8, _ expected: String) throws(FilterError) -> [UInt8] {
    let start = at
    var text: [UInt8] = []
    at += 1
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte != quote {
        text.append(byte)
      } else if self.byte(at) == quote, at < bytes.count {
        text.append(byte)
        at += 1
      } else {
        return text
      }
    }
    throw FilterError(
      .literal, at: .text(start..<start + 1), expected: expected, found: "the end of the filter",
      hint: quote == UInt8(ascii: "'") ? "inside a string write ' twice" : "inside a name write \" twice")
  }

  private mutating func number() throws(FilterError) {
    let start = at
    skipDigits()
    if byte(at) == UInt8(ascii: "."), FilterWord.isDigit(byte(at + 1)) {
      at += 1
      skipDigits()
    }
    let digitsEnd = at
    if byte(at) | 0x20 == UInt8(ascii: "e") {
      let sign = byte(at + 1)
      let digits = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? at + 2 : at + 1
      if FilterWord.isDigit(byte(digits)) {
        at = digits
        skipDigits()
      }
    }
    guard at < bytes.count, FilterWord.isStart(bytes[at]) else {
      guard
        digitsEnd == start + 1 || bytes[start] != UInt8(ascii: "0") || byte(start + 1) == UInt8(ascii: ".")
      else {
        throw FilterError(
          .literal, at: .text(start..<at), expected: "a number without zeros in front",
          found: excerpt(start..<at),
          hint: "write text between single quotes")
      }
      return add(.number, from: start)
    }
    let unitStart = at
    while at < bytes.count, FilterWord.isPart(bytes[at]) { at += 1 }
    let unit = String(decoding: bytes[unitStart..<at], as: UTF8.self)
    guard unitStart == digitsEnd, let factor = FilterWord.units.first(where: { $0.name == unit.lowercased() })
    else {
      throw FilterError(
        .literal, at: .text(start..<at), expected: "a number, or a duration in ms, s, m, h, d or w",
        found: excerpt(start..<at), hint: "write text between single quotes")
    }
    guard let value = FilterLexer.duration(bytes[start..<digitsEnd], factor.nanoseconds) else {
      throw FilterError(
        .literal, at: .text(start..<at), expected: "a duration of at most 292 years",
        found: excerpt(start..<at))
    }
    add(.duration(value), from: start)
  }

  /// Digits, perhaps with a fraction, of a unit; nil beyond 64 bits of nanoseconds.
  ///
  /// What is below one is cut.
  static func duration(_ digits: ArraySlice<UInt8>, _ unit: Int64) -> Int64? {
    var total: Int64 = 0
    var fraction = unit
    var isFraction = false
    for byte in digits {
      guard byte != UInt8(ascii: ".") else {
        isFraction = true
        continue
      }
      let digit = Int64(byte &- UInt8(ascii: "0"))
      if isFraction {
        // A unit has at most 13 decimal zeros; after that nothing is left.
        guard fraction % 10 == 0 else { continue }
        fraction /= 10
        let (sum, overflow) = total.addingReportingOverflow(digit * fraction)
        guard !overflow else { return nil }
        total = sum
      } else {
        let (tens, carried) = total.multipliedReportingOverflow(by: 10)
        let (ones, wide) = digit.multipliedReportingOverflow(by: unit)
        let (sum, overflow) = tens.addingReportingOverflow(ones)
        guard !carried, !wide, !overflow else { return nil }
        total = sum
      }
    }
    return total
  }

  private mutating func skipDigits() {
    while FilterWord.isDigit(byte(at)) { at += 1 }
  }

  private mutating func symbol() throws(FilterError) {
    let start = at
    let second = byte(at + 1)
    at += 1
    switch bytes[start] {
    case UInt8(ascii: "("): add(.symbol(.open), from: start)
    case UInt8(ascii: ")"): add(.symbol(.close), from: start)
    case UInt8(ascii: "["): add(.symbol(.openBracket), from: start)
    case UInt8(ascii: "]"): add(.symbol(.closeBracket), from: start)
    case UInt8(ascii: ","): add(.symbol(.comma), from: start)
    case UInt8(ascii: "."): add(.symbol(.dot), from: start)
    case UInt8(ascii: ":"): add(.symbol(.colon), from: start)
    case UInt8(ascii: "@"): add(.symbol(.at), from: start)
    case UInt8(ascii: "$"): add(.symbol(.dollar), from: start)
    case UInt8(ascii: "-"): add(.symbol(.minus), from: start)
    case UInt8(ascii: "+"): add(.symbol(.plus), from: start)
    case UInt8(ascii: "="): take(second == UInt8(ascii: "="), .equal, else: .equal, from: start)
    case UInt8(ascii: "!") where second == UInt8(ascii: "="):
      take(true, .notEqual, else: .notEqual, from: start)
    case UInt8(ascii: "<") where second == UInt8(ascii: ">"):
      take(true, .notEqual, else: .notEqual, from: start)
    case UInt8(ascii: "<"): take(second == UInt8(ascii: "="), .lessOrEqual, else: .less, from: start)
    case UInt8(ascii: ">"): take(second == UInt8(ascii: "="), .greaterOrEqual, else: .greater, from: start)
    case UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "!"):
      throw FilterError(
        .syntax, at: .text(start..<start + 1), expected: "an operator", found: excerpt(start..<start + 1),
        hint: "the words are AND, OR and NOT")
    case _:
      throw FilterError(
        .syntax, at: .text(start..<start + 1), expected: "an operator, a name or a value",
        found: excerpt(start..<start + 1))
    }
  }

  private mutating func take(
    _ isTwo: Bool, _ two: FilterToken.Symbol, else one: FilterToken.Symbol, from start: Int
  ) {
    if isTwo { at += 1 }
    add(.symbol(isTwo ? two : one), from: start)
  }

  private func excerpt(_ range: Range<Int>) -> String { FilterLexer.excerpt(bytes, range) }

  /// Bytes of the text in quotes, shortened.
  static func excerpt(_ bytes: [UInt8], _ range: Range<Int>) -> String {
    let scalars = String(decoding: bytes[range], as: UTF8.self).unicodeScalars
    var text = String(String.UnicodeScalarView(scalars.prefix(32)))
    if scalars.count > 32 { text += "…" }
    return text.contains("'") ? text : "'\(text)'"
  }
}
