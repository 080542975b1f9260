import Foundation
import Kernels
import TestSupport
import Testing
import Torch

@testable import Contrastive

@Suite struct ModernHopfieldRetrievalTests {
  private struct Case: Decodable {
    struct Options: Decodable {
      let sharpness: Double
      let weights: [[Double]]
    }
    let options: Options
    let inputs: [[[Double]]]
    let retrieved: [[Double]]
    let gradients: [[[Double]]]
  }

  @Test func `agrees with attention in PyTorch`() throws {
    let golden = try Golden<Case>("ModernHopfieldRetrieval")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let leaves = found.inputs.map { Tensor(rows: $0).requiringGradient() }
      let retrieved = try ModernHopfieldRetrieval(sharpness: found.options.sharpness)(
        states: leaves[0], stored: leaves[1])
      expectClose(retrieved, Tensor(rows: found.retrieved), tolerance: 1e-12)
      let slopes = try gradients(
        of: (retrieved * Tensor(rows: found.options.weights)).sum(), withRespectTo: leaves)
      for (slope, expected) in zip(slopes, found.gradients) {
        expectClose(slope, Tensor(rows: expected), tolerance: 1e-11)
      }
    }
  }

  @Test(arguments: [1, 2, 5])
  func `is independent of the block size`(blockSize: Int) throws {
    let inputs = PairLossChecks.matrices([(5, 3), (4, 3)], seed: 25)
    func found(_ size: Int?) throws -> (value: Tensor, slopes: [Tensor?]) {
      let leaves = inputs.map { Tensor(rows: $0).requiringGradient() }
      let result = try hopfieldUpdate(
        of: leaves[0], stored: leaves[1], sharpness: 4, blockSize: size)
      let slopes = try gradients(
        of: (result * Tensor([1.0, -2, 3])).sum(), withRespectTo: leaves)
      return (result, slopes)
    }
    let (some, all) = (try found(blockSize), try found(nil))
    expectClose(some.value, all.value, tolerance: 1e-14)
    for (slope, expected) in zip(some.slopes, all.slopes) {
      expectClose(slope, expected, tolerance: 1e-13)
    }
  }

  @Test func `interpolates between the mean and the nearest pattern`() throws {
    let stored = Tensor(rows: [[1.0, 0], [0, 1]])
    let state = Tensor(rows: [[2.0, 1]])
    let mean = try ModernHopfieldRetrieval(sharpness: 0)(states: state, stored: stored)
    expectClose(mean.doubles(), [0.5, 0.5].map { $0.squareRoot() }, tolerance: 1e-12)
    let nearest = try ModernHopfieldRetrieval(sharpness: 1e4)(states: state, stored: stored)
    expectClose(nearest.doubles(), [1, 0], tolerance: 1e-12)
  }

  @Test func `stays finite when patterns cancel`() throws {
    let stored = Tensor(rows: [[1.0, 0], [-1, 0]]).requiringGradient()
    let found = try ModernHopfieldRetrieval()(states: Tensor(rows: [[0.0, 1]]), stored: stored)
    #expect(found.doubles().allSatisfy { $0.isFinite })
    let slopes = try gradients(of: found.sum(), withRespectTo: [stored])
    #expect(slopes[0]?.doubles().allSatisfy { $0.isFinite } == true)
  }
}
