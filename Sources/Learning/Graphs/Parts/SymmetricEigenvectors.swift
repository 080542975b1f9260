/// Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's rotations.
enum SymmetricEigenvectors {
  /// The values, and the vectors as columns of a matrix, both row after row.
  ///
  /// - Complexity: O(size³) for each of about ten sweeps.
  static func of(_ matrix: [Double], size: Int) -> (values: [Double], vectors: [Double]) {
    var a = matrix
    var vectors = [Double](repeating: 0, count: size * size)
    for index in 0..<size { vectors[index * size + index] = 1 }
    let scale = matrix.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<100 {
      var rest = 0.0
      for row in 0..<size {
        for column in (row + 1)..<size {
          rest += a[row * size + column] * a[row * size + column]
        }
      }
      if rest <= scale * 1e-30 { break }
      for row in 0..<size {
        for column in (row + 1)..<size where a[row * size + column] != 0 {
          rotate(&a, &vectors, row, column, size)
        }
      }
    }
    return ((0..<size).map { a[$0 * size + $0] }, vectors)
  }

  /// Makes the entry of a row and a column 0.
  private static func rotate(
    _ a: inout [Double], _ vectors: inout [Double], _ p: Int, _ q: Int, _ size: Int
  ) {
    let half = (a[q * size + q] - a[p * size + p]) / (2 * a[p * size + q])
    let tangent = (half < 0 ? -1 : 1) / (abs(half) + (half * half + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for k in 0..<size {
      let (left, right) = (a[k * size + p], a[k * size + q])
      a[k * size + p] = cosine * left - sine * right
      a[k * size + q] = sine * left + cosine * right
    }
    for k in 0..<size {
      let (left, right) = (a[p * size + k], a[q * size + k])
      a[p * size + k] = cosine * left - sine * right
      a[q * size + k] = sine * left + cosine * right
      let (first, second) = (vectors[k * size + p], vectors[k * size + q])
      vectors[k * size + p] = cosine * first - sine * second
      vectors[k * size + q] = sine * first + cosine * second
    }
  }
}
