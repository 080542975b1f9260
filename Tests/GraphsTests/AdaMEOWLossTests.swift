import Graphs
import TestSupport
import Testing
import Torch

@Suite struct AdaMEOWLossTests {
  private struct Options: Decodable {
    let temperature: Double
  }

  @Test func `learnt weights agree with the authors' formulas`() throws {
    try agreeWithTheGolden("AdaMEOWLoss", Options.self, cases: 4) { options, inputs in
      let loss = AdaMEOWLoss(
        hidden: Linear(weight: inputs[2], bias: inputs[3][0]),
        output: Linear(weight: inputs[4], bias: inputs[5][0]), temperature: options.temperature)
      return (
        loss(coarse: inputs[0], fine: inputs[1]), inputs.prefix(2) + loss.parameters.map(\.tensor)
      )
    }
  }

  @Test func `all parameters are named`() {
    let loss = AdaMEOWLoss(width: 4, generator: Generator(seed: 1))
    #expect(
      loss.parameters.map(\.name)
        == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"])
    #expect(loss.hidden.weight.shape == [16, 4])
  }
}
