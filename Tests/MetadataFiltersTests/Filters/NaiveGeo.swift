import FileStorage
import Foundation
import MetadataFilters

/// Places and shapes by the formulas of textbooks.
enum NaiveGeo {
  static func point(_ value: NaiveValue) -> (latitude: Double, longitude: Double)? {
    guard case .json(let json) = value, let latitude = number(json["lat"]),
      let longitude = number(json["lon"]), abs(latitude) <= 90
    else { return nil }
    return (latitude, longitude)
  }

  private static func number(_ json: JSONValue?) -> Double? {
    switch json {
    case .int(let int): Double(int)
    case .double(let double): double
    case _: nil
    }
  }

  static func holds(_ value: NaiveValue, _ shape: GeoShape) -> Bool {
    guard let (latitude, longitude) = point(value) else { return false }
    switch shape {
    case .radius(let center, let metres):
      return haversine(latitude, longitude, center.latitude, center.longitude) <= metres
    case .box(let top, let left, let bottom, let right):
      guard latitude <= top, latitude >= bottom else { return false }
      if right - left >= 360 { return true }
      // Step east from the left side by whole turns until the point is reached.
      let (l, r, x) = (turn(left), turn(right), turn(longitude))
      return l <= r ? x >= l && x <= r : x >= l || x <= r
    case .polygon(let rings):
      return inRing(rings[0], latitude, longitude)
        && !rings.dropFirst().contains { inRing($0, latitude, longitude) }
    }
  }

  static func haversine(_ lat1: Double, _ lon1: Double, _ lat2: Double, _ lon2: Double) -> Double {
    let r = Double.pi / 180
    let a =
      pow(sin((lat2 - lat1) * r / 2), 2) + cos(lat1 * r) * cos(lat2 * r) * pow(sin((lon2 - lon1) * r / 2), 2)
    return 2 * 6_371_008.8 * asin(min(1, a.squareRoot()))
  }

  /// A longitude in -180..<180.
  static func turn(_ longitude: Double) -> Double {
    var x = longitude
    while x < -180 { x += 360 }
    while x >= 180 { x -= 360 }
    return x
  }

  /// Winding number over the sides, each taken the shorter way; borders are not looked after.
  static func inRing(_ ring: [GeoPoint], _ latitude: Double, _ longitude: Double) -> Bool {
    for shift in [-720.0, -360, 0, 360, 720] {
      var winding = 0.0
      var x1 = turn(ring[0].longitude)
      for index in 1..<ring.count {
        let x2 = x1 + turn(turn(ring[index].longitude) - turn(x1))
        let a = atan2(ring[index - 1].latitude - latitude, x1 - (turn(longitude) + shift))
        let b = atan2(ring[index].latitude - latitude, x2 - (turn(longitude) + shift))
        var turned = b - a
        if turned > Double.pi { turned -= 2 * Double.pi }
        if turned < -Double.pi { turned += 2 * Double.pi }
        winding += turned
        x1 = x2
      }
      if abs(winding) > Double.pi { return true }
    }
    return false
  }
}
