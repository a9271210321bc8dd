import FileStorage

/// Well-known text of polygons (OGC 06-103r4): `POLYGON((lon lat, lon lat, …), (…))`.
///
/// The first ring is the outside, the others are holes. A third coordinate is not taken.
enum WKT {
  /// Reads a polygon that fills the text.
  static func polygon(_ text: [UInt8]) -> FilterResult<GeoShape> {
    var reader = Reader(text: text)
    guard reader.word("polygon"), reader.take("(") else {
      return .failure(error("POLYGON((lon lat, …))", reader))
    }
    var rings: [[GeoPoint]] = []
    repeat {
      guard reader.take("(") else { return .failure(error("'(' and a ring of points", reader)) }
      var ring: [GeoPoint] = []
      repeat {
        guard let longitude = reader.number(), let latitude = reader.number() else {
          return .failure(error("a longitude and a latitude", reader))
        }
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
          return .failure(
            FilterError(
              .geo, at: .nowhere, expected: "a latitude in -90...90", found: "\(latitude)",
              hint: "WKT gives the longitude first"))
        }
        ring.append(point)
      } while reader.take(",")
      guard reader.take(")") else { return .failure(error("',' or ')'", reader)) }
      rings.append(ring)
    } while reader.take(",")
    guard reader.take(")") else { return .failure(error("',' or ')'", reader)) }
    guard reader.isAtEnd else { return .failure(error("the end of the polygon", reader)) }
    return GeoShape.polygon(rings: rings)
  }

  /// The text of a polygon.
  static func text(_ rings: [[GeoPoint]]) -> String {
    let parts = rings.map { ring in
      "("
        + ring.map { "\(FilterPrinter.number($0.longitude)) \(FilterPrinter.number($0.latitude))" }
        .joined(separator: ", ") + ")"
    }
    return "POLYGON(" + parts.joined(separator: ", ") + ")"
  }

  private static func error(_ expected: String, _ reader: Reader) -> FilterError {
    FilterError(.geo, at: .nowhere, expected: expected, found: reader.excerpt)
  }

  private struct Reader {
    let text: [UInt8]
    var at = 0

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return at == text.count
      }
    }

    var excerpt: String {
      at >= text.count ? "the end of the polygon" : FilterLexer.excerpt(text, at..<min(at + 16, text.count))
    }

    mutating func skipSpace() {
      while at < text.count, text[at] == 0x20 || (text[at] >= 0x09 && text[at] <= 0x0D) { at += 1 }
    }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
      skipSpace()
      guard at < text.count, UInt32(text[at]) == mark.value else { return false }
      at += 1
      return true
    }

    mutating func word(_ wanted: String) -> Bool {
      skipSpace()
      let letters = Array(wanted.utf8)
      guard text.count - at >= letters.count, text[at..<at + letters.count].map({ $0 | 0x20 }) == letters
      else {
        return false
      }
      at += letters.count
      return true
    }

    mutating func number() -> Double? {
      skipSpace()
      var end = at
      while end < text.count {
        switch text[end] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
          UInt8(ascii: "e"), UInt8(ascii: "E"):
          end += 1
          continue
        case _: break
        }
        break
      }
      let (value, status) = DecimalFloat.parseDouble(text, from: at, to: end, grammar: .lenient)
      guard status == .ok || status == .underflow else { return nil }
      at = end
      return value
    }
  }
}
