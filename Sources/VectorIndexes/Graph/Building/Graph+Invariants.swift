extension Graph {
  /// What is wrong with the graph, one sentence each; empty for a sound one.
  ///
  /// For tests and `verify --deep`.
  ///
  /// Checked: the order is a permutation; every neighbour is a node; no node is named twice in a list; free places hold the node
  /// itself and stand last; every node can be reached from the first leader.
  package func brokenInvariants() -> [String] {
    var broken: [String] = []
    let seen = WorkArray<Bool>(count: count, repeating: false)
    for node in 0..<count {
      let point = Int(order[node])
      if point >= count || seen[point] {
        broken.append("node \(node) stands for point \(point), which is no point or another's")
      } else {
        seen[point] = true
      }
    }
    for node in 0..<count {
      var list: Set<UInt32> = []
      var isAtEnd = false
      for place in 0..<maximumNeighbors {
        let neighbor = self.neighbor(node, place)
        if neighbor >= count { broken.append("node \(node) has neighbour \(neighbor) of \(count) nodes") }
        if neighbor == node {
          isAtEnd = true
        } else if isAtEnd {
          broken.append("node \(node) has neighbour \(neighbor) behind a free place")
        } else if !list.insert(neighbor).inserted {
          broken.append("node \(node) has neighbour \(neighbor) twice")
        }
      }
    }
    guard broken.isEmpty, count > 0 else { return broken }
    let unreached = unreachedCount()
    if unreached > 0 { broken.append("\(unreached) of \(count) nodes cannot be reached") }
    return broken
  }

  private func unreachedCount() -> Int {
    guard let first = leaders.first, first < count else { return count }
    let reached = WorkArray<Bool>(count: count, repeating: false)
    reached[Int(first)] = true
    var queue = [Int(first)]
    var left = count - 1
    while let node = queue.popLast() {
      for place in 0..<maximumNeighbors {
        let neighbor = Int(self.neighbor(node, place))
        if !reached[neighbor] {
          reached[neighbor] = true
          left -= 1
          queue.append(neighbor)
        }
      }
    }
    return left
  }
}
