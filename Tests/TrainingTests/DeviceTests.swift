import Extreme
import Foundation
import Kernels
import Models
import Storage
import TestSupport
import Testing
import Torch

@testable import Training

/// Training on another device than the CPU.
///
/// Mixed devices fail in `Rehearsal` as on CUDA.
@Suite(.enabled(if: Rehearsal.isAvailable, "needs Scripts/setup-rehearsal")) struct DeviceTests {
  private func configuration(
    _ device: Device?, _ change: (inout TrainingConfiguration) -> Void
  ) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      dataset: "none", model: .init(encoder: .init(dimension: 6)),
      optimization: .init(batchSize: 8, featureDropout: 0.25), threads: 1)
    change(&result)
    result.device = device
    return result
  }

  private func examples(_ count: Int) -> DualEncoderTask.Examples {
    let offsets: [Int64] = (0...count).map { Int64(2 * $0) }
    let values: [Float] = (0..<(2 * count)).map { 0.5 + Float($0 % 3) }
    let columns: [Int32] = (0..<count).flatMap { row -> [Int32] in
      [Int32(row % 12), Int32(12 + (5 * row) % 8)]
    }
    let bags = CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), values: MappedArray(values),
      columnCount: 20)
    let labels: [[Int]] = (0..<count).map { row in [row % 9, (row + 4) % 9] }
    return .init(bags: bags, labels: CSRMatrix(rows: labels, columnCount: 9))
  }

  private func task(
    on device: Device?, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> DualEncoderTask {
    let texts: [[Int]] = (0..<9).map { label in [label, 12 + label % 8] }
    let plain = CSRMatrix(rows: texts, columnCount: 20)
    return try DualEncoderTask(
      configuration(device, change), examples: examples(40),
      labelTexts: CSRMatrix(
        rowOffsets: plain.rowOffsets, columns: plain.columns,
        values: MappedArray([Float](repeating: 0.5, count: plain.entryCount)), columnCount: 20),
      validation: examples(12))
  }

  /// Losses and weights of two epochs.
  private func trained(_ task: DualEncoderTask) throws -> (losses: [Double], model: [Double]) {
    var losses: [Double] = []
    for epoch in 0..<2 {
      for step in 0..<task.stepsPerEpoch {
        let position = TrainingPosition(epoch: epoch, step: step)
        losses.append(try checked { try task.step(at: position, totalSteps: 10).loss })
      }
    }
    return (losses, task.model.sorted { $0.key < $1.key }.flatMap { $0.value.doubles() })
  }

  @Test(
    arguments: [
      "plain", "texts", "both", "apart", "hidden", "infoNCE", "bce", "hinge", "mlcd", "zLoss",
      "softTopK", "learnt", "nested", "wide", "pool", "lazy", "clipped", "bfloat16",
    ]) func `a step stays on the device and agrees with the CPU`(what: String) throws
  {
    func change(_ it: inout TrainingConfiguration) {
      switch what {
      case "texts": it.model.labels = .text
      case "both": it.model.labels = .both
      case "apart":
        it.model.labels = .text
        it.model.sharesEncoder = false
      case "hidden": it.model.encoder.hiddenDimensions = [10]
      case "infoNCE": it.loss = TrainingLoss(InfoNCELoss(temperature: 1, blockSize: 4))
      case "bce": it.loss = TrainingLoss(BinaryCrossEntropyLoss(temperature: 1, blockSize: 4))
      case "hinge": it.loss = TrainingLoss(SquaredHingeLoss(temperature: 1))
      case "mlcd": it.loss = TrainingLoss(MLCDLoss(temperature: 1))
      case "zLoss": it.loss = TrainingLoss(ZLoss(temperature: 1))
      case "softTopK": it.loss = TrainingLoss(SoftTopKLoss(temperature: 1, places: .fixed(2)))
      case "learnt": it.model.learnsTemperature = true
      case "nested": it.nestedDimensions = [2, 4]
      case "wide": it.model.wide = .init(maximumDocumentShare: 1, minimumPairCount: 0)
      case "pool":
        it.negatives = NegativeConfiguration(labels: .pool, pool: .init(uniformNegatives: 3))
      case "lazy": it.negatives = NegativeConfiguration(labels: .pool, isLazy: true)
      case "bfloat16": it.scorePrecision = .bfloat16
      case "clipped": it.optimization.gradientClipping = 0.1
      default: it.loss = TrainingLoss(DecoupledSoftmaxLoss(temperature: 1, blockSize: 4))
      }
    }
    let (losses, model) = try trained(task(on: nil, change))
    let placed = try task(on: .rehearsal, change)
    for (name, tensor) in placed.dualEncoder.parameters {
      #expect(tensor.device.kind == .rehearsal, "\(name)")
    }
    let (placedLosses, placedModel) = try trained(placed)
    // The CPU's own kernels for bfloat16 round in other places.
    let isShort = what == "bfloat16"
    expectClose(placedLosses, losses, tolerance: isShort ? 0.02 : 1e-5, "losses")
    expectClose(placedModel, model, tolerance: isShort ? 0.05 : 1e-4, "weights")
    for (name, tensor) in placed.dualEncoder.parameters {
      #expect(tensor.device.kind == .rehearsal, "\(name) after training")
    }
    #expect(placed.model.values.allSatisfy { $0.device == .cpu })
    #expect(placed.optimizerState.values.allSatisfy { $0.device == .cpu })
  }

  @Test func `validation uses copies on the CPU and training goes on`() throws {
    let (one, other) = (try task(on: nil), try task(on: .rehearsal))
    let position = TrainingPosition(epoch: 0, step: 0)
    for task in [one, other] { _ = try task.step(at: position, totalSteps: 10) }
    #expect(try one.validate()?.metrics == other.validate()?.metrics)
    let next = TrainingPosition(epoch: 0, step: 1)
    let losses = try [one, other].map { try $0.step(at: next, totalSteps: 10).loss }
    expectClose(losses[1], losses[0], tolerance: 1e-6)
  }

  @Test func `a run continues on another device`() throws {
    let first = try task(on: .rehearsal)
    let second = try task(on: nil)
    _ = try first.step(at: TrainingPosition(epoch: 0, step: 0), totalSteps: 10)
    try second.restore(model: first.model, optimizerState: first.optimizerState)
    let third = try task(on: .rehearsal)
    try third.restore(model: second.model, optimizerState: second.optimizerState)
    let next = TrainingPosition(epoch: 0, step: 1)
    let losses = try [first, second, third].map { try $0.step(at: next, totalSteps: 10).loss }
    expectClose(losses[1], losses[0], tolerance: 1e-6)
    expectClose(losses[2], losses[0], tolerance: 1e-6)
  }

  /// The number of times that a step waits for the device.
  private func waits(blockSize: Int) throws -> Int {
    let task = try task(on: .rehearsal) {
      $0.loss = TrainingLoss(DecoupledSoftmaxLoss(temperature: 1, blockSize: blockSize))
    }
    _ = try task.step(at: TrainingPosition(epoch: 0, step: 0), totalSteps: 10)
    let before = Rehearsal.waits
    _ = try task.step(at: TrainingPosition(epoch: 0, step: 1), totalSteps: 10)
    return Rehearsal.waits - before
  }

  @Test func `a step waits once for the loss, however many blocks there are`() async {
    // In a separate process, because other tests wait, too.
    await #expect(processExitsWith: .success) {
      precondition(Rehearsal.isAvailable, "the device was there before")
      let counts = try [9, 1].map { try DeviceTests().waits(blockSize: $0) }
      precondition(counts == [1, 1], "waits: \(counts)")
    }
  }
}
