import FileStorage
import Foundation
import TestSupport
import Testing

@Suite struct DecimalFloatTests {
  private func float(_ text: String) -> (value: Float, status: DecimalFloat.Status) {
    let bytes = Array(text.utf8)
    return DecimalFloat.parseFloat(bytes, from: 0, to: bytes.count)
  }

  private func double(_ text: String) -> (value: Double, status: DecimalFloat.Status) {
    let bytes = Array(text.utf8)
    return DecimalFloat.parseDouble(bytes, from: 0, to: bytes.count)
  }

  /// Compares with the C library, which rounds correctly.
  private func check(_ text: String, _ seed: UInt64 = 0) {
    let (f, _) = float(text)
    let (d, _) = double(text)
    let wantedFloat = strtof(text, nil)
    let wantedDouble = strtod(text, nil)
    if f.bitPattern != wantedFloat.bitPattern {
      Issue.record("float of \(text) is \(f), not \(wantedFloat) (seed \(seed))")
    }
    if d.bitPattern != wantedDouble.bitPattern {
      Issue.record("double of \(text) is \(d), not \(wantedDouble) (seed \(seed))")
    }
  }

  @Test func readsHardCasesAsTheCLibraryDoes() {
    let texts = [
      "0", "-0", "0.0", "-0.0e10", "0e999999999999", "1", "-1", "0.1", "1e22", "1e23", "1e-22",
      "123456789012345678",
      "9007199254740993", "9007199254740992.5", "9007199254740993.0000000000000000000000000000001",
      "9007199254740992.9999999999999999999999999999999", "1.00000005960464477539062499999999999999999999",
      "1.00000005960464477539062500000000000000000000", "1.00000005960464477539062500000000000000000001",
      "1.000000059604644775390625", "1.000000178813934326171875", "16777217", "16777219",
      "16777217.0000000000000001",
      "33554433", "33554434.9999999999999999999999", "3.4028234663852886e38", "3.4028235677973366e38",
      "3.40282356779733661637539395458142568447e38", "3.40282356779733661637539395458142568448e38",
      "3.4028235677973362e38", "1e39", "-1e39", "1e308", "1.7976931348623157e308", "1.7976931348623158e308",
      "1.7976931348623159e308", "1e309", "1e400", "4.9e-324", "2.4703282292062327e-324",
      "2.4703282292062328e-324", "2.47032822920623272088284396434110686182e-324", "1e-400", "1.4e-45",
      "7.006492321624085e-46", "7.006492321624086e-46",
      "7.0064923216240853546186479164495806564013097093825788587853e-46",
      "7.0064923216240853546186479164495806564013097093825788587854e-46", "1.1754943508222875e-38",
      "1.17549429e-38", "1.1754942807573643e-38", "1.1754942807573642918e-38", "2.2250738585072014e-308",
      "2.2250738585072011e-308", "2.2250738585072012e-308", "6.631236846766476e-316",
      "3.2378839133029012895883524125015321748630094231e-319",
      "0.000000000000000000000000000000000000000000001401298464324817",
      "123456789.123456789123456789123456789e-30",
      "8.589973e9", "1.8446744073709551616e19", "18446744073709551615", "99999999999999999999", "0.3e-4",
      "5e-1",
      "1" + String(repeating: "0", count: 400), "0." + String(repeating: "0", count: 400) + "1e400",
      String(repeating: "9", count: 900), "0." + String(repeating: "9", count: 900),
      "1." + String(repeating: "0", count: 900) + "1",
      "9007199254740993." + String(repeating: "0", count: 900) + "1",
      "1e99999999999999999999", "1e-99999999999999999999", "000123.500", "+4", ".5", "5.", "-.5e1",
    ]
    for text in texts { check(text) }
  }

  @Test func readsTiesBetweenNeighboursAndTheirNeighboursAsTheCLibraryDoes() {
    // The exact midpoint of two neighbouring floats is a double, and Foundation prints it with all its digits.
    let seed: UInt64 = 11
    var dice = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let low = Float(bitPattern: UInt32.random(in: 0..<0x7F7F_FFFF, using: &dice))
      let middle = (Double(low) + Double(low.nextUp)) / 2
      let text = String(format: "%.160f", middle)
      check(text, seed)
      check(text + "1", seed)
      check(String(format: "%.30e", middle), seed)
      check(String(format: "%.17e", middle.nextUp), seed)
      check(String(format: "%.17e", middle.nextDown), seed)
    }
    for _ in 0..<300 {
      let low = Double(bitPattern: UInt64.random(in: 0..<0x7FEF_FFFF_FFFF_FFFF, using: &dice))
      let text = String(format: "%.1100f", low)
      check(text, seed)
      check(text + "5", seed)
    }
  }

  @Test func readsRandomDecimalsAsTheCLibraryDoes() {
    let seed: UInt64 = 12
    var dice = SeededGenerator(seed: seed)
    for _ in 0..<300_000 {
      let digits = Int.random(in: 1...24, using: &dice)
      var text = Bool.random(using: &dice) ? "-" : ""
      let point = Int.random(in: -1...digits, using: &dice)
      for place in 0..<digits {
        if place == point { text += place == 0 ? "0." : "." }
        text += String(UInt8.random(in: 0...9, using: &dice))
      }
      if Bool.random(using: &dice) { text += "e" + String(Int.random(in: -60...50, using: &dice)) }
      if UInt8.random(in: 0...9, using: &dice) == 0 {
        text += text.contains("e") ? "" : "e" + String(Int.random(in: -345...310, using: &dice))
      }
      check(text, seed)
    }
  }

  @Test func bringsBackAMillionFloatsFromTheirShortestText() {
    let seed: UInt64 = 13
    var dice = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    var failures = 0
    for _ in 0..<1_000_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: dice.next()))
      guard value.isFinite else { continue }
      bytes.removeAll(keepingCapacity: true)
      DecimalFloat.appendShortest(value, to: &bytes)
      let (back, status) = DecimalFloat.parseFloat(bytes, from: 0, to: bytes.count, grammar: .json)
      if back.bitPattern != value.bitPattern || status != .ok || bytes.count > 16
        || !bytes.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") })
      {
        failures += 1
      }
    }
    #expect(failures == 0, "seed \(seed)")
  }

  @Test func bringsBackDoublesFromTheirShortestText() {
    let seed: UInt64 = 14
    var dice = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    var failures = 0
    for _ in 0..<300_000 {
      let value = Double(bitPattern: dice.next())
      guard value.isFinite else { continue }
      bytes.removeAll(keepingCapacity: true)
      DecimalFloat.appendShortest(value, to: &bytes)
      let (back, status) = DecimalFloat.parseDouble(bytes, from: 0, to: bytes.count, grammar: .json)
      if back.bitPattern != value.bitPattern || status != .ok { failures += 1 }
    }
    #expect(failures == 0, "seed \(seed)")
  }

  @Test func printsTheSameTextForEver() {
    // Content hashes rest on these texts.
    let doubles: [(Double, String)] = [
      (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (1e15, "1000000000000000.0"), (1e16, "1e+16"),
      (123456789012345680, "1.2345678901234568e+17"), (0.0001, "0.0001"), (0.00001, "1e-05"),
      (Double.leastNonzeroMagnitude, "5e-324"),
      (1.7976931348623157e308, "1.7976931348623157e+308"), (9007199254740992, "9007199254740992.0"),
    ]
    for (value, text) in doubles {
      var bytes: [UInt8] = []
      DecimalFloat.appendShortest(value, to: &bytes)
      #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
    let floats: [(Float, String)] = [
      (0.1, "0.1"), (16777216, "16777216.0"), (3.4028235e38, "3.4028235e+38"),
      (Float.leastNonzeroMagnitude, "1e-45"), (0.3, "0.3"),
    ]
    for (value, text) in floats {
      var bytes: [UInt8] = []
      DecimalFloat.appendShortest(value, to: &bytes)
      #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
  }

  @Test func namesWhatIsNoFiniteNumber() {
    #expect(float("1e39").status == .overflow)
    #expect(float("1e-60").status == .underflow)
    #expect(float("NaN").status == .notFinite)
    #expect(float("-Infinity") == (-.infinity, .notFinite))
    #expect(double("inf").status == .notFinite)
    for text in [
      "", "-", ".", "e5", "1e", "1e+", "0x10", "1 ", " 1", "1,5", "1.5.2", "--1", "1_000", "nano", "é",
    ] {
      #expect(float(text).status == .invalid, "\(text)")
      #expect(double(text).status == .invalid, "\(text)")
    }
    for text in ["01", "+1", ".5", "5.", "-01", "00", "1.e5"] {
      let bytes = Array(text.utf8)
      #expect(
        DecimalFloat.parseDouble(bytes, from: 0, to: bytes.count, grammar: .json).status == .invalid,
        "\(text)")
    }
  }
}
