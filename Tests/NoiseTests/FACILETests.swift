import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct FACILETests {
  private struct Options: Decodable {
    let sizes: [Int]
    let labels: [Int]
    let inputs: Int
    let classes: Int
    let hidden: Int
    let heads: Int
    let inducedPoints: Int
  }

  @Test func `the loss of sets agrees with the authors' network`() throws {
    let golden = try Golden<PairCase<Options>>("FACILE")
    #expect(golden.cases.count == 3)
    for (index, example) in golden.cases.enumerated() {
      let options = example.options
      let network = FACILE(
        .init(
          inputs: options.inputs, classes: options.classes, hidden: options.hidden,
          heads: options.heads, inducedPoints: options.inducedPoints),
        generator: Generator(seed: 0))
      let inputs = example.inputs.map { Tensor(rows: $0) }
      let parameters = network.parameters.map(\.tensor)
      #expect(parameters.count == inputs.count - 1)
      for (parameter, given) in zip(parameters, inputs.dropFirst()) {
        parameter.replaceElements(by: given.reshaped(parameter.shape))
      }
      let embeddings = inputs[0].requiringGradient()
      let value = try network.loss(
        embeddings, in: SetRows(sizes: options.sizes),
        classes: Tensor(options.labels.map(Int64.init)))
      expectClose(value.scalar, example.value, tolerance: 1e-11, "case \(index)")
      let slopes = try gradients(of: value, withRespectTo: [embeddings] + parameters)
      for (place, (slope, expected)) in zip(slopes, example.gradients).enumerated() {
        expectClose(
          slope?.doubles() ?? [], Array(expected.joined()), tolerance: 1e-11,
          "case \(index), gradient of input \(place)")
      }
    }
  }

  @Test func `the order of a set's members does not matter`() throws {
    let network = FACILE(.init(inputs: 4, classes: 2), generator: Generator(seed: 1))
    let members = Tensor.normal([5, 4], generator: Generator(seed: 2))
    let sets = SetRows(sizes: [3, 2])
    let mixed = members.gathered(rows: Tensor([2, 0, 1, 4, 3] as [Int64]))
    expectClose(try network(members, in: sets), try network(mixed, in: sets), tolerance: 1e-5)
  }

  @Test func `names of parameters are distinct`() {
    let network = FACILE(.init(inputs: 4, classes: 2), generator: Generator(seed: 1))
    #expect(Set(network.parameters.map(\.name)).count == network.parameters.count)
  }

  @Test func `sets lie one after the other`() {
    #expect(SetRows(sizes: [2, 0, 3]).ranges == [0..<2, 2..<2, 2..<5])
  }
}
