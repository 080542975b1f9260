import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// Positives with values: how relevant each is.
@Suite struct GradedPositivesTests {
  private struct Case: Decodable {
    struct Inputs: Decodable {
      let queries: [[Double]]
      let labels: [[Double]]
      let bias: [Double]
      let positives: [[Int]]
      let grades: [[Float]]
    }
    struct Slopes: Decodable {
      let queries: [[Double]]
      let labels: [[Double]]
      let bias: [Double]
    }
    let loss: String
    let options: [String: GoldenOption]
    let inputs: Inputs
    let value: Double
    let gradients: Slopes
  }

  @Test(arguments: LabelLossChecks.names) func `agrees with PyTorch`(name: String) throws {
    let golden: Golden<Case> = try learningGolden("GradedPositives")
    let found = try #require(golden.cases.first { $0.loss == name })
    let type = try LabelLossChecks.loss(named: name)
    let temperature = try #require(found.options["temperature"]).number
    expectOptions(found.options, of: type.init(temperature: temperature, blockSize: nil))
    let example = LabelCase(
      queries: found.inputs.queries, labels: found.inputs.labels, bias: found.inputs.bias,
      positives: found.inputs.positives, temperature: temperature,
      grades: found.inputs.grades)
    let expected = Differentiated(
      value: found.value, queries: Array(found.gradients.queries.joined()),
      labels: Array(found.gradients.labels.joined()), bias: found.gradients.bias)
    expectClose(try example.composed(type), expected, tolerance: 1e-11, "composite")
    for size in [1, 2, 4, nil] {
      expectClose(
        try example.streamed(type, blockSize: size), expected, tolerance: 1e-11,
        "blocks of \(size ?? 0)")
      expectClose(
        try example.streamed(type, blockSize: size, dtype: .float32), expected, tolerance: 1e-5,
        "float32, blocks of \(size ?? 0)")
    }
  }

  @Test(arguments: LabelLossChecks.names) func `grade 1 changes nothing`(name: String) throws {
    let type = try LabelLossChecks.loss(named: name)
    let plain = LabelCase.random(seed: 21, temperature: 0.5)
    var graded = plain
    graded.grades = plain.positives.map { $0.map { _ in 1 } }
    for size in [3, nil] {
      expectClose(
        try graded.streamed(type, blockSize: size), try plain.streamed(type, blockSize: size),
        tolerance: 0)
    }
    expectClose(try graded.composed(type), try plain.composed(type), tolerance: 1e-15)
  }

  /// Half of a batch's grades halve its loss and gradients, where the mean is over positives.
  @Test func `grades scale loss and gradient`() throws {
    for type in [DecoupledSoftmaxLoss.self, InfoNCELoss.self, ZLoss.self] as [any LabelLoss.Type] {
      let plain = LabelCase.random(seed: 22, temperature: 0.5)
      var graded = plain
      graded.grades = plain.positives.map { $0.map { _ in 0.5 } }
      let expected = try plain.streamed(type, blockSize: 3, start: 0.5)
      let found = try graded.streamed(type, blockSize: 3)
      expectClose(found.value, try plain.streamed(type, blockSize: 3).value / 2, tolerance: 1e-14)
      expectClose(found.labels, expected.labels, tolerance: 1e-14)
    }
  }

  @Test func `a positive of grade 0 equals an absent label`() throws {
    var graded = LabelCase.random(seed: 23, temperature: 0.5)
    graded.positives = Array(repeating: [2, 4], count: 6)
    graded.grades = Array(repeating: [1, 0], count: 6)
    var without = graded
    without.labels.remove(at: 4)
    without.bias.remove(at: 4)
    without.positives = Array(repeating: [2], count: 6)
    without.grades = nil
    for type in [
      DecoupledSoftmaxLoss.self, BinaryCrossEntropyLoss.self, SquaredHingeLoss.self, MLCDLoss.self,
    ] as [any LabelLoss.Type] {
      let found = try graded.streamed(type, blockSize: 3)
      let expected = try without.streamed(type, blockSize: 3)
      expectClose(found.value, expected.value, tolerance: 1e-14, "\(type)")
      expectClose(found.queries, expected.queries, tolerance: 1e-13, "\(type)")
      #expect(found.bias[4] == 0, "\(type)")
    }
  }

  @Test func `traps on a negative grade`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try DecoupledSoftmaxLoss()(
          queries: .zeros([1, 2]), labels: .zeros([3, 2]),
          positives: CSRMatrix(
            rowOffsets: MappedArray([0, 1]), columns: MappedArray([1]),
            values: MappedArray([-1]), columnCount: 3))
      } catch {}
    }
  }
}
