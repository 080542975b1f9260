import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct VICRegLossTests {
  @Test func `agrees with lightly`() throws {
    try expectGolden("VICRegLoss", count: 4) { given, inputs in
      try VICRegLoss(
        invarianceWeight: given["invariance"], varianceWeight: given["variance"],
        covarianceWeight: given["covariance"], deviation: given["deviation"],
        epsilon: given["epsilon"])(
          first: #require(inputs["first"]), second: #require(inputs["second"]))
    }
  }

  /// The loss as its equations have it.
  private func loop(_ a: [[Double]], _ b: [[Double]], _ loss: VICRegLoss) -> Double {
    let (count, width) = (Double(a.count), Double(a[0].count))
    var total = 0.0
    for (x, y) in zip(a.joined(), b.joined()) {
      total += loss.invarianceWeight * (x - y) * (x - y) / (count * width)
    }
    for rows in [a, b] {
      let centred = rows[0].indices.map { column -> [Double] in
        let values = rows.map { $0[column] }
        let mean = values.reduce(0, +) / count
        return values.map { $0 - mean }
      }
      for i in centred.indices {
        for j in centred.indices {
          let covariance = Loops.dot(centred[i], centred[j]) / (count - 1)
          if i == j {
            let low = max(0, loss.deviation - (covariance + loss.epsilon).squareRoot())
            total += loss.varianceWeight / 2 * low / width
          } else {
            total += loss.covarianceWeight * covariance * covariance / width
          }
        }
      }
    }
    return total
  }

  @Test(arguments: [(3, 5), (6, 2), (4, 4), (7, 1)])
  func `matches the equation`(_ count: Int, _ width: Int) throws {
    var random = SplitMix64(1)
    let (a, b) = (random.rows(count, width), random.rows(count, width))
    for loss in [
      VICRegLoss(), VICRegLoss(invarianceWeight: 0, varianceWeight: 3, deviation: 0.4),
      VICRegLoss(varianceWeight: 0, covarianceWeight: 7),
    ] {
      expectClose(
        try loss(first: Tensor(rows: a), second: Tensor(rows: b)).scalar, loop(a, b, loss),
        tolerance: 1e-12)
    }
  }

  @Test func `collapsed views pay the whole variance term`() throws {
    let constant = Tensor.ones([4, 3], dtype: .float64)
    expectClose(try VICRegLoss()(first: constant, second: constant).scalar, 25 * (1 - 0.01))
  }

  @Test func `a single example has the invariance term only`() throws {
    var random = SplitMix64(4)
    let a = Tensor(rows: random.rows(2, 3))
    let single = try VICRegLoss()(first: a[0..<1], second: a[1..<2])
    expectClose(single.scalar, 25 * (a[0] - a[1]).squared().mean().scalar)
  }
}
