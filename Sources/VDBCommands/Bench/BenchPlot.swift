#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Recall against speed as an SVG image: up and to the right is better.
///
/// Speeds are on a logarithmic axis, and so are the shares of rows that are missed: half of what is missing is as far at 0.9 as at
/// 0.99. Each way of asking has its colour and its own mark; a curve joins the points of growing
/// effort. The image follows the reader's choice of light or dark.
struct BenchPlot {
  /// One way of asking: a colour and a mark in the image, a line in its legend.
  private struct Series {
    let name: String
    let color: Int
    /// The number of its mark; nil for a curve.
    let mark: Int?
    var points: [(recall: Double, rate: Double, label: String?)]

    var isCurve: Bool { mark == nil }
  }

  private let facts: BenchFacts
  private let options: BenchOptions
  private let series: [Series]
  private let recalls: ClosedRange<Double>
  /// Decimal logarithms of the speeds.
  private let rates: ClosedRange<Double>

  // The area of the points.
  private static let width = 960.0
  private static let leastHeight = 600.0
  private static let left = 86.0
  private static let right = 700.0
  private static let top = 84.0

  /// Takes the lines that have a recall; the others are left out.
  init(_ results: [BenchResult], _ facts: BenchFacts, _ options: BenchOptions) {
    self.facts = facts
    self.options = options
    series = BenchPlot.series(results)
    let points = series.flatMap(\.points)
    let least = points.map(\.recall).min() ?? 0.9
    recalls = (BenchPlot.ticks.last { $0 <= min(least, 0.95) } ?? 0)...1
    let logs = points.map { log10(max($0.rate, 1e-3)) }
    let (low, high) = (logs.min() ?? 0, logs.max() ?? 1)
    // A fifth of a decade of room, and at least one decade in all.
    let middle = (low + high) / 2
    rates = min(low - 0.2, middle - 0.5)...max(high + 0.2, middle + 0.5)
  }

  private static func series(_ results: [BenchResult]) -> [Series] {
    var all: [Series] = []
    var methods: [String] = []
    /// Each method has a mark of its own, the same in every suite.
    func mark(_ method: String) -> Int {
      let method = method.hasPrefix("exact") ? "exact" : method
      if let known = methods.firstIndex(of: method) { return known }
      methods.append(method)
      return methods.count - 1
    }
    func add(_ name: String, _ color: Int, _ method: String?, _ result: BenchResult, _ label: String?) {
      guard let recall = result.recall else { return }
      let point = (recall: recall, rate: result.rate, label: label)
      if let index = all.firstIndex(where: { $0.name == name }) {
        all[index].points.append(point)
      } else {
        all.append(Series(name: name, color: color, mark: method.map(mark), points: [point]))
      }
    }
    for result in results {
      let place = "\(result.suite.rawValue), \(result.threads) thread\(result.threads == 1 ? "" : "s")"
      switch result.suite {
      case .search, .batch:
        let color = result.suite == .search ? 0 : 1
        if let effort = result.effort {
          add(place + ", by ef", color, nil, result, "\(effort)")
        } else {
          add(place + ": " + result.method, color, result.method, result, nil)
        }
      case .cold:
        add(
          "process, \(result.condition): \(result.method)", result.condition == "cache warm" ? 2 : 3,
          result.method, result, nil)
      case .filter:
        guard let filter = result.filter else { continue }
        let share = "\(NumberText.plain((filter.share * 10_000).rounded() / 100)) %"
        let kinds = ["random", "correlated", "anti-correlated"]
        let color = kinds.firstIndex(of: filter.kind).map { 4 + $0 } ?? 3
        let name = filter.kind == "given" ? result.condition : filter.kind
        add("filter: " + name, color, "filter: " + name, result, share)
      case .insert, .import, .delete: break
      }
    }
    return all
  }

  // MARK: Drawing

  /// Where recalls are written.
  private static let ticks = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1]

  /// The place of a recall on an axis that widens towards 1, which itself is as far from 0.999 as 0.998 is.
  private static func stretched(_ recall: Double) -> Double { -log10(1.001 - min(max(recall, 0), 1)) }

  private func x(_ recall: Double) -> Double {
    let (low, high) = (BenchPlot.stretched(recalls.lowerBound), BenchPlot.stretched(recalls.upperBound))
    let share = (BenchPlot.stretched(recall) - low) / (high - low)
    return BenchPlot.left + share * (BenchPlot.right - BenchPlot.left)
  }

  private func y(_ rate: Double) -> Double {
    let share = (log10(max(rate, 1e-3)) - rates.lowerBound) / (rates.upperBound - rates.lowerBound)
    return bottom - share * (bottom - BenchPlot.top)
  }

  /// Room for the area, and for the legend where that is longer.
  private var height: Double {
    let legend = series.reduce(BenchPlot.top) { $0 + BenchPlot.legendHeight($1) }
    return max(BenchPlot.leastHeight, legend + 48)
  }

  private var bottom: Double { height - 72 }

  private static func legendHeight(_ series: Series) -> Double { series.isCurve ? 25 : 40 }

  /// The image as text.
  var svg: String {
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(BenchPlot.width)) \(Int(height))" width="\(Int(BenchPlot.width))" height="\(Int(height))" font-family="system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="13">
      <style>
      .ground { fill: #ffffff; } .ink { fill: #1a1a1a; } .faint { fill: #5c5c5c; }
      .grid { stroke: #d9d9d9; stroke-width: 1; } .axis { stroke: #5c5c5c; stroke-width: 1.5; fill: none; }
      .c0 { fill: #0072b2; stroke: #0072b2; } .c1 { fill: #d55e00; stroke: #d55e00; }
      .c2 { fill: #00805c; stroke: #00805c; } .c3 { fill: #a8518a; stroke: #a8518a; }
      .full { stroke-width: 2; } .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; } .hollow { fill-opacity: 0; stroke-width: 2; }
      .c4 { fill: #8a6500; stroke: #8a6500; } .c5 { fill: #b3263f; stroke: #b3263f; } .c6 { fill: #5b4db3; stroke: #5b4db3; }
      @media (prefers-color-scheme: dark) {
      .ground { fill: #14171a; } .ink { fill: #f0f0f0; } .faint { fill: #b0b0b0; }
      .grid { stroke: #363c42; } .axis { stroke: #b0b0b0; }
      .c0 { fill: #56b4e9; stroke: #56b4e9; } .c1 { fill: #ff9a4d; stroke: #ff9a4d; }
      .c2 { fill: #3fd0a4; stroke: #3fd0a4; } .c3 { fill: #e39bc8; stroke: #e39bc8; }
      .c4 { fill: #e5c454; stroke: #e5c454; } .c5 { fill: #ff7f91; stroke: #ff7f91; } .c6 { fill: #a99cff; stroke: #a99cff; }
      }
      </style>
      <rect class="ground" width="100%" height="100%"/>

      """
    text += title()
    text += axes()
    for one in series { text += draw(one) }
    text += legend()
    return text + "</svg>\n"
  }

  private func title() -> String {
    let data =
      "\(NumberText.grouped(UInt64(facts.rows))) rows, \(facts.dimension)-d \(facts.elementType), \(facts.metric), \(facts.queryCount) queries, medians of \(counted(UInt64(options.runs), "run"))"
    return "<text class=\"ink\" x=\"24\" y=\"32\" font-size=\"18\" font-weight=\"600\">"
      + "\(BenchPlot.escaped(facts.name)): recall@\(facts.k) against speed</text>\n"
      + "<text class=\"faint\" x=\"24\" y=\"54\">\(BenchPlot.escaped(data))</text>\n"
      + "<text class=\"faint\" x=\"24\" y=\"\(Int(height) - 12)\" font-size=\"11\">\(BenchPlot.escaped(facts.machine.text))</text>\n"
  }

  private func axes() -> String {
    let (left, right, top, bottom) = (BenchPlot.left, BenchPlot.right, BenchPlot.top, bottom)
    var text = ""
    for recall in BenchPlot.ticks where recalls.contains(recall) {
      let place = BenchPlot.number(x(recall))
      text += "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(top)\" y2=\"\(bottom)\"/>\n"
      text +=
        "<text class=\"faint\" x=\"\(place)\" y=\"\(bottom + 20)\" text-anchor=\"middle\">\(NumberText.plain(recall))</text>\n"
    }
    let spansFar = rates.upperBound - rates.lowerBound > 3
    for decade in Int(rates.lowerBound.rounded(.down))...Int(rates.upperBound.rounded(.up)) {
      for digit in spansFar ? [1.0] : [1.0, 2.0, 5.0] {
        let rate = digit * pow(10, Double(decade))
        guard rates.contains(log10(rate)) else { continue }
        let place = BenchPlot.number(y(rate))
        text += "<line class=\"grid\" x1=\"\(left)\" x2=\"\(right)\" y1=\"\(place)\" y2=\"\(place)\"/>\n"
        text +=
          "<text class=\"faint\" x=\"\(left - 8)\" y=\"\(BenchPlot.number(y(rate) + 4.5))\" text-anchor=\"end\">\(rate < 1 ? NumberText.plain(rate) : NumberText.grouped(UInt64(rate)))</text>\n"
      }
    }
    text += "<path class=\"axis\" d=\"M\(left) \(top)V\(bottom)H\(right)\"/>\n"
    text +=
      "<text class=\"ink\" x=\"\((left + right) / 2)\" y=\"\(bottom + 42)\" text-anchor=\"middle\">recall@\(facts.k) (share of the nearest rows found; the axis widens towards 1)</text>\n"
    text +=
      "<text class=\"ink\" transform=\"translate(20 \((top + bottom) / 2)) rotate(-90)\" text-anchor=\"middle\">queries per second (logarithmic)</text>\n"
    return text
  }

  private func draw(_ series: Series) -> String {
    var text = "<g class=\"c\(series.color)\">\n"
    if series.isCurve {
      let path = series.points.enumerated().map {
        "\($0.offset == 0 ? "M" : "L")\(BenchPlot.number(x($0.element.recall))) \(BenchPlot.number(y($0.element.rate)))"
      }.joined()
      text += "<path class=\"line\" d=\"\(path)\"/>\n"
    }
    for point in series.points { text += mark(series, x: x(point.recall), y: y(point.rate)) }
    text += "</g>\n"
    // The ends and every third point between: enough to read off an effort, not enough to clutter.
    for (index, point) in series.points.enumerated() {
      guard let label = point.label else { continue }
      if series.isCurve, index != 0, index != series.points.count - 1, index % 3 != 0 { continue }
      text +=
        "<text class=\"faint\" x=\"\(BenchPlot.number(x(point.recall) - 9))\" y=\"\(BenchPlot.number(y(point.rate) + 14))\" text-anchor=\"end\" font-size=\"11\">\(BenchPlot.escaped(label))</text>\n"
    }
    return text
  }

  /// The outlines of the marks around a place: square, diamond, triangles, cross, plus, hexagon, circle.
  private static let outlines = [
    "m-6 -6h12v12h-12z", "m0 -8l8 8l-8 8l-8 -8z", "m0 -8l7.5 13h-15z", "m0 8l7.5 -13h-15z",
    "m-6 -6l12 12m0 -12l-12 12", "m0 -8v16m-8 -8h16", "m-7 0l3.5 -6.5h7l3.5 6.5l-3.5 6.5h-7z",
    "m-6.5 0a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0 -13 0z",
  ]

  /// Filled circles on curves; for single points a shape of its own, hollow first and filled when all were used.
  private func mark(_ series: Series, x: Double, y: Double) -> String {
    let (h, v) = (BenchPlot.number(x), BenchPlot.number(y))
    guard let mark = series.mark else { return "<circle cx=\"\(h)\" cy=\"\(v)\" r=\"4\"/>\n" }
    let shapes = BenchPlot.outlines
    let look = mark / shapes.count % 2 == 0 ? "hollow" : "full"
    return "<path class=\"\(look)\" d=\"M\(h) \(v)\(shapes[mark % shapes.count])\"/>\n"
  }

  private func legend() -> String {
    var text = ""
    var line = BenchPlot.top + 6
    for one in series {
      text += "<g class=\"c\(one.color)\">\n"
      if one.isCurve { text += "<path class=\"line\" d=\"M722 \(line)h24\"/>\n" }
      text += mark(one, x: 734, y: line) + "</g>\n"
      let name = DisplayWidth.cut(one.name, to: 34)
      text +=
        "<text class=\"ink\" x=\"756\" y=\"\(line + 4.5)\" font-size=\"12\">\(BenchPlot.escaped(name))</text>\n"
      if let best = one.points.max(by: { $0.rate < $1.rate }), !one.isCurve {
        text +=
          "<text class=\"faint\" x=\"756\" y=\"\(line + 19.5)\" font-size=\"11\">\(NumberText.rounded(best.rate))/s at \(NumberText.fixed(best.recall, 3))</text>\n"
      }
      line += BenchPlot.legendHeight(one)
    }
    return text
  }

  private static func number(_ value: Double) -> String { NumberText.fixed(value, 1) }

  /// Text without the characters that mean something in XML, and without controls.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default:
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value >= 0xFFFE
        if isControl { result += "\u{FFFD}" } else { result.unicodeScalars.append(scalar) }
      }
    }
    return result
  }
}
