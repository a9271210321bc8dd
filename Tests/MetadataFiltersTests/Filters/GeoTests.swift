import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

@Suite struct GeoTests {
  private func point(_ latitude: Double, _ longitude: Double) throws -> GeoPoint {
    try #require(GeoPoint(latitude: latitude, longitude: longitude))
  }

  /// Distances agree with the haversine formula to a part in 10^9, near and far.
  @Test func distancesAreThoseOfTheSphere() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let a = try point(.random(in: -90...90, using: &generator), .random(in: -400...400, using: &generator))
      let isNear = generator.oneIn(2)
      let b =
        isNear
        ? try point(
          max(-90, min(90, a.latitude + .random(in: -0.01...0.01, using: &generator))),
          a.longitude + .random(in: -0.01...0.01, using: &generator))
        : try point(.random(in: -90...90, using: &generator), .random(in: -400...400, using: &generator))
      let wanted = NaiveGeo.haversine(a.latitude, a.longitude, b.latitude, b.longitude)
      let found = GeoTest.distance(a, b)
      // The chord of nearly opposite points says little about their distance, in either formula.
      let tolerance = wanted > 1.9e7 ? 1.0 : 1e-6 + wanted * 1e-9
      #expect(abs(found - wanted) <= tolerance, "\(a) \(b): \(found) and \(wanted)")
      let inside = GeoTest(.radius(center: a, metres: wanted * 1.000001 + 0.001))
      #expect(inside.holds(latitude: b.latitude, longitude: b.longitude))
      if wanted > 1, wanted < 1.9e7 {
        let outside = GeoTest(.radius(center: a, metres: wanted * 0.999999 - 0.001))
        #expect(!outside.holds(latitude: b.latitude, longitude: b.longitude))
      }
    }
  }

  /// Known distances, with R = 6,371,008.8 m.
  @Test func knownDistances() throws {
    let quarter = Double.pi / 2 * 6_371_008.8
    #expect(abs(GeoTest.distance(try point(0, 0), try point(0, 90)) - quarter) < 1e-6)
    #expect(abs(GeoTest.distance(try point(90, 0), try point(-90, 77)) - 2 * quarter) < 0.1)
    #expect(abs(GeoTest.distance(try point(0, 179.5), try point(0, -179.5)) - quarter / 90) < 1e-6)
    #expect(GeoTest.distance(try point(52.52, 13.4), try point(52.52, 373.4)) < 1e-6)
    #expect(GeoTest(.radius(center: try point(1, 2), metres: 0)).holds(latitude: 1, longitude: 2))
    #expect(GeoTest(.radius(center: try point(1, 2), metres: 3e7)).holds(latitude: -1, longitude: -178))
  }

  /// Borders belong to boxes and polygons; the 180th meridian is no border.
  @Test func bordersBelong() throws {
    let box = GeoTest(.box(top: 10, left: 170, bottom: -10, right: -170))
    for longitude in [170.0, 175, 180, -180, -170, 190, 535] {
      #expect(box.holds(latitude: 10, longitude: longitude), "\(longitude)")
    }
    for longitude in [169.9, -169.9, 0, 191] {
      #expect(!box.holds(latitude: 0, longitude: longitude), "\(longitude)")
    }
    let everywhere = GeoTest(.box(top: 90, left: -180, bottom: -90, right: 180))
    #expect(everywhere.holds(latitude: 90, longitude: 180) && everywhere.holds(latitude: 0, longitude: 17))
    let square = try [(0.0, 170.0), (0, -170), (20, -170), (20, 170), (0, 170)].map { try point($0.0, $0.1) }
    let hole = try [(5.0, 178.0), (5, -178), (10, -178), (10, 178), (5, 178)].map { try point($0.0, $0.1) }
    let polygon = GeoTest(.polygon([square, hole]))
    for (latitude, longitude) in [
      (0.0, 175.0), (20, 180), (10, 170), (5, 179), (10, -178), (4.9, -180), (20, 170),
    ] {
      #expect(polygon.holds(latitude: latitude, longitude: longitude), "\(latitude) \(longitude)")
    }
    for (latitude, longitude) in [(7.0, 179.0), (7, 180), (21, 180), (10, 0), (10, 169.9), (-0.1, 180)] {
      #expect(!polygon.holds(latitude: latitude, longitude: longitude), "\(latitude) \(longitude)")
    }
    for latitude in [91, -91, Double.nan] { #expect(!everywhere.holds(latitude: latitude, longitude: 0)) }
    #expect(!everywhere.holds(latitude: 0, longitude: .infinity))
  }

  /// Random polygons hold the points that the winding number says.
  @Test func polygonsAgreeWithWindingNumbers() throws {
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<300 {
      let center = Double.random(in: -180...180, using: &generator)
      let corners = 3 + generator.below(6)
      let start = Double.random(in: 0...6, using: &generator)
      // A star around its centre never crosses itself.
      var ring: [GeoPoint] = []
      for corner in 0..<corners {
        let angle = start + 2 * Double.pi * Double(corner) / Double(corners)
        let reach = Double.random(in: 2...40, using: &generator)
        ring.append(try point(reach * sin(angle), center + reach * cos(angle)))
      }
      ring.append(ring[0])
      let test = GeoTest(.polygon([ring]))
      for _ in 0..<60 {
        let latitude = Double.random(in: -45...45, using: &generator)
        let longitude = center + .random(in: -60...60, using: &generator)
        #expect(
          test.holds(latitude: latitude, longitude: longitude) == NaiveGeo.inRing(ring, latitude, longitude),
          "\(ring) \(latitude) \(longitude)")
      }
    }
  }

  /// What is no shape is refused with a reason.
  @Test(arguments: [
    ("GEO_RADIUS(loc, 91, 0, 5)", "latitude"), ("GEO_RADIUS(loc, 0, 0, -5)", "not negative"),
    ("GEO_RADIUS(loc, 0, 0, '5 parsecs')", "'5km'"), ("GEO_BBOX(loc, 1, 0, 2, 0)", "top"),
    ("GEO_POLYGON(loc, 'POLYGON((0 0, 1 1, 0 0))')", "four points"),
    ("GEO_POLYGON(loc, 'POLYGON((0 0, 1 1, 1 0, 0 1))')", "end where they begin"),
    ("GEO_POLYGON(loc, 'POLYGON((0 80, 120 80, 240 80, 0 80))')", "pole"),
    ("GEO_POLYGON(loc, 'LINESTRING(0 0, 1 1)')", "POLYGON"),
    ("GEO_POLYGON(loc, 'POLYGON((0 95, 1 1, 1 0, 0 95))')", "latitude"),
    ("GEO_POLYGON(loc, 'POLYGON((0 0, 1 1, 1 0, 0 0)) x')", "the end"),
  ])
  func wrongShapesAreRefused(_ text: String, _ expected: String) {
    do throws(FilterError) {
      _ = try FilterParser.parse(text)
      Issue.record("\(text) must be an error")
    } catch {
      #expect(error.expected.contains(expected), "\(text): \(error)")
    }
  }
}

@Suite struct InstantTests {
  /// Instants agree with Foundation's, and are read back from their text.
  @Test func agreeWithFoundation() throws {
    var generator = SeededGenerator(seed: 13)
    let formatter = Date.ISO8601FormatStyle(timeZone: TimeZone(secondsFromGMT: 0) ?? .gmt)
    for _ in 0..<5_000 {
      let seconds = Int64.random(in: -62_000_000_000...253_000_000_000, using: &generator)
      let text = Date(timeIntervalSince1970: Double(seconds)).formatted(formatter)
      // Foundation changes over to the Julian calendar before 1582.
      if seconds > -12_219_292_800 { #expect(FilterInstant(Array(text.utf8))?.seconds == seconds, "\(text)") }
      let instant = FilterInstant(
        seconds: seconds, nanoseconds: Int64.random(in: 0..<1_000_000_000, using: &generator))
      #expect(FilterInstant(Array(instant.text.utf8)) == instant, "\(instant.text)")
    }
  }

  @Test(arguments: [
    ("1970-01-01", 0, 0), ("1970-01-01T00:00:00Z", 0, 0), ("1970-01-01t00:00:00z", 0, 0),
    ("1970-01-01 00:00:00Z", 0, 0),
    ("1970-01-01T01:00:00+01:00", 0, 0), ("1969-12-31T23:30:00-00:30", 0, 0),
    ("1970-01-01T00:00:00.25Z", 0, 250_000_000),
    ("2016-12-31T23:59:60Z", 1_483_228_799, 999_999_999),
    ("2016-12-31T23:59:60.5Z", 1_483_228_799, 999_999_999),
    ("1969-12-31T23:59:59.999999999123Z", -1, 999_999_999), ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
    ("9999-12-31T23:59:59Z", 253_402_300_799, 0), ("2000-02-29", 951_782_400, 0),
  ])
  func areRead(_ text: String, _ seconds: Int, _ nanoseconds: Int) {
    #expect(
      FilterInstant(Array(text.utf8))
        == FilterInstant(seconds: Int64(seconds), nanoseconds: Int64(nanoseconds)))
  }

  @Test(arguments: [
    "", "1970", "1970-1-1", "1970-01-01T00:00:00", "1970-01-01T00:00Z", "1970-13-01", "1970-02-30",
    "1900-02-29",
    "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z",
    "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+24:00", "1970-01-01x", "1970-01-01T00:00:00Zx",
    "+1970-01-01",
    "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "１970-01-01", "1970-00-10", "1970-01-00",
  ])
  func areRefused(_ text: String) { #expect(FilterInstant(Array(text.utf8)) == nil) }

  /// Arithmetic stays inside its range.
  @Test func arithmeticIsSafe() {
    let late = FilterInstant(seconds: Int64.max, nanoseconds: 5)
    #expect(late.adding(nanoseconds: Int64.max).seconds == Int64.max)
    #expect(FilterInstant(seconds: Int64.min).adding(nanoseconds: Int64.min).seconds == Int64.min)
    #expect(FilterInstant(nanoseconds: -1) == FilterInstant(seconds: -1, nanoseconds: 999_999_999))
    #expect(FilterInstant(nanoseconds: -1) < FilterInstant(nanoseconds: 0))
  }
}
