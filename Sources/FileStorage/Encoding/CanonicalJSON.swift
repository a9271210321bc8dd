/// What was changed by writing JSON canonically and might surprise.
package struct CanonicalWarnings: Equatable, Sendable {
  /// Numbers outside int64 and double that became strings of their digits.
  package var numbersKeptAsText = 0
  /// Where the first of them stood, in bytes from the start of its text.
  package var firstOffset: Int?

  /// Makes an empty record.
  package init() {}
}

/// The one spelling that each JSON value has in a collection.
///
/// ```
/// keys       sorted by their UTF-8 bytes, each once
/// spaces     none
/// strings    UTF-8; escaped are only " \ and controls: \b \t \n \f \r, others \u00xx in lower case
/// integers   without point and exponent, in int64: decimal, -0 is 0
/// others     nearest double, shortest digits that read back, always with . or e
/// outside    integers beyond int64, numbers that round to infinity or from something else to zero:
///            a string of the number as it was spelled, with a warning
/// ```
package enum CanonicalJSON {
  /// Appends the canonical spelling of the one value in `bytes`; `output` is unchanged when it throws.
  ///
  /// - Throws: `JSONError` for anything that is not RFC 8259, for duplicate keys, lone surrogates, bytes that are no UTF-8
  ///   and more than 64 levels.
  package static func append(
    _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8], warnings: inout CanonicalWarnings
  ) throws(JSONError) {
    let start = output.count
    var scanner = unsafe JSONScanner(bytes)
    var encoder = CanonicalEncoder()
    do throws(JSONError) {
      try encoder.value(&scanner, to: &output, depth: 0)
      try scanner.expectEnd()
    } catch {
      output.removeSubrange(start...)
      throw error
    }
    warnings = encoder.warnings
  }

  /// The canonical spelling of the one value in `bytes`.
  package static func encode(_ bytes: [UInt8]) throws(JSONError) -> [UInt8] {
    var output: [UInt8] = []
    var warnings = CanonicalWarnings()
    let failure: JSONError? = unsafe bytes.withUnsafeBytes { buffer in
      do throws(JSONError) {
        unsafe try append(buffer, to: &output, warnings: &warnings)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
    return output
  }

  /// The canonical spelling of a value in memory.
  ///
  /// - Throws: `duplicateKey` and `depthExceeded` (values in memory may have both), `nanOrInfinity`; the offset counts in the
  ///   value's plain spelling.
  package static func encode(_ value: JSONValue) throws(JSONError) -> [UInt8] {
    guard isFinite(value, depth: 0) else {
      throw JSONError(.nanOrInfinity, at: 0, expected: "finite numbers", found: "NaN or infinity")
    }
    var writer = JSONWriter()
    writer.value(value)
    return try encode(writer.bytes)
  }

  private static func isFinite(_ value: JSONValue, depth: Int) -> Bool {
    switch value {
    case .double(let number): number.isFinite
    case .array(let elements): elements.allSatisfy { isFinite($0, depth: depth + 1) }
    case .object(let object): object.members.allSatisfy { isFinite($0.value, depth: depth + 1) }
    case .null, .bool, .int, .string: true
    }
  }
}
