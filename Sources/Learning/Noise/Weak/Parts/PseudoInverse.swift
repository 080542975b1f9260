/// (AᵀA + 1e-10 I)⁻¹ Aᵀ of a matrix with k columns, k rows of the result.
///
/// - Complexity: O(rows · k² + k³).
func pseudoInverse(_ matrix: [[Double]]) -> [[Double]] {
  let count = matrix[0].count
  // [AᵀA | Aᵀ], reduced to [I | result].
  var system = (0..<count).map { i in
    (0..<count).map { j in matrix.reduce(i == j ? 1e-10 : 0) { $0 + $1[i] * $1[j] } }
      + matrix.map { $0[i] }
  }
  for pivot in 0..<count {
    let best = (pivot..<count).max { abs(system[$0][pivot]) < abs(system[$1][pivot]) } ?? pivot
    system.swapAt(pivot, best)
    let scale = system[pivot][pivot]
    system[pivot] = system[pivot].map { $0 / scale }
    for row in 0..<count where row != pivot {
      let factor = system[row][pivot]
      system[row] = zip(system[row], system[pivot]).map { $0 - factor * $1 }
    }
  }
  return system.map { Array($0.dropFirst(count)) }
}
