/// One cell of a record: its bytes without the quotes around it.
struct CSVCell {
  var start = 0
  var end = 0
  /// Whether quotes stood around it.
  var isQuoted = false
  /// Whether doubled quotes stand in it.
  var isEscaped = false

  var isEmpty: Bool { start == end }
}

/// Why a record cannot be cut into cells.
enum CSVCellFailure: Error, Equatable {
  /// A quote inside a cell that does not begin with one.
  case strayQuote(offset: Int)
  /// Something other than a delimiter behind a closing quote.
  case afterQuote(offset: Int, opened: Int)
  /// A quoted cell without its end.
  case unclosed(offset: Int)
}

/// Cuts records into cells by RFC 4180, strictly.
enum CSVCells {
  /// Cuts a record; returns the number of cells, which may be greater than `capacity`: only so many are stored.
  ///
  /// Precondition: the bytes of the record are readable, and `cells` has room for `capacity`.
  static func cut(
    _ base: UnsafePointer<UInt8>, start: Int, end: Int, delimiter: UInt8,
    into cells: UnsafeMutablePointer<CSVCell>, capacity: Int
  ) throws(CSVCellFailure) -> Int {
    let quote = UInt8(ascii: "\"")
    var position = start
    var count = 0
    while true {
      var cell = CSVCell()
      if position < end, unsafe base[position] == quote {
        cell.isQuoted = true
        cell.start = position &+ 1
        var next = cell.start
        while true {
          next = unsafe ByteSearch.first(quote, base, next, end)
          guard next < end else { throw .unclosed(offset: position) }
          guard next &+ 1 < end, unsafe base[next &+ 1] == quote else { break }
          cell.isEscaped = true
          next &+= 2
        }
        cell.end = next
        position = next &+ 1
        if position < end, unsafe base[position] != delimiter {
          throw .afterQuote(offset: position, opened: cell.start)
        }
      } else {
        cell.start = position
        let next = unsafe ByteSearch.first(delimiter, quote, base, position, end)
        if next < end, unsafe base[next] == quote { throw .strayQuote(offset: next) }
        cell.end = next
        position = next
      }
      if count < capacity { unsafe cells[count] = cell }
      count &+= 1
      guard position < end else { return count }
      position &+= 1
    }
  }

  /// Appends a cell's bytes with doubled quotes made single.
  static func append(_ cell: CSVCell, _ base: UnsafePointer<UInt8>, to bytes: inout [UInt8]) {
    guard cell.isEscaped else {
      unsafe bytes.append(
        contentsOf: UnsafeBufferPointer(start: base + cell.start, count: cell.end - cell.start))
      return
    }
    var position = cell.start
    while position < cell.end {
      let quote = unsafe ByteSearch.first(UInt8(ascii: "\""), base, position, cell.end)
      let stop = min(quote + 1, cell.end)
      unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: base + position, count: stop - position))
      position = quote + 2
    }
  }
}
