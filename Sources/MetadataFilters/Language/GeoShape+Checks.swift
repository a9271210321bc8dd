import FileStorage

extension GeoShape {
  /// A radius whose numbers have been checked.
  static func radius(_ latitude: Double, _ longitude: Double, metres: Double) -> FilterResult<GeoShape> {
    guard let center = GeoPoint(latitude: latitude, longitude: longitude) else {
      return .failure(geoError("a latitude in -90...90", "\(latitude)", hint: "the latitude comes first"))
    }
    guard metres.isFinite, metres >= 0 else {
      return .failure(geoError("a distance that is not negative", "\(metres)"))
    }
    return .success(.radius(center: center, metres: metres))
  }

  /// A box whose numbers have been checked.
  static func box(top: Double, left: Double, bottom: Double, right: Double) -> FilterResult<GeoShape> {
    for latitude in [top, bottom] where !(latitude >= -90 && latitude <= 90) {
      return .failure(
        geoError("latitudes in -90...90", "\(latitude)", hint: "the order is top, left, bottom, right"))
    }
    guard left.isFinite, right.isFinite else { return .failure(geoError("finite longitudes", "others")) }
    guard top >= bottom else {
      return .failure(
        geoError(
          "a top that is not below the bottom", "\(top) and \(bottom)",
          hint: "the order is top, left, bottom, right"))
    }
    return .success(.box(top: top, left: left, bottom: bottom, right: right))
  }

  /// A polygon whose rings have been checked.
  static func polygon(rings: [[GeoPoint]]) -> FilterResult<GeoShape> {
    guard !rings.isEmpty else { return .failure(geoError("a polygon with at least one ring", "none")) }
    for ring in rings {
      guard ring.count >= 4, ring.first == ring.last else {
        return .failure(
          geoError(
            "rings of at least four points that end where they begin", "a ring of \(ring.count) points"))
      }
      // Each side takes the shorter way; all of them together must come back to the same meridian.
      var turn = 0.0
      for index in 1..<ring.count {
        turn += Longitude.difference(from: ring[index - 1].longitude, to: ring[index].longitude)
      }
      guard turn.magnitude < 180 else {
        return .failure(geoError("a ring that does not go around a pole", "one that does"))
      }
    }
    return .success(.polygon(rings))
  }

  /// Metres of `500m`, `5km`, `3mi`, `500`; nil for anything else.
  static func metres(_ text: [UInt8]) -> Double? {
    let units: [(String, Double)] = [("km", 1000), ("mi", 1609.344), ("nmi", 1852), ("m", 1), ("", 1)]
    let end =
      text.firstIndex {
        $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") && $0 | 0x20 != UInt8(ascii: "e")
      }
      ?? text.count
    var numberEnd = end
    while numberEnd > 0, text[numberEnd - 1] == UInt8(ascii: " ") { numberEnd -= 1 }
    let unit = String(decoding: text[end...], as: UTF8.self).lowercased()
    guard let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
    let (number, status) = DecimalFloat.parseDouble(text, from: 0, to: numberEnd, grammar: .json)
    guard status == .ok, number >= 0, (number * factor).isFinite else { return nil }
    return number * factor
  }
}

private func geoError(_ expected: String, _ found: String, hint: String? = nil) -> FilterError {
  FilterError(.geo, at: .nowhere, expected: expected, found: found, hint: hint)
}

/// Arithmetic of longitudes in degrees.
enum Longitude {
  /// The same meridian in -180..<180.
  static func normal(_ longitude: Double) -> Double {
    if longitude >= -180, longitude < 180 { return longitude }
    let rest = (longitude + 180).truncatingRemainder(dividingBy: 360)
    // The sum with 360 can round up to it.
    let shifted = rest < 0 ? rest + 360 : rest
    return shifted >= 360 ? -180 : shifted - 180
  }

  /// The shorter way from one meridian to another, east positive, in -180..<180.
  static func difference(from: Double, to: Double) -> Double { normal(normal(to) - normal(from)) }
}
