/// Finds what a mistyped word may have meant.
package enum Suggestions {
  /// The candidates nearest to `word`, nearest first, at most three.
  ///
  /// A candidate counts when it is at most two changes away (Damerau-Levenshtein, restricted form: insert,
  /// delete, replace, swap of neighbours), at most one for words of up to three letters, or when it
  /// begins with `word` and `word` has at least two letters. Case does not count.
  package static func nearest(to word: String, among candidates: [String]) -> [String] {
    let wanted = Array(word.lowercased().utf8)
    guard !wanted.isEmpty, wanted.count <= 64 else { return [] }
    let limit = wanted.count <= 3 ? 1 : 2
    var found: [(distance: Int, name: String)] = []
    for candidate in candidates where !found.contains(where: { $0.name == candidate }) {
      let letters = Array(candidate.lowercased().utf8)
      var distance = editDistance(wanted, letters, limit: limit)
      if distance > limit, wanted.count >= 2, letters.starts(with: wanted) { distance = limit }
      if distance <= limit { found.append((distance, candidate)) }
    }
    found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return found.prefix(3).map(\.name)
  }

  /// The number of changes between two words, or `limit + 1` when it is larger than `limit`.
  package static func editDistance(_ first: [UInt8], _ second: [UInt8], limit: Int) -> Int {
    if abs(first.count - second.count) > limit { return limit + 1 }
    var beforeLast = [Int](repeating: 0, count: second.count + 1)
    var last = Array(0...second.count)
    for i in first.indices {
      var row = last
      row[0] = i + 1
      for j in second.indices {
        let replaced = last[j] + (first[i] == second[j] ? 0 : 1)
        var best = min(replaced, last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row[j + 1] = best
      }
      beforeLast = last
      last = row
    }
    return min(last[second.count], limit + 1)
  }
}
