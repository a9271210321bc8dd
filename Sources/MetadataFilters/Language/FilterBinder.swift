package import FileStorage

/// Puts values in the place of parameters, `NOW()` and files, and checks literals against the types of fields.
///
/// Each literal is converted once, here, and never per record: a string that is compared with a time becomes an instant,
/// one that is compared with a UUID gets its canonical spelling.
package struct FilterBinder: Sendable {
  /// The values of parameters.
  package var parameters: [String: JSONValue]
  /// What `NOW()` is.
  package var now: FilterInstant
  /// What is known of the fields.
  package var types: FilterTypes
  /// The files that `files(of:)` listed, read.
  package var files: [FilterFile: FilterValueSet]

  /// Makes a binder.
  package init(
    parameters: [String: JSONValue] = [:], now: FilterInstant, types: FilterTypes = FilterTypes(),
    files: [FilterFile: FilterValueSet] = [:]
  ) {
    self.parameters = parameters
    self.now = now
    self.types = types
    self.files = files
  }

  /// The expression with everything replaced.
  ///
  /// - Throws: `FilterError` at the predicate concerned, for a parameter that is missing or not used, a file that was not
  ///   read, or a literal that the field's type rules out.
  package func bind(_ filter: ParsedFilter) throws(FilterError) -> FilterExpression {
    var pass = BindingPass(binder: self, filter: filter)
    let bound = try pass.bind(filter.expression)
    if let unused = parameters.keys.filter({ !pass.used.contains($0) }).min() {
      throw FilterError(
        .parameter, at: .nowhere, expected: "parameters that the filter uses", found: "\(unused)",
        misspelt: FilterError.Misspelt(unused, candidates: pass.used.sorted()))
    }
    return bound
  }

  /// The expression ready to be evaluated.
  package func compile(_ filter: ParsedFilter) throws(FilterError) -> BoundFilter {
    try FilterCompiler.compile(bind(filter))
  }

  /// The files that an expression names, each once for each type its lines are read as.
  package func files(of expression: FilterExpression) -> [FilterFile] {
    var found: [FilterFile] = []
    collect(expression, element: nil, &found)
    return found
  }

  private func collect(_ expression: FilterExpression, element: FilterPath?, _ found: inout [FilterFile]) {
    switch expression {
    case .and(let parts), .or(let parts): for part in parts { collect(part, element: element, &found) }
    case .not(let inner): collect(inner, element: element, &found)
    case .quantified(_, let path, let condition):
      collect(condition, element: BindingPass.inside(path, element), &found)
    case .member(let operand, .file(let name), _):
      let file = FilterFile(name: name, type: type(of: operand, element: element))
      if !found.contains(file) { found.append(file) }
    case .constant, .compare, .between, .member, .text, .kind, .exists, .contains, .geo: break
    }
  }

  /// The type of what an operand yields.
  func type(of operand: FilterOperand, element: FilterPath?) -> FilterTypes.FieldType {
    switch operand {
    case .value: .any
    case .path(let path): types.type(of: path, element: element)
    case .length: .int
    case .lower: .text
    }
  }
}

/// One walk through an expression.
struct BindingPass {
  let binder: FilterBinder
  let filter: ParsedFilter
  /// Parameters met so far.
  var used: Set<String> = []
  /// Predicates met so far.
  private var number = 0
  /// The path of the innermost quantifier, from the record down.
  private var element: FilterPath?
  private var place: FilterError.Place = .nowhere

  init(binder: FilterBinder, filter: ParsedFilter) {
    self.binder = binder
    self.filter = filter
  }

  /// A quantifier's path from the record down, given that of the quantifier around it.
  static func inside(_ path: FilterPath, _ element: FilterPath?) -> FilterPath {
    guard path.root == .element, let element else { return path }
    return FilterPath(element.root, element.steps + path.steps)
  }

  mutating func bind(_ expression: FilterExpression) throws(FilterError) -> FilterExpression {
    switch expression {
    case .and(let parts): return .and(try bind(parts))
    case .or(let parts): return .or(try bind(parts))
    case .not(let inner): return .not(try bind(inner))
    case .constant, .compare, .between, .member, .text, .kind, .exists, .contains, .quantified, .geo: break
    }
    place = filter.place(ofPredicate: number)
    number += 1
    return try bind(predicate: expression)
  }

  private mutating func bind(_ parts: [FilterExpression]) throws(FilterError) -> [FilterExpression] {
    var bound: [FilterExpression] = []
    for part in parts { bound.append(try bind(part)) }
    return bound
  }

  private mutating func bind(predicate: FilterExpression) throws(FilterError) -> FilterExpression {
    switch predicate {
    case .compare(let left, let comparison, let right):
      let leftType = type(of: left)
      let rightType = type(of: right)
      return .compare(try bind(left, as: rightType), comparison, try bind(right, as: leftType))
    case .between(let operand, let low, let high, let isNegated):
      let type = type(of: operand)
      return .between(
        try bind(operand, as: .any), low: try bind(low, as: type), high: try bind(high, as: type),
        isNegated: isNegated)
    case .member(let operand, let list, let isNegated):
      return .member(
        try bind(operand, as: .any), try bind(list, as: type(of: operand)), isNegated: isNegated)
    case .text(let path, let operation, let pattern, let isNegated):
      return .text(path, operation, try bind(pattern: pattern, of: path, operation), isNegated: isNegated)
    case .contains(let path, let mode, let list, let isNegated):
      return .contains(path, mode, try bind(list, as: type(of: .path(path))), isNegated: isNegated)
    case .quantified(let quantifier, let path, let condition):
      let outer = element
      element = BindingPass.inside(path, outer)
      let bound = try bind(condition)
      element = outer
      return .quantified(quantifier, path, bound)
    case .constant, .and, .or, .not, .kind, .exists, .geo: return predicate
    }
  }

  private func type(of operand: FilterOperand) -> FilterTypes.FieldType {
    binder.type(of: operand, element: element)
  }

  private mutating func bind(
    _ operand: FilterOperand, as type: FilterTypes.FieldType
  ) throws(FilterError) -> FilterOperand {
    guard case .value(let value) = operand else { return operand }
    return .value(try coerce(bind(value), to: type))
  }

  /// A value without parameters and NOW.
  private mutating func bind(_ value: FilterValue) throws(FilterError) -> FilterValue {
    switch value {
    case .null, .bool, .int, .double, .string, .time: return value
    case .duration: return value.constant.map(FilterValue.init) ?? .null
    case .now(let offset):
      return .time(min(max(binder.now.adding(nanoseconds: offset), FilterInstant.first), FilterInstant.last))
    case .parameter(let name):
      guard let value = FilterValue(try parameter(name)) else {
        throw error(
          .parameter, "a single value for :\(name)", "an array or an object", "write IN :\(name) for a list")
      }
      return value
    }
  }

  private mutating func parameter(_ name: String) throws(FilterError) -> JSONValue {
    guard let value = binder.parameters[name] else {
      var error = error(.parameter, "a value for :\(name)", "none", "give it with --param \(name)=JSON")
      error.misspelt = FilterError.Misspelt(name, candidates: binder.parameters.keys.sorted())
      throw error
    }
    used.insert(name)
    return value
  }

  private mutating func bind(
    _ list: FilterList, as type: FilterTypes.FieldType
  ) throws(FilterError) -> FilterList {
    switch list {
    case .values(let values):
      var bound: [FilterValue] = []
      bound.reserveCapacity(values.count)
      for value in values { bound.append(try coerce(bind(value), to: type)) }
      return .values(bound)
    case .parameter(let name):
      guard case .array(let elements) = try parameter(name) else {
        throw error(.parameter, "an array for :\(name)", "another value", "write --param \(name)='[1, 2]'")
      }
      guard elements.count <= FilterLimits.fileValues else {
        throw error(.limit, "at most \(FilterLimits.fileValues) values", "\(elements.count)")
      }
      var bound: [FilterValue] = []
      bound.reserveCapacity(elements.count)
      for element in elements {
        guard let value = FilterValue(element) else {
          throw error(.parameter, "an array of scalars for :\(name)", "an array or an object in it")
        }
        bound.append(try coerce(value, to: type))
      }
      return .values(bound)
    case .file(let name):
      guard let set = binder.files[FilterFile(name: name, type: type)] else {
        throw error(.file, "a file of values that can be read", name)
      }
      return .loaded(name, set)
    case .loaded: return list
    }
  }

  private mutating func bind(
    pattern: FilterValue, of path: FilterPath, _ operation: TextOperator
  ) throws(FilterError) -> FilterValue {
    let fieldType = type(of: .path(path))
    switch fieldType {
    case .bool, .int, .float, .geo:
      throw error(
        .type, "a field of strings before \(FilterPrinter.word(operation))", BindingPass.name(fieldType))
    case .text, .time, .uuid, .any: break
    }
    guard case .string(let bytes) = try bind(pattern) else {
      throw error(.parameter, "a string as the pattern", "another value")
    }
    if operation == .matches { try RegularExpression.check(bytes, at: place) }
    return .string(bytes)
  }

  // MARK: Types

  /// The value as the field's type has it.
  private func coerce(_ value: FilterValue, to type: FilterTypes.FieldType) throws(FilterError) -> FilterValue
  {
    switch (type, value) {
    case (.any, _), (.geo, _), (_, .null): return value
    case (.bool, .bool), (.int, .int), (.int, .double), (.float, .int), (.float, .double): return value
    case (.text, .string), (.text, .time), (.time, .time): return value
    case (.time, .string(let text)):
      guard let instant = FilterInstant(text) else {
        throw error(
          .type, "a time such as '2026-11-21T01:20:03Z' or '2026-11-21'", FilterPrinter.text(value))
      }
      return .time(instant)
    case (.uuid, .string(let text)):
      let uuid = try? RecordID.parse(text: String(decoding: text, as: UTF8.self), type: .uuid)
      guard let uuid else { throw error(.type, "a UUID", FilterPrinter.text(value)) }
      return .string(Array(uuid.display.utf8))
    case (.int, .string(let text)), (.float, .string(let text)):
      let isNumber = (try? JSONParser.parse(text)).map { BindingPass.isNumber($0) } ?? false
      let plain = String(decoding: text, as: UTF8.self)
      throw mismatch(type, value, isNumber ? "write \(plain) without quotes" : nil)
    case (.text, .int), (.text, .double), (.text, .bool), (.uuid, _):
      throw mismatch(type, value, "write '\(FilterPrinter.text(value))' in quotes")
    case (.time, _): throw mismatch(type, value, "write TS '2026-11-21T01:20:03Z'")
    case (.bool, _): throw mismatch(type, value, "write TRUE or FALSE")
    case (.int, _), (.float, _), (.text, _): throw mismatch(type, value, nil)
    }
  }

  private static func isNumber(_ value: JSONValue) -> Bool {
    switch value {
    case .int, .double: true
    case .null, .bool, .string, .array, .object: false
    }
  }

  private func mismatch(_ type: FilterTypes.FieldType, _ value: FilterValue, _ hint: String?) -> FilterError {
    error(.type, "\(BindingPass.name(type)) for this field", FilterPrinter.text(value), hint)
  }

  private static func name(_ type: FilterTypes.FieldType) -> String {
    switch type {
    case .bool: "a boolean"
    case .int: "an integer"
    case .float: "a number"
    case .text: "a string"
    case .time: "a time"
    case .geo: "a place"
    case .uuid: "a UUID"
    case .any: "any value"
    }
  }

  private func error(
    _ code: FilterError.Code, _ expected: String, _ found: String, _ hint: String? = nil
  ) -> FilterError {
    FilterError(code, at: place, expected: expected, found: found, hint: hint)
  }
}

extension FilterValue {
  /// The value that a JSON scalar is; nil for arrays and objects.
  package init?(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .int(let int): self = .int(int)
    case .double(let double): self = .double(double)
    case .string(let text): self = .string(Array(text.utf8))
    case .array, .object: return nil
    }
  }

  /// The literal that spells a constant.
  package init(_ constant: FilterConstant) {
    switch constant {
    case .bool(let bool): self = .bool(bool)
    case .int(let int): self = .int(int)
    case .double(let double): self = .double(double)
    case .string(let bytes): self = .string(bytes)
    case .time(let instant): self = .time(instant)
    }
  }
}
