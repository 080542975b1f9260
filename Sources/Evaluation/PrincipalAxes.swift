public import Torch

/// The directions in which vectors vary most; two of them draw a map.
///
/// With X the vectors minus their mean, the axes are the eigenvectors of XᵀX with the largest
/// eigenvalues. The sign of an eigenvector is arbitrary: its largest component is made positive, so
/// that the same vectors give the same map.
public struct PrincipalAxes {
  /// The fraction of the vectors' variance along each axis, from 0 to 1; 0 if nothing varies.
  public let shares: [Double]
  /// `[D]`, the vectors' mean.
  private let mean: Tensor
  /// `[D, count]`; columns beyond D are 0.
  private let axes: Tensor

  /// Finds `count` axes of `vectors`, `[N, D]`.
  ///
  /// - Throws: `TorchError` when the eigenvectors cannot be found, as for vectors with NaN.
  /// - Complexity: O(N D² + D³).
  public init(of vectors: Tensor, count: Int = 2) throws {
    let values = vectors.converted(to: .float64)
    let dimension = vectors.size(along: 1)
    guard vectors.size(along: 0) > 0, dimension > 0 else {
      mean = .zeros([dimension], dtype: .float64)
      axes = .zeros([dimension, count], dtype: .float64)
      shares = Array(repeating: 0, count: count)
      return
    }
    mean = values.mean(along: 0)
    let centred = values - mean
    let eigen = try SymmetricEigenvectors(of: centred.transposed().matmul(centred))
    // Ascending; rounding can make the smallest slightly negative.
    let sizes = eigen.values.doubles().map { max(0, $0) }
    let total = sizes.reduce(0, +)
    var components = [Double](repeating: 0, count: count * dimension)
    let columns = eigen.vectors.contiguous().doubles()
    for axis in 0..<min(count, dimension) {
      let column = (0..<dimension).map { columns[$0 * dimension + dimension - 1 - axis] }
      let largest = column.max { abs($0) < abs($1) } ?? 0
      for (row, value) in column.enumerated() {
        components[count * row + axis] = largest < 0 ? -value : value
      }
    }
    axes = Tensor(components, shape: [dimension, count])
    shares = (0..<count).map { $0 < dimension && total > 0 ? sizes[dimension - 1 - $0] / total : 0 }
  }

  /// The coordinates of vectors `[N, D]` along the axes, `[N, count]`, float64.
  public func coordinates(of vectors: Tensor) -> Tensor {
    (vectors.converted(to: .float64) - mean).matmul(axes)
  }

  /// The positions of vectors `[N, D]` on the map of the first two axes.
  ///
  /// - Precondition: there are two axes or more.
  public func callAsFunction(_ vectors: Tensor) -> [PlanePoint] {
    let values = coordinates(of: vectors).contiguous().doubles()
    return (0..<vectors.size(along: 0)).map {
      PlanePoint(x: values[shares.count * $0], y: values[shares.count * $0 + 1])
    }
  }
}
