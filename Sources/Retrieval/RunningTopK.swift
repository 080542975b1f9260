import Evaluation

/// The best k rows of one query, from candidates in ascending row order.
///
/// Candidates are found by approximate scores, in float32 and in the summation order of a matrix
/// product; the result is ranked by exact ones. An approximate score is off by at most `margin`, so
/// a row whose approximate score is more than that below the worst kept score cannot be among the
/// best. The result therefore depends neither on the blocks nor on the threads.
struct RunningTopK {
  private let k: Int
  private let margin: Double
  private let scoreScale: Double
  private var rows: [Int32] = []
  private var scores: [Float] = []
  /// Inner products, in the order of `rows`.
  private var products: [Double] = []
  /// Candidates with a lower approximate score are skipped.
  private var bar = -Float.infinity

  init(k: Int, margin: Double, scoreScale: Double) {
    self.k = k
    self.margin = margin
    self.scoreScale = scoreScale
  }

  /// Adds the approximate scores of consecutive rows from `first` on.
  ///
  /// - Parameter exact: the exact inner product of a row, with its bias; nil if it is removed.
  mutating func add(
    _ rough: UnsafeBufferPointer<Float>, from first: Int, exact: (Int) -> Double?
  ) {
    let width = 16
    var index = 0
    let base = UnsafeRawPointer(rough.baseAddress!)
    while index + width <= rough.count {
      let some = base.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
      if any(some .>= bar) {
        for place in index..<index + width where rough[place] >= bar {
          insert(first + place, exact)
        }
      }
      index += width
    }
    while index < rough.count {
      if rough[index] >= bar { insert(first + index, exact) }
      index += 1
    }
  }

  private mutating func insert(_ row: Int, _ exact: (Int) -> Double?) {
    guard let product = exact(row) else { return }
    insert(Int32(row), product: product)
  }

  /// Adds a row by its exact inner product.
  ///
  /// - Precondition: rows are added in ascending order, or no two have the same score.
  mutating func insert(_ row: Int32, product: Double) {
    // Adding zero turns −0 into +0, so that both tie.
    let score = Float(product * scoreScale) + 0
    if rows.count == k, let worst = scores.last, score <= worst { return }
    // After equal scores: their rows were added earlier.
    var (low, high) = (0, scores.count)
    while low < high {
      let middle = (low + high) / 2
      if scores[middle] >= score { low = middle + 1 } else { high = middle }
    }
    if rows.count == k {
      rows.removeLast()
      scores.removeLast()
      products.removeLast()
    }
    rows.insert(row, at: low)
    scores.insert(score, at: low)
    products.insert(product, at: low)
    if rows.count == k, let worst = products.last {
      // The conversion rounds down by at most the slack in `margin`.
      bar = Float(worst - margin).nextDown
    }
  }

  /// Adds the rows found to `result`.
  func append(to result: inout TopK) throws { try result.append(labels: rows, scores: scores) }
}
