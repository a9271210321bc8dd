import FileStorage
import MetadataFilters
import VectorMath

extension RecordParser {
  /// Takes a vector and appends it to the rows; false when it is null and may be absent.
  ///
  /// What was appended before a failure is for the caller to take back.
  mutating func takeVector(_ scanner: inout JSONScanner, _ rows: inout RecordRows) throws(JSONError) -> Bool {
    let kind = try scanner.peekKind()
    let start = scanner.position
    switch kind {
    case .array: break
    case .string: break
    case .null where shape.vectorIsOptional:
      try scanner.readNull()
      try withoutVector(&rows)
      return false
    case .null, .bool, .number, .object:
      throw stop(
        RecordFailure(
          .vectorType, at: start, column: shape.vectorName, expected: "an array of numbers",
          found: scanner.excerpt(from: start)))
    }
    // With an unknown dimension, or a longer vector to be cut, the numbers go aside first.
    let known = rows.hasDimension && shape.truncatedDimension == nil
    let capacity = known ? rows.batch.dimension : shape.maximumDimension
    let first = rows.batch.vectors.count
    var floats: [Float] = []
    swap(&floats, &wideVector)
    if known { swap(&floats, &rows.batch.vectors) }
    let base = known ? first : 0
    if floats.count < base + capacity {
      floats.append(contentsOf: repeatElement(0, count: base + capacity - floats.count))
    }
    let result: Result<VectorSeen, JSONError> = unsafe floats.withUnsafeMutableBufferPointer { all in
      let target = unsafe UnsafeMutableBufferPointer(rebasing: all[base..<base + capacity])
      do throws(JSONError) {
        return .success(
          kind == .array
            ? try unsafe readArray(&scanner, into: target)
            : try unsafe readText(&scanner, into: target, &rows))
      } catch { return .failure(error) }
    }
    let outcome: Result<Int, JSONError>
    switch result {
    case .failure(let error): outcome = .failure(error)
    case .success(let seen):
      outcome = unsafe floats.withUnsafeMutableBufferPointer { all in
        do throws(JSONError) {
          let target = unsafe UnsafeMutableBufferPointer(rebasing: all[base..<base + capacity])
          return .success(try unsafe check(seen, target, rows, at: start))
        } catch { return .failure(error) }
      }
    }
    if known {
      swap(&floats, &rows.batch.vectors)
      swap(&floats, &wideVector)
      _ = try outcome.get()
      return true
    }
    let kept: Int
    do throws(JSONError) { kept = try outcome.get() } catch {
      swap(&floats, &wideVector)
      throw error
    }
    rows.setDimension(kept, at: start)
    rows.batch.vectors.append(contentsOf: floats[..<kept])
    swap(&floats, &wideVector)
    return true
  }

  /// Stands in for a vector that is absent, where that is allowed.
  mutating func withoutVector(_ rows: inout RecordRows) throws(JSONError) {
    if let embeddingFailure { throw stop(embeddingFailure) }
    guard shape.vectorIsOptional else {
      throw stop(
        RecordFailure(
          .vectorMissing, at: 0, column: shape.vectorName, expected: "a vector in every record",
          found: "a record without one", hint: "--vector-field PATH names another field"))
    }
    let wanted = (rows.batch.count + 1) * rows.batch.dimension
    rows.batch.vectors.append(contentsOf: repeatElement(0, count: wanted - rows.batch.vectors.count))
  }

  /// What was read of a vector.
  struct VectorSeen {
    /// Numbers in the text, also those beyond the room for them.
    var count: Int
    /// The first number too great for a float.
    var overflow: Int?
    /// Whether it must still be looked through for NaN, infinity and zeros.
    var needsRules: Bool
  }

  private mutating func readArray(
    _ scanner: inout JSONScanner, into target: UnsafeMutableBufferPointer<Float>
  ) throws(JSONError) -> VectorSeen {
    var index = 0
    do throws(JSONError) {
      let seen = try unsafe scanner.readFloatArray(into: target, index: &index)
      return VectorSeen(
        count: seen.count, overflow: seen.firstOverflow,
        needsRules: !seen.hasNonZero || shape.rules.normalizes || shape.rules.wholeType != nil)
    } catch {
      let column = "\(shape.vectorName)[\(index)]"
      switch error.code {
      case .nanOrInfinity:
        throw stop(
          RecordFailure(
            .notFinite, at: error.offset, column: column, expected: "a finite number", found: error.found,
            hint: "--nan skip leaves such rows out"))
      case .wrongType:
        throw stop(
          RecordFailure(
            .vectorNumber, at: error.offset, column: column, expected: "a number", found: error.found,
            hint: error.found.hasPrefix("'[") ? "a vector is one flat array of numbers" : nil))
      case .invalidSyntax, .unexpectedEnd, .trailingData, .duplicateKey, .loneSurrogate, .invalidEscape,
        .controlCharacter, .invalidUTF8, .depthExceeded:
        throw stop(RecordFailure(error, column: column))
      }
    }
  }

  /// Reads a vector that is spelled in a string.
  private mutating func readText(
    _ scanner: inout JSONScanner, into target: UnsafeMutableBufferPointer<Float>, _ rows: inout RecordRows
  ) throws(JSONError) -> VectorSeen {
    let text = try scanner.readString()
    unescaped.removeAll(keepingCapacity: true)
    scanner.appendUnescaped(text, to: &unescaped)
    var notes = VectorText.Notes()
    let (encoding, elementType) = (shape.vectorEncoding, shape.elementType)
    let wanted = rows.hasDimension && shape.truncatedDimension == nil ? rows.batch.dimension : nil
    let result: Result<Int, VectorText.Failure> = unsafe unescaped.withUnsafeBytes { bytes in
      guard let address = target.baseAddress else { return .success(0) }
      do throws(VectorText.Failure) {
        return .success(
          try unsafe VectorText.parse(
            bytes, encoding: encoding, elementType: elementType, dimension: wanted, into: address,
            capacity: target.count, notes: &notes))
      } catch { return .failure(error) }
    }
    switch result {
    case .failure(let fault):
      let offset = text.hasEscapes ? text.start : text.start + fault.offset
      throw stop(
        RecordFailure(
          fault.code, at: offset,
          column: fault.index.map { "\(shape.vectorName)[\($0)]" } ?? shape.vectorName,
          expected: fault.expected, found: fault.found, hint: fault.hint))
    case .success(let count):
      if notes.contains(.wrapped) {
        rows.warnings.note(
          FormatWarning(
            .numpyWrapper, column: shape.vectorName, message: "np.float32(…) was taken off the numbers"))
      }
      if notes.contains(.spaced) {
        rows.warnings.note(
          FormatWarning(
            .numpyRepresentation, column: shape.vectorName,
            message: "vectors were printed by numpy, which rounds to 8 digits"))
      }
      return VectorSeen(count: count, overflow: nil, needsRules: true)
    }
  }

  /// Judges a vector that was read and returns how many of its numbers are kept.
  private mutating func check(
    _ seen: VectorSeen, _ target: UnsafeMutableBufferPointer<Float>, _ rows: RecordRows, at start: Int
  ) throws(JSONError) -> Int {
    let column = shape.vectorName
    guard seen.count > 0 else {
      throw stop(
        RecordFailure(.vectorEmpty, at: start, column: column, expected: "at least one number", found: "none")
      )
    }
    var kept = seen.count
    if let truncated = shape.truncatedDimension {
      guard seen.count >= truncated, seen.count <= shape.maximumDimension else {
        throw stop(
          RecordFailure(
            seen.count < truncated ? .dimensionsMismatch : .dimensionsLimit, at: start, column: column,
            expected: "\(truncated) to \(shape.maximumDimension) numbers", found: "\(seen.count)"))
      }
      kept = truncated
    } else if rows.hasDimension {
      guard seen.count == rows.batch.dimension else {
        throw stop(RecordParser.mismatch(shape, expected: rows.batch.dimension, found: seen.count, at: start))
      }
    } else if seen.count > shape.maximumDimension {
      throw stop(
        RecordFailure(
          .dimensionsLimit, at: start, column: column, expected: "at most \(shape.maximumDimension) numbers",
          found: "\(seen.count)"))
    }
    if let overflow = seen.overflow {
      throw stop(
        RecordFailure(
          .floatOverflow, at: start, column: "\(column)[\(overflow)]",
          expected: "a number within ±3.4028235e38",
          found: "a greater one"))
    }
    guard seen.needsRules || kept < seen.count, let address = target.baseAddress else { return kept }
    do throws(VectorRules.Refusal) {
      try unsafe shape.rules.apply(address, count: kept)
    } catch {
      switch error {
      case .notFinite(let index, let isNaN):
        throw stop(
          RecordFailure(
            .notFinite, at: start, column: "\(column)[\(index)]", expected: "a finite number",
            found: isNaN ? "NaN" : "infinity", hint: "--nan skip leaves such rows out"))
      case .zero:
        throw stop(
          RecordFailure(
            .zeroVector, at: start, column: column, expected: "a number other than zero",
            found: "\(kept) zeros, which have no direction", hint: "--zero-vector allow takes such rows"))
      case .notHeld(let index, let number, let type):
        throw stop(
          RecordFailure(
            FormatErrorCode(notHeld: number), at: start, column: "\(column)[\(index)]",
            expected: type.numbers,
            found: ElementType.text(number), hint: type.notHeldHint))
      }
    }
    return kept
  }

  /// The failure for a vector of another length.
  static func mismatch(_ shape: RecordShape, expected: Int, found: Int, at offset: Int) -> RecordFailure {
    let origin = shape.dimensionOrigin.map { ", as \($0) has" } ?? ""
    return RecordFailure(
      .dimensionsMismatch, at: offset, column: shape.vectorName, expected: "\(expected) numbers\(origin)",
      found: "\(found)")
  }
}
