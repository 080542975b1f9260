import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BarlowTwinsLossTests {
  @Test func `agrees with lightly`() throws {
    try expectGolden("BarlowTwinsLoss", count: 4) { given, inputs in
      try BarlowTwinsLoss(redundancyWeight: given["weight"], epsilon: given["epsilon"])(
        first: #require(inputs["first"]), second: #require(inputs["second"]))
    }
  }

  /// The loss as its equations have it.
  private func loop(_ a: [[Double]], _ b: [[Double]], _ weight: Double) -> Double {
    let count = Double(a.count)
    func standardized(_ rows: [[Double]]) -> [[Double]] {
      let columns = rows[0].indices.map { column -> [Double] in
        let values = rows.map { $0[column] }
        let mean = values.reduce(0, +) / count
        let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / count
        return values.map { ($0 - mean) / (variance + 1e-5).squareRoot() }
      }
      return columns
    }
    let (x, y) = (standardized(a), standardized(b))
    var total = 0.0
    for i in x.indices {
      for j in y.indices {
        let c = Loops.dot(x[i], y[j]) / count
        total += i == j ? (1 - c) * (1 - c) : weight * c * c
      }
    }
    return total
  }

  @Test(arguments: [(3, 5), (6, 2), (4, 4), (7, 1)])
  func `matches the equation`(_ count: Int, _ width: Int) throws {
    var random = SplitMix64(1)
    let (a, b) = (random.rows(count, width), random.rows(count, width))
    for weight in [0, 0.0051, 2] {
      expectClose(
        try BarlowTwinsLoss(redundancyWeight: weight)(
          first: Tensor(rows: a), second: Tensor(rows: b)
        ).scalar, loop(a, b, weight), tolerance: 1e-11)
    }
  }

  @Test func `is invariant to scale and shift of a unit`() throws {
    var random = SplitMix64(3)
    let (a, b) = (Tensor(rows: random.rows(5, 3)), Tensor(rows: random.rows(5, 3)))
    let loss = BarlowTwinsLoss(redundancyWeight: 0.1, epsilon: 0)
    let value = try loss(first: a, second: b).scalar
    let scale = Tensor([3.0, 0.2, 7])
    expectClose(try loss(first: a * scale + 4, second: b).scalar, value, tolerance: 1e-10)
    expectClose(try loss(first: b, second: a).scalar, value, tolerance: 1e-12)
    // Each view has its own statistics.
    expectClose(try loss(first: a, second: b * 5 - 2).scalar, value, tolerance: 1e-10)
  }

  @Test func `constant projections give the loss D`() throws {
    let constant = Tensor.ones([4, 3], dtype: .float64)
    expectClose(try BarlowTwinsLoss()(first: constant, second: constant).scalar, 3)
  }
}
