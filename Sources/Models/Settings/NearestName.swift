/// How many letters have to be put in, left out, exchanged, or swapped with their neighbours to turn
/// one name into the other; capital letters are as small ones.
///
/// - Source: the optimal string alignment distance, after Damerau, A technique for computer detection
///   and correction of spelling errors, CACM 1964, <https://doi.org/10.1145/363958.363994>.
func editDistance(_ first: String, _ second: String) -> Int {
  let (a, b) = (Array(first.lowercased()), Array(second.lowercased()))
  var rows = [Array(0...b.count)]
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, rows[i - 1][j - 1] + 1)
      }
      row.append(cost)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}

extension Collection<String> {
  /// The name that `name` was probably meant to be; nil where none is like it.
  ///
  /// - Parameter word: the part of a name to be compared; all of it by default.
  func nearest(to name: String, by word: (String) -> String = { $0 }) -> String? {
    let best = map { (name: $0, distance: editDistance(name, word($0))) }
      .min { $0.distance < $1.distance }
    guard let best, best.distance <= Swift.max(2, name.count / 3), best.distance < name.count else {
      return nil
    }
    return best.name
  }
}
