import CommandLineParsing
import Foundation
import TestSupport
import Testing
import VDBCommands

@Suite struct TerminalTextTests {
  static func harmless(_ bytes: [UInt8], _ escape: TerminalText.Escape = .text) -> String {
    var output: [UInt8] = []
    let kept = TerminalText.append(bytes, to: &output, escape: escape)
    #expect(kept == 0)
    return String(decoding: output, as: UTF8.self)
  }

  @Test(
    arguments: [
      ("plain äß漢🙂\n\tx", "plain äß漢🙂\n\tx", "plain äß漢🙂\n\tx"),
      ("\u{1B}[31mred", "\\x1b[31mred", "\\u001b[31mred"), ("a\rb\u{7}", "a\\x0db\\x07", "a\\u000db\\u0007"),
      ("\u{7F}\u{9B}1m", "\\x7f\\x9b1m", "\\u007f\\u009b1m"),
      ("\u{202E}evil\u{2066}", "\\u202eevil\\u2066", "\\u202eevil\\u2066"),
    ])
  func replacesWhatATerminalObeys(_ text: String, _ asText: String, _ asJSON: String) {
    #expect(Self.harmless(Array(text.utf8)) == asText)
    #expect(Self.harmless(Array(text.utf8), .json) == asJSON)
  }

  @Test func replacesBytesThatAreNoText() {
    #expect(Self.harmless([0x61, 0xFF, 0xC0, 0x80, 0x62]) == "a\\xff\\xc0\\x80b")
    #expect(Self.harmless([0xED, 0xA0, 0x80]) == "\\xed\\xa0\\x80")
    #expect(Self.harmless([0xE2, 0x80]) == "\\xe2\\x80")
    #expect(Self.harmless([0xFF], .json) == "\u{FFFD}")
  }

  /// No control byte reaches a terminal, wherever blocks are cut, and what is cut is the same as what is whole.
  @Test func hostileTextCanDoNothing() {
    var generator = SeededGenerator(seed: 0x5EED_0005)
    let pieces: [[UInt8]] = [
      [0x1B], [0x9B], [0xC2, 0x9B], Array("\u{202E}".utf8), Array("\u{2069}".utf8), Array("ä".utf8),
      Array("🙂".utf8), [0xE2],
      [0x80], [0x0A], [0x09], [0x0D], [0x00], [0x7F], Array("x".utf8), [0xF4, 0x90], [0xED, 0xA0],
    ]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...12, using: &generator)).flatMap { _ in
        pieces.randomElement(using: &generator)!
      }
      let whole = Self.harmless(bytes)
      #expect(
        whole.unicodeScalars.allSatisfy { scalar in
          let value = scalar.value
          return (value >= 0x20 || value == 0x0A || value == 0x09) && !(0x7F...0x9F).contains(value)
            && !(0x202A...0x202E).contains(value) && !(0x2066...0x2069).contains(value)
        })
      let cut = Int.random(in: 0...bytes.count, using: &generator)
      var output: [UInt8] = []
      let kept = TerminalText.append(Array(bytes[..<cut]), to: &output, escape: .text, isLast: false)
      #expect(kept <= 3)
      _ = TerminalText.append(Array(bytes[(cut - kept)...]), to: &output, escape: .text)
      #expect(String(decoding: output, as: UTF8.self) == whole)
    }
  }

  @Test func aFieldOfTSVStaysOneField() {
    #expect(TerminalText.tsvField("a\tb\nc\rd\\e") == "a\\tb\\nc\\rd\\\\e")
    #expect(TerminalText.tsvField("plain") == "plain")
  }
}

@Suite struct TableOutputTests {
  @Test func alignsColumnsByWhatIsSeen() {
    var table = Table([("rank", .right), ("id", .left), ("note", .left)])
    table.add(["1", "漢字", "x"])
    table.add(["10", "a\tb", "\u{1B}[2J"])
    #expect(table.text(width: 0) == "rank  id    note\n   1  漢字  x\n  10  a\\tb  \\x1b[2J\n")
    #expect(table.tsv == "1\t漢字\tx\n10\ta\\tb\t\u{1B}[2J\n")
  }

  @Test func csvQuotesWhatMustBeQuoted() {
    var table = Table([("a", .left), ("b", .left)])
    table.add(["x,y", "say \"hi\"\n"])
    #expect(table.csv == "a,b\r\n\"x,y\",\"say \"\"hi\"\"\n\"\r\n")
  }

  @Test(
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "0.98 KiB"), (1024, "1.00 KiB"),
      (1_750_000_000, "1.63 GiB"),
    ])
  func writesSizes(_ bytes: UInt64, _ text: String) { #expect(NumberText.bytes(bytes) == text) }

  @Test func writesNumbersForPeople() {
    #expect(NumberText.grouped(0) == "0")
    #expect(NumberText.grouped(1_234_567) == "1,234,567")
    #expect(NumberText.short(411_900) == "412k")
    #expect(NumberText.seconds(milliseconds: 900) == "0.9 s")
    #expect(NumberText.seconds(milliseconds: 250_000) == "4 min 10 s")
    #expect(NumberText.fixed(-0.004, 2) == "0.00")
    #expect(NumberText.fixed(-1.006, 2) == "-1.01")
  }
}

@Suite struct ProgressTests {
  @Test func reportsRateAndRest() {
    var now: Int64 = 0
    var written: [UInt8] = []
    let messages = Messages(level: .note, isJSON: false, commandName: "import") { written += $0 }
    let progress = Progress(
      style: .json, operation: "import", phase: "read", unit: "rows", total: 1_000_000, messages: messages,
      clock: { now })
    progress.update(10)
    #expect(written.isEmpty)
    now = 1_000_000_000
    progress.update(250_000)
    now = 1_050_000_000
    progress.update(260_000)
    #expect(
      String(decoding: written, as: UTF8.self)
        == "{\"schema\":\"vdb.progress/1\",\"op\":\"import\",\"phase\":\"read\",\"done\":250000,\"total\":1000000,\"unit\":\"rows\",\"rate\":250000,\"eta_ms\":3000}\n"
    )
  }

  @Test func theLineMakesRoomForMessages() {
    var now: Int64 = 0
    var written: [UInt8] = []
    let messages = Messages(level: .note, isJSON: false, commandName: "import") { written += $0 }
    let progress = Progress(
      style: .line, operation: "import", phase: "import", unit: "rows", total: 100, messages: messages,
      clock: { now })
    now = 2_000_000_000
    progress.update(50)
    messages.note("hello")
    progress.finish()
    #expect(
      String(decoding: written, as: UTF8.self)
        == "\r\u{1B}[K[import] 50/100 rows  50 %  25 rows/s  2.0 s left\r\u{1B}[Khello\n")
  }
}

@Suite struct MessageTests {
  static func said(_ quiet: Int, _ verbose: Int) -> String {
    var written: [UInt8] = []
    let messages = Messages(
      level: Messages.level(quiet: quiet, verbose: verbose), isJSON: false, commandName: "get"
    ) { written += $0 }
    messages.warning("w")
    messages.note("n")
    messages.detail("d")
    messages.debug("b")
    return String(decoding: written, as: UTF8.self)
  }

  @Test func saysAsMuchAsAsked() {
    #expect(Self.said(0, 0) == "vdb: get: warning: w\nn\n")
    #expect(Self.said(1, 0) == "vdb: get: warning: w\n")
    #expect(Self.said(2, 0) == "")
    #expect(Self.said(0, 1) == "vdb: get: warning: w\nn\nd\n")
    #expect(Self.said(0, 9) == "vdb: get: warning: w\nn\nd\nb\n")
    #expect(Self.said(9, 0) == "")
  }

  @Test func reportsAFailureWithItsHintAndItsObject() {
    var written: [UInt8] = []
    let messages = Messages(level: .note, isJSON: false, commandName: "get") { written += $0 }
    messages.report(
      CommandFailure(.locked, "docs is being\u{1B}[2J written", hint: "retry", path: "docs"),
      endsWithJSON: true)
    #expect(
      String(decoding: written, as: UTF8.self) == """
        vdb: get: docs is being\\x1b[2J written
        hint: retry
        {"schema":"vdb.error/1","code":"locked","exit":8,"message":"docs is being\\u001b[2J written","hint":"retry","path":"docs","command":"get"}

        """)
  }

  @Test func theGraverCauseDecidesTheStatus() {
    #expect(ExitStatus.partial.combined(with: .corrupt) == .corrupt)
    #expect(ExitStatus.negative.combined(with: .ok) == .negative)
    #expect(ExitStatus.timeout.combined(with: .badInput) == .badInput)
    for first in ExitStatus.allCases {
      for second in ExitStatus.allCases {
        #expect(first.combined(with: second) == second.combined(with: first))
      }
      #expect(first.combined(with: .ok) == first)
    }
  }
}
