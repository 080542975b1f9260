import Evaluation
import Extreme
import Models
import Storage
import Testing
import Torch
import Training

@Suite struct GradientClippingTests {
  /// The norm of the gradients of the first step.
  private func norm(clippedTo limit: Double?) throws -> Double {
    let task = try DualEncoderTask(
      TrainingConfiguration(
        dataset: "none", model: .init(encoder: .init(dimension: 4)),
        optimization: .init(batchSize: 8, gradientClipping: limit), threads: 1),
      examples: .init(
        bags: CSRMatrix(rows: (0..<8).map { [$0, ($0 + 3) % 8] }, columnCount: 8),
        labels: CSRMatrix(rows: (0..<8).map { [$0 % 5] }, columnCount: 5)),
      labelTexts: nil, validation: nil)
    _ = try task.step(at: .init(epoch: 0, step: 0), totalSteps: 10)
    let squares = try task.dualEncoder.parameters.map {
      let gradient = try #require($0.tensor.gradient, "\($0.name)")
      let values = gradient.isSparse ? gradient.storedRows().values : gradient
      return (values * values).sum().scalar
    }
    return squares.reduce(0, +).squareRoot()
  }

  @Test func `clips the norm of all gradients of a step together`() throws {
    let free = try norm(clippedTo: nil)
    #expect(free > 0.1)
    #expect(try norm(clippedTo: 2 * free) == free)
    #expect(abs(try norm(clippedTo: free / 8) - free / 8) < 1e-4 * free)
  }
}
