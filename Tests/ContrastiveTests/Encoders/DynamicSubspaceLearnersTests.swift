import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct DynamicSubspaceLearnersTests {
  @Test func `one learner normalizes the whole embedding`() {
    let learners = DynamicSubspaceLearners(width: 2)
    let x = Tensor(rows: [[3.0, 4], [0, -2]])
    expectClose(learners(x), Tensor(rows: [[0.6, 0.8], [0, -1]]))
    #expect(learners.parts(of: x).count == 1)
  }

  @Test func `relevances match the equation`() {
    // Means of activation times gradient: 1, −3, 2, 0.
    let learners = DynamicSubspaceLearners(width: 4)
    let relevances = learners.relevances(
      activations: Tensor(rows: [[1.0, 2, 1, 0], [1, 2, 3, 5]]),
      gradients: Tensor(rows: [[1.0, -1, 1, 9], [1, -2, 1, 0]]))
    expectClose(relevances, [1.0 / 3, 1, 2.0 / 3, 0])
  }

  @Test func `a split keeps the relevant units`() {
    var learners = DynamicSubspaceLearners(width: 6, fewest: 2, indivisible: 3)
    let first = learners.split(relevances: [1, 0.2, 0.6, 0, 0.5, 0.9])
    #expect(first == [1, 3, 4])
    #expect(learners.subspaces == [[0, 2, 5], [1, 3, 4]])
    // Three units are not divided any more.
    let before = learners
    let third = learners.split(relevances: [1, 1, 0])
    #expect(third == nil)
    learners.indivisible = 2
    let second = learners.split(relevances: [0.7, 0.1, 0.8])
    #expect(second == [3])
    #expect(learners.subspaces == [[0, 2, 5], [1, 4], [3]])
    var few = before
    few.indivisible = 2
    let fewStay = few.split(relevances: [1, 0, 0])
    let allStay = few.split(relevances: [1, 1, 1])
    #expect(fewStay == nil && allStay == nil)
  }

  @Test func `every part has unit length`() throws {
    var learners = DynamicSubspaceLearners(width: 6, fewest: 2, indivisible: 3)
    _ = learners.split(relevances: [1, 0.2, 0.6, 0, 0.5, 0.9])
    var random = SplitMix64(1)
    let x = random.rows(3, 6)
    let parts = learners.parts(of: Tensor(rows: x))
    for (part, units) in zip(parts, [[0, 2, 5], [1, 3, 4]]) {
      let expected = x.map { row -> [Double] in
        let own = units.map { row[$0] }
        return own.map { $0 / Loops.dot(own, own).squareRoot() }
      }
      expectClose(part, Tensor(rows: expected), tolerance: 1e-12)
    }
    // As a whole, every unit is where it was.
    let whole = learners(Tensor(rows: x))
    expectClose(
      whole.gathered(rows: Tensor([1, 3, 4]), along: 1), parts[1], tolerance: 1e-12)
    expectClose(whole.norm(along: 1).doubles(), [2, 2, 2].map { sqrt($0) }, tolerance: 1e-12)
    try expectDifferences([x]) { learners($0[0]).power(3).sum() }
  }

  @Test func `splits after rounds without gain`() {
    var learners = DynamicSubspaceLearners(width: 20, fewest: 2, patience: 3)
    func answers(_ metrics: [Double]) -> [Bool] {
      var found: [Bool] = []
      for metric in metrics { found.append(learners.observe(metric: metric)) }
      return found
    }
    #expect(answers([0.1, 0.3, 0.2, 0.3, .nan]) == [false, false, false, false, true])
    _ = learners.split(relevances: (0..<20).map { Double($0) / 19 })
    // Not again before the new learner has paid.
    #expect(answers([Double](repeating: 0.2, count: 9)).allSatisfy { !$0 })
    #expect(answers([0.4, 0.4, 0.4, 0.4]) == [false, false, false, true])
  }

  @Test func `resets only the rows of the new learner`() {
    let generator = Generator(seed: 1)
    let layer = Linear(from: 300, to: 40, generator: generator)
    let before = (layer.weight.detached().copied(), layer.bias?.detached().copied())
    let units = Array(10..<40)
    DynamicSubspaceLearners(width: 40).reset(units, of: layer, generator: generator)
    #expect(layer.weight[0..<10].isIdentical(to: before.0[0..<10]))
    let moved = layer.weight[10..<40]
    #expect(moved.isEqual(to: before.0[10..<40]).logicalNot().allTrue())
    // A standard deviation of √(2 / 330).
    let variance = moved.squared().mean().scalar
    #expect(abs(variance - 2 / 330.0) < 0.05 * 2 / 330)
    #expect(layer.weight.requiresGradient)
    #expect((layer.bias?[10..<40].magnitude().maximum().scalar ?? 1) <= 1 / sqrt(300.0))
    #expect(layer.bias?[0..<10].isIdentical(to: before.1?[0..<10] ?? moved) ?? false)
  }
}
