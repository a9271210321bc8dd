extension FilterParser {
  /// Reads `GEO_RADIUS(…)`, `GEO_BBOX(…)` or `GEO_POLYGON(…)`.
  mutating func geo() throws(FilterError) -> FilterExpression {
    let function = word
    try open()
    let path = try path()
    try expect(.comma, "','")
    let start = token.range.lowerBound
    let shape: FilterResult<GeoShape>
    switch function {
    case "geo_radius":
      let latitude = try plainNumber("a latitude, -90 to 90")
      try expect(.comma, "','")
      let longitude = try plainNumber("a longitude in degrees")
      try expect(.comma, "','")
      shape = GeoShape.radius(latitude, longitude, metres: try distance())
    case "geo_bbox":
      let top = try plainNumber("the latitude of the upper side")
      try expect(.comma, "','")
      let left = try plainNumber("the longitude of the left side")
      try expect(.comma, "','")
      let bottom = try plainNumber("the latitude of the lower side")
      try expect(.comma, "','")
      shape = GeoShape.box(
        top: top, left: left, bottom: bottom, right: try plainNumber("the longitude of the right side"))
    case _:
      guard case .string(let text) = token.kind else {
        throw unexpected("a WKT polygon between single quotes")
      }
      advance()
      shape = WKT.polygon(text)
    }
    switch shape {
    case .success(let shape):
      try expect(.close, "')'")
      return .geo(path, shape)
    case .failure(var error):
      error.place = .text(start..<taken)
      throw error
    }
  }

  /// Reads metres: a number, or a string with a unit.
  private mutating func distance() throws(FilterError) -> Double {
    guard case .string(let text) = token.kind else {
      return try plainNumber("a distance in metres, or one such as '5km'")
    }
    guard let metres = GeoShape.metres(text) else {
      throw FilterError(
        .geo, at: .text(token.range), expected: "a distance such as '500m', '5km' or '3mi'",
        found: FilterLexer.excerpt(bytes, token.range))
    }
    advance()
    return metres
  }
}

/// A result of checks that do not know their place.
typealias FilterResult<Success> = Result<Success, FilterError>
