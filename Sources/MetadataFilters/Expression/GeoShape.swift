/// A place on the sphere, in degrees.
package struct GeoPoint: Hashable, Sendable {
  /// -90 (south) to 90 (north).
  package let latitude: Double
  /// Any finite number; 190 is -170.
  package let longitude: Double

  /// Makes a point; nil unless the latitude is in -90...90 and the longitude is finite.
  package init?(latitude: Double, longitude: Double) {
    guard latitude >= -90, latitude <= 90, longitude.isFinite else { return nil }
    self.latitude = latitude
    self.longitude = longitude
  }
}

/// A part of the sphere.
package enum GeoShape: Hashable, Sendable {
  /// `GEO_RADIUS`: points at most so many metres from the centre, along a sphere of radius 6,371,008.8 m.
  case radius(center: GeoPoint, metres: Double)
  /// `GEO_BBOX`: bottom <= latitude <= top, and from left eastwards to right.
  ///
  /// `left` greater than `right` crosses the 180th meridian. Borders belong to the box.
  case box(top: Double, left: Double, bottom: Double, right: Double)
  /// `GEO_POLYGON`: rings of points, the first one the outside, the others holes.
  ///
  /// Each ring has at least four points, the last equal to the first. Sides are straight lines in latitude and
  /// longitude, and take the shorter way around the globe. Borders belong to the polygon. No ring goes around a pole.
  case polygon([[GeoPoint]])
}
