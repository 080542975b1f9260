import Foundation
import Noise
import TestSupport
import Testing
import Torch

/// The classes of a golden file's case, next to the options of the loss.
struct ClassesOf<Loss: Decodable>: Decodable {
  let loss: Loss
  let classes: [Int]

  private enum Key: CodingKey { case classes }

  init(from decoder: any Decoder) throws {
    // The options are the loss's record: its keys are those of its properties.
    loss = try Loss(from: decoder)
    classes = try decoder.container(keyedBy: Key.self).decode([Int].self, forKey: .classes)
  }
}

/// The checks that tests of losses of class scores share.
enum ClassLossCases {
  static let classes = [0, 2, 1, 2, 3]
  static let scores = PairLossChecks.matrices([(5, 4)], seed: 3)

  /// Value and gradient are the golden file's, and those of finite differences.
  static func agree<Loss: ClassLoss & Codable>(
    _ type: Loss.Type, cases: Int, testFile: String = #filePath
  ) throws {
    try PairLossChecks.agreesWithTheGolden(
      "\(type)", ClassesOf<Loss>.self, cases: cases, testFile: testFile
    ) { options in { try options.loss(scores: $0[0], classes: options.classes) } }
  }

  /// The loss of each example, in nats or the loss's units.
  static func terms(_ loss: some ClassLoss, _ scores: [[Double]], _ classes: [Int]) throws
    -> [Double]
  { try loss.perExample(scores: Tensor(rows: scores), classes: classes).doubles() }

  /// The mean of the terms, no dependence on the other examples, and finite values and gradients at
  /// scores of ±1000.
  static func keepsItsLaws(_ loss: some ClassLoss) throws {
    let all = try terms(loss, scores[0], classes)
    let mean = try PairLossChecks.result(
      of: { try loss(scores: $0[0], classes: classes) }, at: scores)
    expectClose(mean.value, Loops.mean(all), tolerance: 1e-12)
    for index in classes.indices {
      expectClose(
        try terms(loss, [scores[0][index]], [classes[index]]), [all[index]], tolerance: 1e-12)
    }
    let extreme = [[[1000.0, -1000, 0, 0], [-1000, 1000, 0, 0], [0, 0, 0, 0]]]
    let found = try PairLossChecks.result(
      of: { try loss(scores: $0[0], classes: [0, 0, 1]) }, at: extreme)
    #expect(found.value.isFinite && found.gradients[0].allSatisfy(\.isFinite))
    let single = try PairLossChecks.result(
      of: { try loss(scores: $0[0], classes: classes) }, at: scores, dtype: .float32)
    expectClose(single.value, mean.value, tolerance: 1e-5)
  }

  /// The softmax of a row.
  static func softmax(_ row: [Double]) -> [Double] {
    let sum = Loops.logSumExp(row)
    return row.map { exp($0 - sum) }
  }
}
