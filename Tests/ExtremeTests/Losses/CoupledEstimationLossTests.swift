import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct CoupledEstimationLossTests {
  private struct Case: Decodable {
    let temperature: Double
    let isNormalized: Bool
    let relevance: [[Double]]
    let selection: [[Double]]
    let values: [Double]
    let ofRelevance: [[Double]]
    let ofSelection: [[Double]]
  }

  @Test func `agrees with PyTorch`() throws {
    let golden = try Golden<Case>("CoupledEstimationLoss")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let r = Tensor(rows: found.relevance).requiringGradient()
      let o = Tensor(rows: found.selection).requiringGradient()
      let losses = try CoupledEstimationLoss(
        weightTemperature: found.temperature, normalizesWeights: found.isNormalized)(
          relevance: r, selection: o)
      expectClose(
        [losses.relevance.scalar, losses.selection.scalar], found.values, tolerance: 1e-12)
      let slopes = try gradients(of: losses.relevance + losses.selection, withRespectTo: [r, o])
      expectClose(slopes[0], Tensor(rows: found.ofRelevance), tolerance: 1e-12, "relevance")
      expectClose(slopes[1], Tensor(rows: found.ofSelection), tolerance: 1e-12, "selection")
    }
  }

  @Test func `no gradient passes through the weights`() throws {
    var random = SplitMix64(1)
    let r = Tensor(random.doubles(6), shape: [2, 3]).requiringGradient()
    let o = Tensor(random.doubles(6), shape: [2, 3]).requiringGradient()
    let losses = try CoupledEstimationLoss()(relevance: r, selection: o)
    try losses.relevance.backward()
    #expect(r.gradient != nil && o.gradient == nil)
  }

  @Test func `likely observed pairs weigh more`() throws {
    let r = Tensor(rows: [[0.0, 0, 0]]).requiringGradient()
    let losses = try CoupledEstimationLoss()(
      relevance: r, selection: Tensor(rows: [[0.0, 4, -4]]))
    let slopes = try gradients(of: losses.relevance, withRespectTo: [r])[0]!.doubles()
    // Half of (1 + e^±2) / 2 each.
    expectClose(slopes[1], (1 + exp(2)) / 4, tolerance: 1e-12)
    expectClose(slopes[2], (1 + exp(-2)) / 4, tolerance: 1e-12)
  }

  @Test func `stays finite at huge scores`() throws {
    let r = Tensor(rows: [[Float(0), 300, -300]]).requiringGradient()
    let o = Tensor(rows: [[Float(1), 5000, -5000]])
    let loss = try CoupledEstimationLoss(normalizesWeights: true)(relevance: r, selection: o)
    // All weight lies on the first negative: twice the mean, of two pairs.
    expectClose(loss.relevance.scalar, 300, tolerance: 1e-6)
    let one = try CoupledEstimationLoss()(
      relevance: r, selection: Tensor(rows: [[Float(0), 60, 60]]))
    #expect(one.relevance.scalar.isFinite)
  }

  @Test func `no pairs give zero loss`() throws {
    let r = Tensor.zeros([0, 3]).requiringGradient()
    let losses = try CoupledEstimationLoss()(relevance: r, selection: .zeros([0, 3]))
    #expect(losses.relevance.scalar == 0 && losses.selection.scalar == 0)
  }
}
