public import Torch

/// The two directions in which vectors vary most, for drawing a map of them.
///
/// With X the vectors minus their mean, the axes are the eigenvectors of XᵀX with the two largest
/// eigenvalues. The sign of an eigenvector is arbitrary: its largest component is made positive, so
/// that the same vectors give the same map.
public struct PrincipalAxes {
  /// The fraction of the vectors' variance along each axis, from 0 to 1; 0 if nothing varies.
  public let shares: [Double]
  /// `[D]`, the vectors' mean.
  private let mean: Tensor
  /// `[D, 2]`.
  private let axes: Tensor

  /// Finds the axes of `vectors`, `[N, D]`.
  ///
  /// - Throws: `TorchError` when the eigenvectors cannot be found, as for vectors with NaN.
  /// - Complexity: O(N D² + D³).
  public init(of vectors: Tensor) throws {
    let values = vectors.converted(to: .float64)
    let dimension = vectors.size(along: 1)
    guard vectors.size(along: 0) > 0, dimension > 0 else {
      mean = .zeros([dimension], dtype: .float64)
      axes = .zeros([dimension, 2], dtype: .float64)
      shares = [0, 0]
      return
    }
    mean = values.mean(along: 0)
    let centred = values - mean
    let results = try Ops.eigh.results([.tensor(centred.transposed().matmul(centred))])
    guard case .tensor(let eigenvalues) = results[0], case .tensor(let eigenvectors) = results[1]
    else { preconditionFailure("linalg_eigh gives two tensors") }
    // Ascending; rounding can make the smallest slightly negative.
    let sizes = eigenvalues.doubles().map { max(0, $0) }
    let total = sizes.reduce(0, +)
    var components = [Double](repeating: 0, count: 2 * dimension)
    let columns = eigenvectors.contiguous().doubles()
    for axis in 0..<min(2, dimension) {
      let column = (0..<dimension).map { columns[$0 * dimension + dimension - 1 - axis] }
      let largest = column.max { abs($0) < abs($1) } ?? 0
      for (row, value) in column.enumerated() {
        components[2 * row + axis] = largest < 0 ? -value : value
      }
    }
    axes = Tensor(components, shape: [dimension, 2])
    shares = (0..<2).map { $0 < dimension && total > 0 ? sizes[dimension - 1 - $0] / total : 0 }
  }

  /// The positions of vectors `[N, D]` on the map.
  public func callAsFunction(_ vectors: Tensor) -> [PlanePoint] {
    let values = (vectors.converted(to: .float64) - mean).matmul(axes).contiguous().doubles()
    return (0..<vectors.size(along: 0)).map {
      PlanePoint(x: values[2 * $0], y: values[2 * $0 + 1])
    }
  }

  private enum Ops {
    static let eigh = Op("aten::linalg_eigh")
  }
}
