import Torch

/// The nearest neighbours of each vector, found by comparing all pairs.
struct NearestNeighbours {
  /// `[N][k]`; nearest first, equally near ones by ascending index.
  let indices: [[Int]]
  /// `[N][k]`; the Euclidean distances.
  let distances: [[Double]]

  /// Compares all rows of `vectors`, `[N, D]`.
  ///
  /// - Parameter count: the number of neighbours of each; fewer if there are not as many others.
  /// - Complexity: O(N² (D + log N)) time, O(N²) memory.
  init(of vectors: Tensor, count: Int) {
    let squares = Self.squaredDistances(of: vectors)
    let total = vectors.size(along: 0)
    var indices: [[Int]] = []
    var distances: [[Double]] = []
    for row in 0..<total {
      let own = squares[(row * total)..<((row + 1) * total)]
      let nearest = Self.order(own, leavingOut: row).prefix(count)
      indices.append(Array(nearest))
      distances.append(nearest.map { own[own.startIndex + $0].squareRoot() })
    }
    self.indices = indices
    self.distances = distances
  }

  /// All other vectors, nearest first.
  static func order(_ distances: ArraySlice<Double>, leavingOut own: Int) -> [Int] {
    let start = distances.startIndex
    return (0..<distances.count).filter { $0 != own }.sorted {
      (distances[start + $0], $0) < (distances[start + $1], $1)
    }
  }

  /// `[N · N]`, row by row; exactly 0 between equal vectors, unlike with a matrix product.
  static func squaredDistances(of vectors: Tensor) -> [Double] {
    let values = vectors.converted(to: .float64)
    return Ops.distances(.tensor(values), .tensor(values), .double(2), .int(Ops.byDifferences))
      .squared().doubles()
  }

  private enum Ops {
    static let distances = Op("aten::cdist")
    static let byDifferences = 2
  }
}
