import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// A temperature that is learned, in every loss over labels.
@Suite struct LossOverLabelsTests {
  static let losses: [any LossOverLabels] = [
    DecoupledSoftmaxLoss(blockSize: 3), InfoNCELoss(blockSize: 3),
    BinaryCrossEntropyLoss(blockSize: 3), SquaredHingeLoss(blockSize: 3),
    SoftTopKLoss(places: .fixed(2), blockSize: 3), ZLoss(target: 1.5, blockSize: 3),
    MLCDLoss(blockSize: 3),
  ]

  private static func slopes(
    _ loss: any LossOverLabels, _ example: LabelCase, logTemperature: Double,
    dtype: DType = .float64, shape: [Int] = []
  ) throws -> (value: Double, parts: [[Double]]) {
    let leaves = [
      Tensor(rows: example.queries), Tensor(rows: example.labels), Tensor(example.bias),
    ]
    .map { $0.converted(to: dtype).requiringGradient() }
    let temperature = Tensor([logTemperature], shape: shape).converted(to: dtype)
      .requiringGradient()
    let value = try loss(
      queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: example.matrix,
      logTemperature: temperature)
    let found = try gradients(of: value, withRespectTo: leaves + [temperature])
    return (value.scalar, found.map { $0?.doubles() ?? [] })
  }

  @Test(arguments: losses.indices) func `gradient matches finite differences`(index: Int) throws {
    let loss = Self.losses[index]
    let example = LabelCase.random(seed: 31, temperature: 1)
    for center in [-0.7, 0.4] {
      let step = 1e-5
      let high = try Self.slopes(loss, example, logTemperature: center + step).value
      let low = try Self.slopes(loss, example, logTemperature: center - step).value
      let found = try Self.slopes(loss, example, logTemperature: center)
      #expect(abs(found.parts[3][0]) > 1e-4, "\(loss): the temperature must matter")
      expectClose(found.parts[3][0], (high - low) / (2 * step), tolerance: 1e-8, "\(loss)")
    }
  }

  /// ∂L/∂log τ = −Σ (∂L/∂s) (s − b), from the gradient of the score matrix.
  @Test(arguments: losses.indices) func `the temperature gradient follows from the score gradient`(
    index: Int
  ) throws {
    let loss = Self.losses[index]
    let example = LabelCase.random(seed: 32, temperature: 0.3)
    let found = try Self.slopes(loss, example, logTemperature: log(0.3))
    let scores = Tensor(rows: example.scores).requiringGradient()
    let labels = Tensor.identity(example.labels.count, dtype: .float64)
    var plain = loss
    plain.temperature = 1
    let value = try plain(
      queries: scores, labels: labels, bias: nil, positives: example.matrix, offset: nil)
    let slope = try #require(try gradients(of: value, withRespectTo: [scores])[0])
    let expected = -(slope * (scores.detached() - Tensor(example.bias))).sum().scalar
    expectClose(found.value, value.scalar, tolerance: 1e-12, "\(loss)")
    expectClose(found.parts[3][0], expected, tolerance: 1e-11, "\(loss)")
  }

  @Test(arguments: losses.indices) func `equals the loss at a fixed temperature`(index: Int) throws
  {
    let example = LabelCase.random(seed: 33, temperature: 0.25)
    var fixed = Self.losses[index]
    fixed.temperature = 0.25
    for dtype in [DType.float64, .float32] {
      let leaves = [
        Tensor(rows: example.queries), Tensor(rows: example.labels), Tensor(example.bias),
      ]
      .map { $0.converted(to: dtype).requiringGradient() }
      let value = try fixed(
        queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: example.matrix,
        offset: nil)
      let expected = try gradients(of: value, withRespectTo: leaves).map { $0?.doubles() ?? [] }
      let found = try Self.slopes(
        Self.losses[index], example, logTemperature: log(0.25), dtype: dtype, shape: [1])
      let tolerance = dtype == .float64 ? 1e-12 : 1e-5
      expectClose(found.value, value.scalar, tolerance: tolerance)
      for part in 0..<3 { expectClose(found.parts[part], expected[part], tolerance: tolerance) }
    }
  }

  @Test func `stays finite at scores of 10,000`() throws {
    let example = LabelCase(
      queries: [[100], [-100]], labels: [[1], [-1], [0]], bias: [0, 0, 0],
      positives: [[0], [0, 2]], temperature: 1)
    for dtype in [DType.float64, .float32] {
      let found = try Self.slopes(
        DecoupledSoftmaxLoss(blockSize: 2), example, logTemperature: log(0.01), dtype: dtype)
      // Query 0 is right by far; query 1 misses label 0 by 20,000 and label 2 by 10,000.
      expectClose(found.value, (0 + (20_000 + 10_000) / 2) / 2, tolerance: 1e-6)
      expectClose(found.parts[3][0], -7500, tolerance: 1e-5)
    }
  }

  @Test func `traps on several temperatures`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try DecoupledSoftmaxLoss()(
          queries: .zeros([1, 2]), labels: .zeros([3, 2]),
          positives: CSRMatrix(rows: [[1]], columnCount: 3), logTemperature: .zeros([2]))
      } catch {}
    }
  }
}
