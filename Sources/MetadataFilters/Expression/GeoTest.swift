/// A shape made ready for testing many points.
///
/// Distances are great circles on a sphere of radius 6,371,008.8 m. Sines are computed here and not by the system's
/// library, so that the answer is the same everywhere. Immutable; safe to share between threads.
package struct GeoTest: Sendable {
  /// Metres from the centre of the sphere to its surface: the mean radius of the Earth (IUGG 1980).
  package static let earthRadius = 6_371_008.8

  /// The shape.
  package let shape: GeoShape
  private let prepared: Prepared

  private enum Prepared: Sendable {
    /// The centre on the unit sphere, the square of the longest chord, the furthest latitudes.
    case radius(x: Double, y: Double, z: Double, chord: Double, latitudes: ClosedRange<Double>)
    /// The western side in -180..<180 and how far the box reaches east of it.
    case box(latitudes: ClosedRange<Double>, left: Double, width: Double)
    case polygon([GeoRing])
    case nothing
  }

  /// Prepares a shape.
  package init(_ shape: GeoShape) {
    self.shape = shape
    switch shape {
    case .radius(let center, let metres):
      let (x, y, z) = GeoTest.onSphere(latitude: center.latitude, longitude: center.longitude)
      let degrees = metres / GeoTest.earthRadius * (180 / Double.pi)
      // A chord as long as the sphere is thick reaches everything.
      let half = degrees >= 180 ? 1 : DegreeTrigonometry.sine(degrees / 2)
      // A little wider than the circle, against rounding.
      let reach = degrees + 1e-9
      prepared = .radius(
        x: x, y: y, z: z, chord: degrees >= 180 ? 5 : 4 * half * half,
        latitudes: center.latitude - reach...center.latitude + reach)
    case .box(let top, let left, let bottom, let right):
      guard top >= bottom else {
        prepared = .nothing
        return
      }
      let start = Longitude.normal(left)
      var width = Longitude.normal(right) - start
      if width < 0 { width += 360 }
      // From -180 to 180 is all the way around, and so is anything longer.
      if right - left >= 360 { width = 360 }
      prepared = .box(latitudes: bottom...top, left: start, width: width)
    case .polygon(let rings): prepared = .polygon(rings.map(GeoRing.init))
    }
  }

  /// Whether a point lies in the shape; false when the latitude is out of range or a number is not finite.
  package func holds(latitude: Double, longitude: Double) -> Bool {
    guard latitude >= -90, latitude <= 90, longitude.isFinite else { return false }
    switch prepared {
    case .radius(let x, let y, let z, let chord, let latitudes):
      guard latitudes.contains(latitude) else { return false }
      let point = GeoTest.onSphere(latitude: latitude, longitude: longitude)
      let (dx, dy, dz) = (point.x - x, point.y - y, point.z - z)
      return dx * dx + dy * dy + dz * dz <= chord
    case .box(let latitudes, let left, let width):
      guard latitudes.contains(latitude) else { return false }
      let east = Longitude.normal(longitude) - left
      return (east < 0 ? east + 360 : east) <= width
    case .polygon(let rings):
      guard let outer = rings.first, outer.place(of: latitude, longitude) != .outside else { return false }
      return !rings.dropFirst().contains { $0.place(of: latitude, longitude) == .inside }
    case .nothing: return false
    }
  }

  /// Metres between two points along the sphere.
  package static func distance(_ a: GeoPoint, _ b: GeoPoint) -> Double {
    let first = onSphere(latitude: a.latitude, longitude: a.longitude)
    let second = onSphere(latitude: b.latitude, longitude: b.longitude)
    let (dx, dy, dz) = (first.x - second.x, first.y - second.y, first.z - second.z)
    let half = (dx * dx + dy * dy + dz * dz).squareRoot() / 2
    return 2 * earthRadius * DegreeTrigonometry.arcSine(min(half, 1))
  }

  private static func onSphere(latitude: Double, longitude: Double) -> (x: Double, y: Double, z: Double) {
    let (sine, cosine) = DegreeTrigonometry.both(latitude)
    let (east, north) = DegreeTrigonometry.both(Longitude.normal(longitude))
    return (cosine * north, cosine * east, sine)
  }
}

/// One ring of a polygon, with longitudes that run on across the 180th meridian.
private struct GeoRing: Sendable {
  enum Place {
    case outside, border, inside
  }

  private let latitudes: [Double]
  private let longitudes: [Double]
  private let west: Double
  private let east: Double

  init(_ points: [GeoPoint]) {
    latitudes = points.map(\.latitude)
    var longitudes: [Double] = []
    for point in points {
      guard let last = longitudes.last else {
        longitudes.append(Longitude.normal(point.longitude))
        continue
      }
      longitudes.append(last + Longitude.difference(from: last, to: point.longitude))
    }
    // The sum of the sides may miss the start by a rounding.
    if let first = longitudes.first, longitudes.count > 1 { longitudes[longitudes.count - 1] = first }
    self.longitudes = longitudes
    west = longitudes.min() ?? 0
    east = longitudes.max() ?? 0
  }

  func place(of latitude: Double, _ longitude: Double) -> Place {
    var x = Longitude.normal(longitude)
    while x - 360 >= west { x -= 360 }
    while x < west { x += 360 }
    while x <= east {
      let found = place(x, latitude)
      if found != .outside { return found }
      x += 360
    }
    return .outside
  }

  /// Counts the sides that a ray to the east crosses.
  private func place(_ x: Double, _ y: Double) -> Place {
    var isInside = false
    for index in 1..<max(latitudes.count, 1) {
      let (x1, y1) = (longitudes[index - 1], latitudes[index - 1])
      let (x2, y2) = (longitudes[index], latitudes[index])
      // Twice the signed area of the triangle; 0 when the point is on the line through the side.
      let area = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
      if area == 0, x >= min(x1, x2), x <= max(x1, x2), y >= min(y1, y2), y <= max(y1, y2) { return .border }
      if (y1 > y) != (y2 > y), (area > 0) == (y2 > y1) { isInside.toggle() }
    }
    return isInside ? .inside : .outside
  }
}

/// Sines and cosines of degrees, from the four basic operations alone: the same bits on every machine.
enum DegreeTrigonometry {
  /// The sine.
  static func sine(_ degrees: Double) -> Double { both(degrees).sine }

  /// Sine and cosine, exact for multiples of 90.
  static func both(_ degrees: Double) -> (sine: Double, cosine: Double) {
    let quarters = (degrees / 90).rounded()
    let rest = (degrees - quarters * 90) * (Double.pi / 180)
    let square = rest * rest
    // Taylor series; the first term left out is below 2^-53 for rests of at most 45 degrees.
    var sine = 1.0
    for n in stride(from: 17.0, to: 1.0, by: -2.0) { sine = 1 - square / (n * (n - 1)) * sine }
    sine *= rest
    var cosine = 1.0
    for n in stride(from: 18.0, to: 0.0, by: -2.0) { cosine = 1 - square / (n * (n - 1)) * cosine }
    switch Int(quarters.truncatingRemainder(dividingBy: 4)) {
    case 0: return (sine, cosine)
    case 1, -3: return (cosine, -sine)
    case 2, -2: return (-sine, -cosine)
    case _: return (-cosine, sine)
    }
  }

  /// The angle in radians, 0 to pi / 2, whose sine is `sine`, by Newton's method.
  static func arcSine(_ sine: Double) -> Double {
    // Halving the angle keeps away from the place where the curve is steep.
    guard sine < 0.7 else { return Double.pi / 2 - 2 * arcSine(((1 - sine) / 2).squareRoot()) }
    var angle = sine + sine * sine * sine / 6
    for _ in 0..<5 {
      let (value, slope) = both(angle * (180 / Double.pi))
      angle -= (value - sine) / slope
    }
    return angle
  }
}
