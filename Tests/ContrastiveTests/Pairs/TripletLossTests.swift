import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct TripletLossTests {
  @Test func `agrees with pytorch-metric-learning`() throws {
    try expectGolden("TripletLoss", count: 7) { given, inputs in
      let mining = try #require(TripletLoss.Mining(rawValue: given.kind ?? ""))
      return try TripletLoss(margin: given["margin"], mining: mining)(
        embeddings: #require(inputs["embeddings"]), classes: #require(given.classes))
    }
  }

  /// The loss as its equation has it.
  private func loop(_ x: [[Double]], _ y: [Int], _ margin: Double, _ mining: TripletLoss.Mining)
    -> Double
  {
    var terms: [Double] = []
    for a in x.indices {
      let near = x.indices.filter { $0 != a && y[$0] == y[a] }.map { Loops.distance(x[a], x[$0]) }
      let far = x.indices.filter { y[$0] != y[a] }.map { Loops.distance(x[a], x[$0]) }
      switch mining {
      case .hard:
        if let p = near.max(), let n = far.min() { terms.append(max(0, p - n + margin)) }
      case .all:
        for p in near { terms += far.map { p - $0 + margin }.filter { $0 > 0 } }
      case .semiHard:
        for p in near {
          terms += far.filter { $0 > p && $0 < p + margin }.map { p - $0 + margin }
        }
      }
    }
    return terms.isEmpty ? 0 : terms.reduce(0, +) / Double(terms.count)
  }

  @Test(arguments: TripletLoss.Mining.allCases, [0.05, 0.5, 3])
  func `matches the equation`(_ mining: TripletLoss.Mining, _ margin: Double) throws {
    var random = SplitMix64(1)
    for (count, classes) in [(2, 2), (7, 2), (12, 4)] {
      let x = random.rows(count, 3)
      let y = (0..<count).map { _ in random.below(classes) }
      for blockSize in [nil, 5] {
        let loss = TripletLoss(margin: margin, mining: mining, blockSize: blockSize)
        expectClose(
          try loss(embeddings: Tensor(rows: x), classes: y).scalar, loop(x, y, margin, mining),
          tolerance: 1e-12, "\(count) rows")
      }
    }
  }

  @Test func `one triplet matches values by hand`() throws {
    // Distances: anchor to positive 3, to negative 4; positive to negative 5.
    let x = Tensor(rows: [[0.0, 0], [3, 0], [0, 4]])
    let all = TripletLoss(margin: 2, mining: .all)
    // 3 − 4 + 2 = 1 of the first anchor; 3 − 5 + 2 = 0 of the second is not counted.
    expectClose(try all(embeddings: x, classes: [7, 7, 9]).scalar, 1)
    let hard = TripletLoss(margin: 2, mining: .hard)
    expectClose(try hard(embeddings: x, classes: [7, 7, 9]).scalar, 0.5)
  }

  @Test func `equal rows give the margin`() throws {
    let equal = Tensor.ones([4, 3], dtype: .float64)
    let hard = TripletLoss(margin: 0.3, mining: .hard)
    expectClose(try hard(embeddings: equal, classes: [0, 0, 1, 1]).scalar, 0.3)
  }

  @Test func `traps on a wrong number of classes`() async {
    await #expect(processExitsWith: .failure) {
      _ = try TripletLoss()(embeddings: .ones([3, 2]), classes: [0, 1])
    }
  }
}
