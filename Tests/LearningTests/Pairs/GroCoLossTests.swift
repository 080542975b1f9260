import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct GroCoLossTests {
  @Test func agreesWithTheAuthorsStepsOnDiffsort() throws {
    try expectGolden("GroCoLoss", count: 4, tolerance: 1e-10, detaches: true) { given, inputs in
      #expect(given.kind == "oddEven cauchy")
      let loss = GroCoLoss(
        negatives: Int(given["negatives"]),
        network: SortingNetwork(
          kind: .oddEven, relaxation: .cauchy, steepness: given["steepness"]))
      return try loss(views: inputs.keys.sorted().compactMap { inputs[$0] })
    }
  }

  @Test func gradientsAreDifferencesWithTheOthersHeld() throws {
    var random = SplitMix64(1)
    let (x, y) = (random.rows(4, 3), random.rows(4, 3))
    // The loss of the anchors x against constants: the negatives of x and the positives y.
    func held(_ anchors: Tensor) throws -> Tensor {
      let unit = anchors.normalized()
      let fixed = Tensor(rows: x).normalized()
      let near = (unit * Tensor(rows: y).normalized()).sum(along: 1, keepingDimensions: true)
      let itself = Tensor.identity(4).isGreater(than: 0)
      let far = unit.matmul(fixed.transposed()).replacing(where: itself, with: -.infinity)
        .largest(2, along: 1).values.sorted(along: 1).values
      let share = try SortingNetwork(steepness: 1)(Tensor.concatenated([far, near], along: 1))
        .permutation.slice(2..<3, along: 2).squeezed(along: 2)
      let right = Tensor.concatenated(
        [1 - share.slice(0..<2, along: 1), share.slice(2..<3, along: 1)], along: 1)
      return -right.log().mean()
    }
    let leaves = [x, y].map { Tensor(rows: $0).requiringGradient() }
    let loss = GroCoLoss(negatives: 2, blockSize: 3)
    let slopes = try gradients(of: loss(views: leaves), withRespectTo: leaves)
    try expectDifferences([x]) { try held($0[0]) }
    let leaf = Tensor(rows: x).requiringGradient()
    let expected = try gradients(of: held(leaf), withRespectTo: [leaf])[0]
    expectClose(slopes[0], expected.map { $0 * 0.5 }, tolerance: 1e-11)
  }

  @Test func onePositiveAndOneNegativeByHand() throws {
    // Cosines: to the positive 1, to the negative 0; one comparator of Cauchy with steepness 1.
    let view = Tensor(rows: [[1.0, 0], [0, 2]])
    let right = 0.5 + atan(1.0) / .pi
    expectClose(
      try GroCoLoss(negatives: 1)(views: [view, view * 3]).scalar, -log(right), tolerance: 1e-12)
  }

  @Test func theOrderOfViewsAndExamplesChangesNothing() throws {
    var random = SplitMix64(2)
    let views = (0..<3).map { _ in Tensor(rows: random.rows(5, 3)) }
    let loss = GroCoLoss(negatives: 3)
    let value = try loss(views: views).scalar
    expectClose(try loss(views: views.reversed()).scalar, value, tolerance: 1e-12)
    let order = Tensor([3, 0, 4, 1, 2])
    expectClose(
      try loss(views: views.map { $0.gathered(rows: order) * 4 }).scalar, value, tolerance: 1e-12)
  }

  @Test func staysFinite() throws {
    let view = Tensor(rows: [[1.0, 0], [-1, 1e-3], [1e4, 0]])
    for steepness in [1e-3, 1, 1e4] {
      var loss = GroCoLoss(negatives: 2)
      loss.network.steepness = steepness
      try expectFinite([view, -view]) { try loss(views: $0) }
      loss.network.relaxation = .logistic
      try expectFinite([view, -view]) { try loss(views: $0) }
    }
  }

  @Test func aSingleExampleIsNothing() throws {
    let view = Tensor(rows: [[1.0, 0]])
    try expectNothing([view, view]) { try GroCoLoss()(views: $0) }
  }

  @Test func refusesASingleView() async {
    await #expect(processExitsWith: .failure) { _ = try GroCoLoss()(views: [.ones([3, 2])]) }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(
      GroCoLoss(negatives: 4, network: SortingNetwork(steepness: 2), blockSize: 3))
  }
}
