import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GroCoLossTests {
  @Test func `agrees with the authors on diffsort`() throws {
    try expectGolden("GroCoLoss", count: 4, tolerance: 1e-10, detaches: true) { given, inputs in
      #expect(given.kind == "oddEven cauchy")
      let loss = GroCoLoss(
        negatives: Int(given["negatives"]),
        network: SortingNetwork(
          kind: .oddEven, relaxation: .cauchy, steepness: given["steepness"]))
      return try loss(views: inputs.keys.sorted().compactMap { inputs[$0] })
    }
  }

  @Test func `gradient matches finite differences with the others held constant`() throws {
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

  @Test func `one positive and one negative match values by hand`() throws {
    // Cosines: to the positive 1, to the negative 0; one comparator of Cauchy with steepness 1.
    let view = Tensor(rows: [[1.0, 0], [0, 2]])
    let right = 0.5 + atan(1.0) / .pi
    expectClose(
      try GroCoLoss(negatives: 1)(views: [view, view * 3]).scalar, -log(right), tolerance: 1e-12)
  }

  @Test func `traps on a single view`() async {
    await #expect(processExitsWith: .failure) { _ = try GroCoLoss()(views: [.ones([3, 2])]) }
  }
}
