import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct PrototypeTripletLossTests {
  @Test func `agrees with the formula in PyTorch`() throws {
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
  func `matches the equation`(_ margin: Double) throws {
    var random = SplitMix64(1)
    let (q, p) = (random.rows(6, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0]
    let terms = q.indices.map { i -> Double in
      let distances = p.map { row -> Double in
        let d = Loops.distance(q[i], row)
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

  @Test func `prototypes are class means`() {
    let made = PrototypeTripletLoss().prototypes(
      of: Tensor(rows: [[1.0, 2], [5, 5], [3, 0]]), classes: [1, 0, 1], classCount: 2)
    expectClose(made, Tensor(rows: [[5.0, 5], [2, 1]]))
  }

  @Test func `equal prototypes give the margin`() throws {
    let loss = PrototypeTripletLoss(margin: 0.7)
    expectClose(
      try loss(
        queries: Tensor(rows: [[1.0, 2], [0, 1]]), prototypes: .ones([3, 2], dtype: .float64),
        classes: [0, 2]
      ).scalar, 0.7)
  }
}
