import CommandLineParsing
import TestSupport
import Testing

@Suite struct ArgumentParserTests {
  @Test(arguments: [
    "find c -k 7", "find c -k7", "find c -k=7", "find c --k 7", "find c --k=7", "look c -qk7", "find -k 7 c",
  ])
  func takesAValueInEveryForm(_ line: String) throws {
    let parsed = try Sample.run(line)
    #expect(parsed.integer(Sample.k) == 7)
    #expect(parsed.operands == ["c"])
    #expect(parsed.command.name == "find")
  }

  @Test func bundlesFlagsAndAValue() throws {
    let parsed = try Sample.run("find c -qqvofile")
    #expect(parsed.count(Sample.quiet) == 2)
    #expect(parsed.count(Sample.verbose) == 1)
    #expect(parsed.text(Sample.output) == "file")
    #expect(try Sample.run("find c -qo file").text(Sample.output) == "file")
  }

  @Test func takesGlobalAndSharedOptionsBeforeAndAfterTheCommand() throws {
    #expect(try Sample.run("-q --color always -o out find c").text(Sample.output) == "out")
    #expect(try Sample.run("find c -q").count(Sample.quiet) == 1)
    #expect(try Sample.run("-q find -q c").count(Sample.quiet) == 2)
    #expect(try Sample.run("--wait 3s find c --wait 4s").duration(Sample.wait) == 4_000_000_000)
  }

  @Test func everythingBehindTwoDashesIsAnOperand() throws {
    let parsed = try Sample.run("find -k 3 -- c -x --help --")
    #expect(parsed.operands == ["c", "-x", "--help", "--"])
  }

  @Test func aSingleDashIsAnOperandOrAValue() throws {
    #expect(try Sample.run("find c -").operands == ["c", "-"])
    #expect(try Sample.run("find c -o -").text(Sample.output) == "-")
  }

  @Test func negativeNumbersAreValuesAndOperands() throws {
    #expect(try Sample.run("find c --far -0.5").number(Sample.far) == -0.5)
    #expect(try Sample.run("find c --far -.5e1").number(Sample.far) == -5)
    #expect(try Sample.run("find c -5").operands == ["c", "-5"])
  }

  @Test func aValueWithADashIsWrittenWithEquals() throws {
    #expect(try Sample.run("find c --name=-x").text(Sample.name) == "-x")
    #expect(try Sample.run("find c --name=--k=3").text(Sample.name) == "--k=3")
    #expect(try Sample.run(["find", "c", "--name="]).text(Sample.name) == "")
    #expect(try Sample.run(["find", "c", "--name", ""]).text(Sample.name) == "")
  }

  @Test func theLastOfARepeatedOptionCounts() throws {
    #expect(try Sample.run("find c -k 1 -k 2").integer(Sample.k) == 2)
    #expect(try Sample.run("find c --tag a --tag b,c").texts(Sample.tag) == ["a", "b,c"])
    #expect(try Sample.run("find c --fields a,b.c --fields d").texts(Sample.fields) == ["a", "b.c", "d"])
    #expect(
      try Sample.run(["find", "c", "--fields", "a,\"b,c\".d"]).texts(Sample.fields) == ["a", "\"b,c\".d"])
    #expect(try Sample.run("find c --part vector,payload").texts(Sample.part) == ["vector", "payload"])
  }

  @Test func negatesWhatCanBeNegated() throws {
    #expect(try Sample.run("find c --no-color").text(Sample.color) == "never")
    #expect(try Sample.run("find c --exact --no-exact").flag(Sample.exact) == false)
    #expect(try Sample.run("find c --no-exact --exact").flag(Sample.exact) == true)
    #expect(try Sample.run("find c --no-header").flag(Sample.noHeader))
  }

  @Test func acceptsAWordInPlaceOfANumber() throws {
    let parsed = try Sample.run("find c -k all")
    #expect(parsed.integer(Sample.k) == nil)
    #expect(parsed.text(Sample.k) == "all")
  }

  @Test func readsTheEnvironmentBelowTheCommandLine() throws {
    let environment = ["TOY_WAIT": "2m", "TOY_THREADS": "9"]
    let parsed = try Sample.run("find c --threads 3", environment: environment)
    #expect(parsed.duration(Sample.wait) == 120_000_000_000)
    #expect(parsed.origin(Sample.wait) == .environment("TOY_WAIT"))
    #expect(parsed.integer(Sample.threads) == 3)
    #expect(parsed.origin(Sample.threads) == .commandLine)
    let plain = try Sample.run("find c", environment: ["TOY_WAIT": ""])
    #expect(plain.duration(Sample.wait) == 5_000_000_000)
    #expect(plain.origin(Sample.wait) == .declaredDefault)
    #expect(!plain.isGiven(Sample.wait))
  }

  @Test func commandsHaveAliasesAndNoAbbreviations() throws {
    #expect(try Sample.run("look c").command.name == "find")
    #expect(throws: UsageFailure.self) { try Sample.parse("fin c") }
    #expect(throws: UsageFailure.self) { try Sample.parse("find c --thread 3") }
  }

  @Test(
    arguments: [
      ("--help", true), ("-h", false), ("find --help", true), ("find c -k 0 --bogus -h", false),
      ("find --name --help", true), ("-qh", false), ("make --help", true), ("--bogus --help", true),
    ])
  func helpWinsOverFaults(_ line: String, _ isLong: Bool) throws {
    guard case .help(let command, let long) = try Sample.parse(line) else {
      Issue.record("\(line) asks for no help")
      return
    }
    #expect(long == isLong)
    #expect(
      command?.name
        == line.split(separator: " ").first.flatMap { Sample.table.command(named: String($0)) }?.name)
  }

  @Test(arguments: ["--version", "-V", "find --version", "find -qV", "-V bogus --bogus"])
  func versionWinsOverFaults(_ line: String) throws {
    guard case .version = try Sample.parse(line) else {
      Issue.record("\(line) does not ask for the version")
      return
    }
  }

  @Test func helpBehindTwoDashesIsAnOperand() throws {
    #expect(try Sample.run("find c -- --help").operands == ["c", "--help"])
    #expect(throws: UsageFailure.self) { try Sample.parse("--bogus -- --help") }
  }

  @Test func theSampleIsDeclaredSoundly() {
    #expect(DeclarationChecks.problems(Sample.table) == [])
  }
}

@Suite struct ArgumentParserPropertyTests {
  /// Random values, spelled in random forms, shuffled among operands, come out as they went in.
  @Test func whatIsWrittenIsReadBack() throws {
    var generator = SeededGenerator(seed: 0x5EED_0001)
    let alphabet = Array("abz09 ,=.-_\"'\\äß漢🙂\n")
    for round in 0..<3000 {
      func text() -> String {
        String(
          (0..<Int.random(in: 0...8, using: &generator)).map { _ in alphabet.randomElement(using: &generator)!
          })
      }
      var words = ["find"]
      var expected: [String: OptionValue] = [:]
      var tags: [String] = []
      var operands = ["col" + text()]
      var pieces: [[String]] = [[operands[0]]]
      if Bool.random(using: &generator) {
        let k = Int64.random(in: 1...100, using: &generator)
        expected["k"] = .integer(k)
        pieces.append(
          [["-k", "\(k)"], ["-k\(k)"], ["--k=\(k)"], ["-qk=\(k)"]].randomElement(using: &generator)!)
      }
      if Bool.random(using: &generator) {
        let far = Double(Int.random(in: -9999...9999, using: &generator)) / 10
        expected["far"] = .number(far)
        pieces.append([["--far", "\(far)"], ["--far=\(far)"]].randomElement(using: &generator)!)
      }
      if Bool.random(using: &generator) {
        let name = text()
        expected["name"] = .text(name)
        let mustAttach = name.hasPrefix("-")
        pieces.append(mustAttach || Bool.random(using: &generator) ? ["--name=\(name)"] : ["--name", name])
      }
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        let tag = text()
        tags.append(tag)
        pieces.append(["--tag=\(tag)"])
      }
      // Tags keep their order, so only the other pieces move.
      let movable = pieces.filter { !$0[0].hasPrefix("--tag") }.shuffled(using: &generator)
      words += movable.flatMap { $0 } + pieces.filter { $0[0].hasPrefix("--tag") }.flatMap { $0 }
      if Bool.random(using: &generator) {
        words.append("--")
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
          let operand = ["-x", "--help", "--", text()].randomElement(using: &generator)!
          words.append(operand)
          operands.append(operand)
        }
      }
      let parsed = try Sample.run(words)
      #expect(parsed.operands == operands, "round \(round): \(words)")
      #expect(parsed.texts(Sample.tag) == tags, "round \(round): \(words)")
      for option in [Sample.far, Sample.name] {
        #expect(parsed.values(option).first == expected[option.name], "round \(round): \(words)")
      }
      #expect(parsed.values(Sample.k).first == expected["k"] ?? .integer(10), "round \(round): \(words)")
    }
  }

  /// Any words give an invocation or a sentence; nothing traps.
  @Test func anyWordsAreAnswered() {
    var generator = SeededGenerator(seed: 0x5EED_0002)
    let parts = [
      "find", "make", "pick", "-", "--", "-k", "--k", "=", "1", "-1", "all", "--no-", "color", "--color",
      "--no-color", "-q",
      "--far", "1e999", "9999999999999999999999", "--limit", "64K", "1.5T", "99999999P", "--since",
      "2026-02-30", "--cast",
      "a=int", "=", "--fields", ",", "\0", "", "é", "-é", "--é", "--mode", "0999", "--wait", "1h", "--dims",
      "-o",
    ]
    var answered = 0
    var refused = 0
    for _ in 0..<20_000 {
      let begin = Bool.random(using: &generator) ? ["find", "c"] : []
      let words =
        begin
        + (0..<Int.random(in: 0...7, using: &generator)).map { _ in
          let first = parts.randomElement(using: &generator)!
          return Int.random(in: 0..<4, using: &generator) == 0
            ? first + parts.randomElement(using: &generator)! : first
        }
      do throws(UsageFailure) {
        _ = try Sample.parse(words)
        answered += 1
      } catch {
        #expect(!error.error.sentence.isEmpty && !error.error.sentence.hasSuffix("."), "\(words)")
        #expect(!error.error.code.isEmpty)
        refused += 1
      }
    }
    #expect(answered > 100 && refused > 1000)
  }
}
