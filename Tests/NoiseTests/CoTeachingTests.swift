import Noise
import TestSupport
import Testing
import Torch

@Suite struct CoTeachingTests {
  private struct Case: Decodable {
    let options: CoTeaching
    let epoch: Int
    let losses: [[Double]]
    let kept: [[Int]]
    let values: [Double]
    let gradients: [[Double]]
  }

  @Test func `agrees with the code of Nested-Co-teaching`() throws {
    let golden = try Golden<Case>("CoTeaching")
    #expect(golden.cases.count == 4)
    for example in golden.cases {
      let teaching = example.options
      #expect(example.losses.map { teaching.kept(of: $0, epoch: example.epoch) } == example.kept)
      let leaves = example.losses.map { Tensor($0).requiringGradient() }
      let found = try teaching(first: leaves[0], second: leaves[1], epoch: example.epoch)
      expectClose([found.first.scalar, found.second.scalar], example.values, tolerance: 1e-12)
      let slopes = try gradients(of: found.first + found.second, withRespectTo: leaves)
      expectClose(slopes.map { $0?.doubles() ?? [] }[0], example.gradients[0], tolerance: 1e-12)
      expectClose(slopes.map { $0?.doubles() ?? [] }[1], example.gradients[1], tolerance: 1e-12)
    }
  }

  @Test func `the rate rises to its end`() {
    let teaching = CoTeaching(forgetRate: 0.4, gradualEpochs: 5)
    expectClose((0..<7).map(teaching.rate), [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4], tolerance: 1e-12)
    expectClose((0..<2).map(CoTeaching(forgetRate: 0.4, gradualEpochs: 1).rate), [0, 0.4])
  }

  @Test func `nothing kept costs nothing`() throws {
    let losses = Tensor([1.0, 2]).requiringGradient()
    let found = try CoTeaching(forgetRate: 1, gradualEpochs: 0)(
      first: losses, second: losses, epoch: 3)
    #expect(found.first.scalar == 0)
    let slope = try gradients(of: found.first, withRespectTo: [losses])[0]
    #expect(slope?.doubles() == [0, 0])
  }

  @Test func `equal losses are kept in their order`() {
    #expect(
      CoTeaching(forgetRate: 0.5, gradualEpochs: 0).kept(of: [2, 1, 1, 2], epoch: 0) == [1, 2])
  }
}
