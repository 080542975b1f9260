import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch

@testable import Training

/// Trainings whose loss is that of prefixes of the embeddings, too.
@Suite struct NestedTrainingTests {
  private func configuration(
    _ nested: [Int]?, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      dataset: "none", model: .init(encoder: .init(dimension: 6)), nestedDimensions: nested,
      optimization: .init(batchSize: 8, featureDropout: 0), threads: 1)
    change(&result)
    return result
  }

  private func task(_ configuration: TrainingConfiguration) throws -> DualEncoderTask {
    try DualEncoderTask(
      configuration,
      examples: .init(
        bags: CSRMatrix(rows: (0..<8).map { [$0, ($0 + 3) % 8] }, columnCount: 8),
        labels: CSRMatrix(rows: (0..<8).map { [$0 % 5] }, columnCount: 5)),
      labelTexts: nil, validation: nil)
  }

  /// The loss of the first step and the gradient of the label vectors.
  private func firstStep(_ configuration: TrainingConfiguration) throws -> (Double, Tensor) {
    let task = try task(configuration)
    let loss = try task.step(at: .init(epoch: 0, step: 0), totalSteps: 10).loss
    return (loss, try #require(task.dualEncoder.labelVectors?.gradient).copied())
  }

  /// The loss of the first step of an encoder that is cut from the start.
  private func cutStep(_ count: Int, _ configuration: TrainingConfiguration) throws -> Double {
    let task = try task(configuration)
    let encoder = task.dualEncoder.encoder.truncated(to: count)
    let bags = task.examples.bags
    let labels = try #require(task.dualEncoder.labelVectors).detached()
    return try configuration.loss(
      queries: encoder.normalized(encoder(bags)),
      labels: encoder.normalized(labels.slice(0..<count, along: 1)), bias: task.dualEncoder.bias,
      positives: task.examples.labels
    ).scalar
  }

  @Test(arguments: [false, true])
  func `a step takes the mean over prefixes and the whole`(isNormalized: Bool) throws {
    let change: (inout TrainingConfiguration) -> Void = {
      $0.model.encoder.isNormalized = isNormalized
    }
    let parts = try [2, 3, 6].map { try cutStep($0, configuration(nil, change)) }
    let (loss, gradient) = try firstStep(configuration([2, 3], change))
    expectClose(loss, parts.reduce(0, +) / 3, tolerance: 1e-5)
    let (whole, plain) = try firstStep(configuration(nil, change))
    expectClose(whole, parts[2], tolerance: 1e-5)
    // Of numbers outside all prefixes only the whole's share counts.
    guard !isNormalized else { return }
    expectClose(
      gradient.slice(3..<6, along: 1), plain.slice(3..<6, along: 1) * (1.0 / 3), tolerance: 1e-6)
  }

  @Test(arguments: ["softTopK", "pool", "learnt", "wide"])
  func `works with`(what: String) throws {
    let configuration = configuration([2, 4]) {
      switch what {
      case "softTopK": $0.loss = TrainingLoss(SoftTopKLoss(temperature: 1, places: .fixed(1)))
      case "pool": $0.negatives = NegativeConfiguration(labels: .pool)
      case "learnt": $0.model.learnsTemperature = true
      default: $0.model.wide = .init(maximumDocumentShare: 1, minimumPairCount: 0)
      }
    }
    let task = try task(configuration)
    let losses = try (0..<30).map {
      try task.step(at: .init(epoch: $0, step: 0), totalSteps: 40).loss
    }
    #expect(losses.allSatisfy { $0.isFinite })
    #expect(losses[29] < losses[0] / 2, "\(losses)")
  }

  @Test(arguments: [[6], [4, 2], [2, 2], [2, 7]])
  func `rejects lengths that do not ascend below the dimension`(lengths: [Int]) throws {
    let error = #expect(throws: InputError.self) {
      try configuration(lengths).check(file: "settings.json")
    }
    #expect(
      error?.description == "settings.json: nestedDimensions is \(lengths) and the dimension is 6; "
        + "expected ascending lengths below the dimension")
    #expect(throws: InputError.self) { try configuration([0]).check(file: "settings.json") }
    try configuration([]).check(file: "settings.json")
  }
}
