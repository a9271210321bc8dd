import CommandLineParsing
import Testing

/// A line, the sentence that it gets, and the hint.
struct UsageCase: CustomTestStringConvertible, Sendable {
  let words: [String]
  let sentence: String
  let hint: String?
  var testDescription: String { words.joined(separator: " ") }

  init(_ line: String, _ sentence: String, _ hint: String? = nil) {
    self.init(words: line.split(separator: " ").map(String.init), sentence, hint)
  }

  init(words: [String], _ sentence: String, _ hint: String? = nil) {
    self.words = words
    self.sentence = sentence
    self.hint = hint
  }
}

@Suite struct UsageErrorTests {
  static let cases: [UsageCase] = [
    UsageCase("", "a command is missing"),
    UsageCase("-q", "a command is missing"),
    UsageCase("fnid c", "there is no command 'fnid'", "did you mean 'find'?"),
    UsageCase("xyzzy c", "there is no command 'xyzzy'"),
    UsageCase("find c --threds 3", "'find' has no option '--threds'", "did you mean '--threads'?"),
    UsageCase("find c --bogus", "'find' has no option '--bogus'"),
    UsageCase("find c -exact", "'find' has no option '-e'", "did you mean '--exact'?"),
    UsageCase("find c -z", "'find' has no option '-z'"),
    UsageCase("--colour find c", "there is no option '--colour'", "did you mean '--color'?"),
    UsageCase(
      "--far 3 find c", "the option '--far' must stand after the command", "it is an option of 'find'"),
    UsageCase("-k 3 find c", "the option '-k' must stand after the command", "it is an option of 'find'"),
    UsageCase("make c --dims 3 -o x", "'make' does not take the option '--output'"),
    UsageCase("-o x make c --dims 3", "'make' does not take the option '-o'"),
    UsageCase("find c --far", "the option '--far D' needs a value"),
    UsageCase(
      "find c --far --exact", "the option '--far D' needs a value, but '--exact' follows",
      "a value that begins with a dash is written '--far=--exact'"),
    UsageCase("find c --exact=yes", "the option '--exact' takes no value, but 'yes' was given"),
    UsageCase("find c -q=3", "the option '-q' takes no value, but '3' was given"),
    UsageCase("find c --no-color=x", "the option '--no-color' takes no value, but 'x' was given"),
    UsageCase("find c --no-far", "there is no option '--no-far': '--far' cannot be switched off"),
    UsageCase(
      "find c -k 0", "the value '0' is not valid for '-k N': it must be a whole number from 1 to 100"),
    UsageCase(
      "find c -k ten",
      "the value 'ten' is not valid for '-k N': it must be a whole number from 1 to 100 or 'all'"),
    UsageCase(
      "find c -k 99999999999999999999",
      "the value '99999999999999999999' is not valid for '-k N': it must be a whole number from 1 to 100"),
    UsageCase(
      "find c --far nan",
      "the value 'nan' is not valid for '--far D': it must be a decimal number such as 0.25"),
    UsageCase(
      "find c --far 0x10",
      "the value '0x10' is not valid for '--far D': it must be a decimal number such as 0.25"),
    UsageCase(
      "find c --far 2e3", "the value '2e3' is not valid for '--far D': it must lie between -1000.0 and 1000.0"
    ),
    UsageCase(
      "find c --far 1e999",
      "the value '1e999' is not valid for '--far D': it must lie between -1000.0 and 1000.0"),
    UsageCase(
      "find c --limit 5X",
      "the value '5X' is not valid for '--limit SIZE': it must be a number of bytes such as 4096, 64K, 64KiB or 1.5G"
    ),
    UsageCase(
      "find c --limit 1K --limit 1",
      "the value '1' is not valid for '--limit SIZE': it must be at least 1024 bytes"),
    UsageCase(
      "find c --limit 9999999T",
      "the value '9999999T' is not valid for '--limit SIZE': it is larger than any file"),
    UsageCase(
      "find c --wait 5",
      "the value '5' is not valid for '--wait DURATION': it needs a unit: ms, s, m, h, d or w"),
    UsageCase(
      "find c --wait soon",
      "the value 'soon' is not valid for '--wait DURATION': it must be a length of time such as 250ms, 30s, 10m, 2h or 7d"
    ),
    UsageCase(
      "find c --wait 99999w",
      "the value '99999w' is not valid for '--wait DURATION': it is longer than 292 years"),
    UsageCase(
      "find c --since yesterday",
      "the value 'yesterday' is not valid for '--since TIME': it must be a date such as 2026-11-21, or a time such as 2026-11-21T01:20:03Z"
    ),
    UsageCase(
      "find c --mode 999",
      "the value '999' is not valid for '--mode MODE': it must be permissions in octal such as 0600 or 0750"),
    UsageCase(
      "find c --color sometimes",
      "the value 'sometimes' is not valid for '--color WHEN': it must be auto, always or never"),
    UsageCase(
      "find c --color nevr",
      "the value 'nevr' is not valid for '--color WHEN': it must be auto, always or never",
      "did you mean 'never'?"),
    UsageCase(
      "find c --part vectr",
      "the value 'vectr' is not valid for '--part vector|payload': it must be vector or payload",
      "did you mean 'vector'?"),
    UsageCase("find c --fields a,,b", "the value 'a,,b' is not valid for '--fields LIST': it is empty"),
    UsageCase(
      "find c --cast year",
      "the value 'year' is not valid for '--cast FIELD=TYPE': it must be written FIELD=TYPE"),
    UsageCase(
      "find c --cast year=itn",
      "the value 'year=itn' is not valid for '--cast FIELD=TYPE': 'itn' is not int or float",
      "did you mean 'int'?"),
    UsageCase(
      words: ["find", "c", "--output", ""], "the value '' is not valid for '--output FILE': it is empty"),
    UsageCase(words: ["find", ""], "'' is not valid for COLLECTION: it is empty"),
    UsageCase(words: ["find", "a\0b"], "'a\0b' is not valid for COLLECTION: it holds a zero byte"),
    UsageCase("find c --once a --once b", "the option '--once' was given more than once"),
    UsageCase("find c --ids f --all", "'--ids' and '--all' exclude each other"),
    UsageCase("find c id --all", "'--all' and ID exclude each other"),
    UsageCase("pick c", "one of '--ids' or '--all' is needed"),
    UsageCase("make c", "the option '--dims N' is needed"),
    UsageCase("find", "COLLECTION is missing: the collection's folder"),
    UsageCase("make c fast x --dims 3", "'x' is one argument too many"),
    UsageCase(
      "make c fsat --dims 3", "'fsat' is not valid for ACTION: it must be fast or slow",
      "did you mean 'fast'?"),
    UsageCase("find c --confirm x", "'--confirm' has a meaning only with '--all'"),
  ]

  @Test(arguments: cases)
  func saysWhatIsWrong(_ example: UsageCase) {
    do throws(UsageFailure) {
      _ = try Sample.parse(example.words)
      Issue.record("the line was understood")
    } catch {
      #expect(error.error.sentence == example.sentence)
      #expect(error.error.hint == example.hint)
    }
  }

  @Test func namesTheVariableOfABadEnvironment() {
    do throws(UsageFailure) {
      _ = try Sample.parse("find c", environment: ["TOY_THREADS": "many"])
      Issue.record("the line was understood")
    } catch {
      #expect(
        error.error.sentence
          == "the value 'many' of TOY_THREADS is not valid for '--threads N': it must be a whole number from 1 to 64"
      )
    }
  }

  @Test func showsTheOptionsHelpLineAndTheUsage() {
    do throws(UsageFailure) {
      _ = try Sample.parse("find c -k 0")
      Issue.record("the line was understood")
    } catch {
      #expect(
        Help(Sample.table, columns: 80).afterUsageError(error) == [
          "  -k, --k N  How many", "usage: toy find [OPTIONS] COLLECTION [ID ...]", "See 'toy find --help'.",
        ])
    }
  }
}
