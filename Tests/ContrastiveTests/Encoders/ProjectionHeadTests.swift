import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct ProjectionHeadTests {
  @Test func `value, gradient and running statistics agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<ProjectionHead.Configuration>>(
      "ProjectionHead"
    ).cases
    #expect(cases.count >= 2)
    for (index, one) in cases.enumerated() {
      let layer = ProjectionHead(one.options, generator: Generator(seed: 1), dtype: .float64)
      try one.check(layer, "case \(index)")
    }
  }

  @Test func `equal seeds give equal weights`() {
    let layers = [3, 3, 4].map {
      ProjectionHead(.simCLR(inputs: 3, outputs: 2), generator: Generator(seed: $0))
    }
    for ((_, a), ((_, b), (name, c))) in zip(
      layers[0].parameters, zip(layers[1].parameters, layers[2].parameters))
    {
      #expect(a.isIdentical(to: b), "\(name)")
      #expect(a.dimensionCount == 1 || !a.isIdentical(to: c), "\(name)")
    }
  }

  @Test func `a prefix shares weights`() throws {
    let head = ProjectionHead(.simCLR(inputs: 3, outputs: 2, layers: 3), generator: .init(seed: 1))
    let part = head.prefix(1)
    #expect(part.parameters.map(\.name) == ["0.linear.weight", "0.norm.weight", "0.norm.bias"])
    #expect(part.parameters[0].tensor.isSame(as: head.parameters[0].tensor))
    #expect(part.configuration.outputs == 3 && part.configuration.layers == 1)
    head.isTraining = false
    let x = Tensor.normal([4, 3], generator: Generator(seed: 2))
    let h = part(x)
    #expect(h.shape == [4, 3])
    // The middle of the head is rectified.
    #expect(h.doubles().allSatisfy { $0 >= 0 } && h.sum().scalar > 0)
    #expect(head.prefix(3)(x).isIdentical(to: head(x)))
    #expect(!head.prefix(2)(x).isIdentical(to: h))
  }

  @Test func `builds the heads of the papers`() {
    let generator = Generator(seed: 1)
    func names(_ configuration: ProjectionHead.Configuration) -> [String] {
      ProjectionHead(configuration, generator: generator).parameters.map(\.name)
    }
    let first = ["0.linear.weight", "0.norm.weight", "0.norm.bias"]
    #expect(
      names(.simCLR(inputs: 4)) == first + ["1.linear.weight", "1.norm.weight", "1.norm.bias"])
    #expect(names(.byol(inputs: 4, hidden: 8, outputs: 2)) == first + ["1.linear.weight"])
    #expect(
      names(.simSiam(inputs: 4, outputs: 8))
        == first + ["1.linear.weight", "1.norm.weight", "1.norm.bias", "2.linear.weight"])
    #expect(
      names(.simSiamPredictor(width: 8)) == first + ["1.linear.weight", "1.linear.bias"])
    #expect(ProjectionHead.Configuration.simSiamPredictor(width: 8).hidden == 2)
  }
}
