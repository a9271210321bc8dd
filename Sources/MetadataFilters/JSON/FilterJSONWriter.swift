import FileStorage

/// Writes the JSON form of an expression; see `FilterJSONReader`, which reads it back as an equal one.
enum FilterJSONWriter {
  /// The JSON text, on one line without spaces.
  static func text(_ expression: FilterExpression) -> String {
    var writer = Writer()
    writer.write(expression, inElement: false)
    return String(decoding: writer.json.bytes, as: UTF8.self)
  }

  private struct Writer {
    var json = JSONWriter()

    // MARK: Logic

    mutating func write(_ expression: FilterExpression, inElement: Bool) {
      switch expression {
      case .constant(let constant): json.value(constant)
      case .and(let parts): write("and", parts, inElement)
      case .or(let parts): write("or", parts, inElement)
      case .not(let inner):
        json.beginObject()
        json.key("not")
        write(inner, inElement: inElement)
        json.endObject()
      case .quantified(let quantifier, let path, let condition):
        json.beginObject()
        json.key(FilterJSONWords.quantifiers.first { $0.quantifier == quantifier }?.word ?? "")
        json.beginObject()
        json.key("path")
        write(path, inElement)
        json.key("where")
        write(condition, inElement: true)
        json.endObject()
        json.endObject()
      case .compare, .between, .member, .text, .kind, .exists, .contains, .geo:
        json.beginObject()
        writePredicate(expression, inElement)
        json.endObject()
      }
    }

    private mutating func write(_ word: String, _ parts: [FilterExpression], _ inElement: Bool) {
      guard parts.count > 1 else {
        if let part = parts.first { write(part, inElement: inElement) } else { json.value(word == "and") }
        return
      }
      json.beginObject()
      json.key(word)
      json.beginArray()
      for part in parts { write(part, inElement: inElement) }
      json.endArray()
      json.endObject()
    }

    // MARK: Predicates

    private mutating func writePredicate(_ expression: FilterExpression, _ inElement: Bool) {
      switch expression {
      case .compare(let left, let comparison, let right):
        write(left: left, inElement)
        write(operator: FilterJSONWords.comparisons.first { $0.comparison == comparison }?.word ?? "", false)
        write(right, inElement)
      case .between(let operand, let low, let high, let isNegated):
        write(left: operand, inElement)
        write(operator: "between", isNegated)
        json.beginArray()
        write(low, inElement)
        write(high, inElement)
        json.endArray()
      case .member(let operand, let list, let isNegated):
        write(left: operand, inElement)
        write(operator: "in", isNegated)
        write(list)
      case .text(let path, let operation, let pattern, let isNegated):
        write(left: .path(path), inElement)
        write(operator: FilterJSONWords.texts.first { $0.operation == operation }?.word ?? "", isNegated)
        write(pattern)
      case .kind(let path, let kind, let isNegated):
        write(left: .path(path), inElement)
        write(operator: isNegated ? "is_not" : "is", false)
        json.value(FilterPrinter.word(kind).lowercased())
      case .exists(let path, let isNegated):
        write(left: .path(path), inElement)
        json.key("op")
        json.value(isNegated ? "missing" : "exists")
      case .contains(let path, let mode, let list, let isNegated):
        write(left: .path(path), inElement)
        write(operator: FilterJSONWords.contains.first { $0.mode == mode }?.word ?? "", isNegated)
        if mode == .one, case .values(let values) = list, let value = values.first {
          write(value)
        } else {
          write(list)
        }
      case .geo(let path, let shape):
        write(left: .path(path), inElement)
        write(shape)
      case .constant, .and, .or, .not, .quantified: break
      }
    }

    private mutating func write(operator word: String, _ isNegated: Bool) {
      json.key("op")
      json.value(isNegated ? "not_" + word : word)
      json.key("value")
    }

    private mutating func write(_ shape: GeoShape) {
      switch shape {
      case .radius(let center, let metres):
        write(operator: "geo_radius", false)
        write([("lat", center.latitude), ("lon", center.longitude), ("radius_m", metres)])
      case .box(let top, let left, let bottom, let right):
        write(operator: "geo_bbox", false)
        write([("top", top), ("left", left), ("bottom", bottom), ("right", right)])
      case .polygon(let rings):
        write(operator: "geo_polygon", false)
        json.value(WKT.text(rings))
      }
    }

    private mutating func write(_ numbers: [(String, Double)]) {
      json.beginObject()
      for (key, number) in numbers {
        json.key(key)
        json.raw(Array(FilterPrinter.number(number).utf8))
      }
      json.endObject()
    }

    // MARK: Operands and values

    private mutating func write(left: FilterOperand, _ inElement: Bool) {
      switch left {
      case .path(let path):
        json.key("path")
        write(path, inElement)
      case .length(let path):
        json.key("length")
        write(path, inElement)
      case .lower(let path):
        json.key("lower")
        write(path, inElement)
      case .value(let value):
        json.key("left")
        write(value)
      }
    }

    private mutating func write(_ operand: FilterOperand, _ inElement: Bool) {
      guard case .value(let value) = operand else {
        json.beginObject()
        write(left: operand, inElement)
        json.endObject()
        return
      }
      write(value)
    }

    private mutating func write(_ path: FilterPath, _ inElement: Bool) {
      guard inElement, path.root == .metadata else {
        var text = FilterPrinter.text(path)
        // The element is what paths start at; only one that begins with a name can do without the dot.
        if path.root == .element, case .name? = path.steps.first { text.removeFirst() }
        json.value(text)
        return
      }
      json.beginObject()
      json.key("record")
      json.value(FilterPrinter.text(path))
      json.endObject()
    }

    private mutating func write(_ list: FilterList) {
      switch list {
      case .values(let values):
        json.beginArray()
        for value in values { write(value) }
        json.endArray()
      case .parameter(let name): write("param", name)
      case .file(let name), .loaded(let name, _): write("file", name)
      }
    }

    private mutating func write(_ key: String, _ text: String) {
      json.beginObject()
      json.key(key)
      json.value(text)
      json.endObject()
    }

    private mutating func write(_ value: FilterValue) {
      switch value {
      case .null: json.null()
      case .bool(let bool): json.value(bool)
      case .int(let int): json.value(int)
      case .double(let double): json.value(double)
      case .string(let bytes): json.value(String(decoding: bytes, as: UTF8.self))
      case .time(let instant): write("ts", instant.text)
      case .duration(let duration): write("duration", FilterPrinter.duration(duration))
      case .now(let offset): write("now", FilterJSONWriter.offset(offset))
      case .parameter(let name): write("param", name)
      }
    }
  }

  private static func offset(_ offset: Int64) -> String {
    guard offset != 0 else { return "" }
    return (offset < 0 ? "-" : "") + FilterPrinter.duration(offset == .min ? .max : Int64(offset.magnitude))
  }
}
