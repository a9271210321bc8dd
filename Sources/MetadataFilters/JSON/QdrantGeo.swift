/// The shapes of Qdrant's conditions.
enum QdrantGeo {
  /// The shape of a condition.
  static func shape(_ kind: String, _ value: FilterJSONValue) throws(FilterError) -> GeoShape {
    let result: FilterResult<GeoShape>
    switch kind {
    case "geo_radius":
      try value.check(["center", "radius"])
      let center = try point(try value.required("center"))
      result = GeoShape.radius(center.latitude, center.longitude, metres: try number(value, "radius"))
    case "geo_bounding_box":
      try value.check(["top_left", "bottom_right"])
      let topLeft = try point(try value.required("top_left"))
      let bottomRight = try point(try value.required("bottom_right"))
      result = GeoShape.box(
        top: topLeft.latitude, left: topLeft.longitude, bottom: bottomRight.latitude,
        right: bottomRight.longitude)
    case _:
      try value.check(["exterior", "interiors"])
      var rings = [try ring(try value.required("exterior"))]
      for interior in value["interiors"]?.elements ?? [] { rings.append(try ring(interior)) }
      result = GeoShape.polygon(rings: rings)
    }
    switch result {
    case .success(let shape): return shape
    case .failure(let error): throw value.placed(error)
    }
  }

  private static func ring(_ value: FilterJSONValue) throws(FilterError) -> [GeoPoint] {
    guard let elements = try value.required("points").elements else {
      throw value.unexpected("\"points\" as an array")
    }
    var points: [GeoPoint] = []
    for element in elements { points.append(try point(element)) }
    return points
  }

  private static func point(_ value: FilterJSONValue) throws(FilterError) -> GeoPoint {
    guard let point = GeoPoint(latitude: try number(value, "lat"), longitude: try number(value, "lon")) else {
      throw value.unexpected("a latitude in -90...90", code: .geo)
    }
    return point
  }

  private static func number(_ object: FilterJSONValue, _ key: String) throws(FilterError) -> Double {
    let value = try object.required(key)
    guard let number = value.number else { throw value.unexpected("a number for \"\(key)\"") }
    return number
  }
}
