import Testing
import Torch

@testable import Experiments

@Suite struct InstanceTrainingTests {
  /// Images that contain their own index.
  private let pictures = Tensor((0..<8).map(Float.init), shape: [8, 1, 1, 1])

  @Test func `shows every picture once per epoch, in both views`() throws {
    let weight = Tensor([Float(0)]).requiringGradient()
    var seen: [[Float]] = []
    var steps: [[Int]] = []
    try InstanceTraining(samples: 12, batch: 4, rate: 0.1)(
      on: pictures, seed: 1, parameters: [weight], view: { rows, _ in rows },
      after: { steps.append([$0, $1]) }
    ) { first, second in
      #expect(first.array(of: Float.self) == second.array(of: Float.self))
      seen.append(first.array(of: Float.self))
      return weight.sum()
    }
    #expect(steps == [[0, 3], [1, 3], [2, 3]])
    #expect(seen.map(\.count) == [4, 4, 4])
    #expect((seen[0] + seen[1]).sorted() == (0..<8).map(Float.init))
  }

  @Test func `steady parameters keep a constant learning rate`() throws {
    let (weight, steady) = (
      Tensor([Float(0)]).requiringGradient(), Tensor([Float(0)]).requiringGradient()
    )
    try InstanceTraining(samples: 640, batch: 64, rate: 0.1)(
      on: .zeros([64, 1, 1, 1]), seed: 1, parameters: [weight], steady: [steady],
      view: { rows, _ in rows }
    ) { _, _ in (weight + steady).sum() }
    // Ten AdamW steps with a constant gradient: each has the length of the rate, 1 in total; half a
    // cosine leaves the mean of (1 + cos(π t / 10)) / 2 over t = 0 … 9, 0.55.
    #expect(abs(steady.sum().scalar + 1) < 0.01)
    #expect(abs(weight.sum().scalar + 0.55) < 0.01)
  }

  @Test func `lists encoder and head parameters once each`() {
    let network = InstanceNetwork(seed: 1, hidden: 8, outputs: 4)
    let names = network.parameters.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(!names.contains { $0.contains("projection") })
    #expect(names.contains("encoder.head.weight") && names.contains("head.0.linear.weight"))
    #expect(network(.zeros([2, 1, 28, 28])).shape == [2, 4])
  }
}
