import Learning
import TestSupport
import Testing
import Torch

@Suite struct VICRegLossTests {
  @Test func agreesWithLightly() throws {
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
          let covariance = Plain.dot(centred[i], centred[j]) / (count - 1)
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
  func agreesWithTheEquation(_ count: Int, _ width: Int) throws {
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

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    for width in [2, 6] {
      try expectDifferences([random.rows(4, width), random.rows(4, width)]) {
        try VICRegLoss()(first: $0[0], second: $0[1])
      }
    }
  }

  @Test func shiftsOfBothViewsChangeNothing() throws {
    var random = SplitMix64(3)
    let (a, b) = (Tensor(rows: random.rows(5, 3)), Tensor(rows: random.rows(5, 3)))
    let value = try VICRegLoss()(first: a, second: b).scalar
    expectClose(try VICRegLoss()(first: b + 3, second: a + 3).scalar, value, tolerance: 1e-12)
  }

  @Test func collapsedViewsHaveTheWholeVarianceTerm() throws {
    let constant = Tensor.ones([4, 3], dtype: .float64)
    expectClose(try VICRegLoss()(first: constant, second: constant).scalar, 25 * (1 - 0.01))
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(4)
    let a = Tensor(rows: random.rows(5, 3))
    try expectFinite([a * 1e4, a * 1e-4]) { try VICRegLoss()(first: $0[0], second: $0[1]) }
    try expectFinite([.ones(like: a), .ones(like: a)]) {
      try VICRegLoss()(first: $0[0], second: $0[1])
    }
    let single = try expectFinite([a[0..<1], a[1..<2]]) {
      try VICRegLoss()(first: $0[0], second: $0[1])
    }
    expectClose(single, 25 * (a[0] - a[1]).squared().mean().scalar)
    try expectNothing([a[0..<0], a[0..<0]]) { try VICRegLoss()(first: $0[0], second: $0[1]) }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(VICRegLoss(invarianceWeight: 1, deviation: 2, epsilon: 1e-3))
  }
}
