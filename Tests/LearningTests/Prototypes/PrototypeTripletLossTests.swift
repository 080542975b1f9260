import Learning
import TestSupport
import Testing
import Torch

@Suite struct PrototypeTripletLossTests {
  @Test func agreesWithTheFormulaInPyTorch() throws {
    try expectGolden("PrototypeTripletLoss", count: 3) { given, inputs in
      let loss = PrototypeTripletLoss(margin: given["margin"], epsilon: given["epsilon"])
      let support = try #require(inputs["support"])
      let classCount = Int(given["ways"])
      let prototypes = loss.prototypes(
        of: support, classes: (0..<support.shape[0]).map { $0 % classCount },
        classCount: classCount)
      return try loss(
        queries: #require(inputs["queries"]), prototypes: prototypes,
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0, 0.5, 2])
  func agreesWithTheEquation(_ margin: Double) throws {
    var random = SplitMix64(1)
    let (q, p) = (random.rows(6, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0]
    let terms = q.indices.map { i -> Double in
      let distances = p.map { row -> Double in
        let d = Plain.distance(q[i], row)
        return (d * d + 1e-6).squareRoot()
      }
      let others = p.indices.filter { $0 != y[i] }.map { distances[$0] }
      return max(0, distances[y[i]] - (others.min() ?? 0) + margin)
    }
    expectClose(
      try PrototypeTripletLoss(margin: margin)(
        queries: Tensor(rows: q), prototypes: Tensor(rows: p), classes: y
      ).scalar, terms.reduce(0, +) / 6, tolerance: 1e-12)
  }

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    let loss = PrototypeTripletLoss()
    try expectDifferences([random.rows(4, 2), random.rows(6, 2)]) {
      let prototypes = loss.prototypes(of: $0[1], classes: [0, 1, 2, 0, 1, 1], classCount: 3)
      return try loss(queries: $0[0], prototypes: prototypes, classes: [0, 2, 2, 0])
    }
  }

  @Test func prototypesAreMeans() {
    let made = PrototypeTripletLoss().prototypes(
      of: Tensor(rows: [[1.0, 2], [5, 5], [3, 0]]), classes: [1, 0, 1], classCount: 2)
    expectClose(made, Tensor(rows: [[5.0, 5], [2, 1]]))
  }

  @Test func equalPrototypesGiveTheMargin() throws {
    let loss = PrototypeTripletLoss(margin: 0.7)
    expectClose(
      try loss(
        queries: Tensor(rows: [[1.0, 2], [0, 1]]), prototypes: .ones([3, 2], dtype: .float64),
        classes: [0, 2]
      ).scalar, 0.7)
  }

  @Test func staysFiniteOnItsPrototype() throws {
    let x = Tensor(rows: [[1e4, 0], [0, 1e4], [0, 0]])
    try expectFinite([x, x]) {
      try PrototypeTripletLoss(margin: 1e5)(
        queries: $0[0], prototypes: $0[1], classes: [0, 1, 2])
    }
    try expectNothing([x, x[0..<1]]) {
      try PrototypeTripletLoss()(queries: $0[0], prototypes: $0[1], classes: [0, 0, 0])
    }
    try expectNothing([x[0..<0], x]) {
      try PrototypeTripletLoss()(queries: $0[0], prototypes: $0[1], classes: [])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(PrototypeTripletLoss(margin: 0.2, epsilon: 1e-8))
  }
}
