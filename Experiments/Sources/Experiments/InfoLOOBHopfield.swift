import Learning
import Torch

/// InfoLOOB with Hopfield retrieval against InfoNCE.
struct InfoLOOBHopfield: Experiment {
  static let name = "infoloob-hopfield"
  static let claim =
    "InfoLOOB on patterns that a modern Hopfield network has retrieved (CLOOB) is better than InfoNCE, and neither part is enough alone."
  static let paper =
    "Fürst, Rumetshofer, Lehner, Tran, Tang, Ramsauer, Kreil, Kopp, Klambauer, Bitto-Nemling, Hochreiter. CLOOB: Modern Hopfield Networks with InfoLOOB Outperform CLIP. NeurIPS 2022. <https://arxiv.org/abs/2110.11316>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (38,400 seen, batches of 64, AdamW), 2,000 to test. The two kinds that CLIP has are the upper and the lower half of a picture here, each in a view of its own; embeddings of whole pictures, 64 dimensions, are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000. β = 8."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Losses/SymmetricInfoNCELoss.swift",
      "Sources/Learning/Pairs/CLOOBLoss.swift", "Sources/Learning/Pairs/InfoLOOBLoss.swift",
      "Sources/Learning/Pairs/ModernHopfieldRetrieval.swift",
    ]
  static let conditionName = "temperature"
  static let conditions = ["0.0333", "0.1"]
  static let arms = ["InfoNCE", "InfoNCE + Hopfield", "InfoLOOB", "CLOOB"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let temperature = Double(condition) ?? 0
    let upper = Tensor((0..<28 * 28).map { Float($0 < 14 * 28 ? 1 : 0) }, shape: [1, 1, 28, 28])
    let halves = [upper, 1 - upper]
    let encoder = try digits.encoder(
      seed: seed, samples: options.budget(38_400), batch: 64, masks: halves
    ) { views in
      let (x, y) = (views[0].normalized(), views[1].normalized())
      let plain = SymmetricInfoNCELoss(temperature: temperature, smoothing: 0)
      let retrieval = ModernHopfieldRetrieval()
      switch arm {
      case Self.arms[0]: return try plain(queries: x, references: y)
      case Self.arms[1]:
        let first = try plain(
          queries: retrieval(states: x, stored: x), references: retrieval(states: y, stored: x))
        let second = try plain(
          queries: retrieval(states: x, stored: y), references: retrieval(states: y, stored: y))
        return (first + second) * 0.5
      case Self.arms[2]: return try InfoLOOBLoss(temperature: temperature)(first: x, second: y)
      default: return try CLOOBLoss(temperature: temperature)(first: x, second: y)
      }
    }
    return try digits.accuracies(of: encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    func best(_ arm: String) -> String {
      conditions.max { record.spread(arm, $0).mean < record.spread(arm, $1).mean } ?? ""
    }
    let own = record.values(arms[3], best(arms[3]))
    let gains = arms.prefix(3).map { arm in
      ExperimentRecord.Spread(zip(own, record.values(arm, best(arm))).map { $0 - $1 })
    }
    let texts = zip(arms, gains).map { "\($1.text) over \($0)" }
    return Verdict(
      parts: gains.map { $0.mean > $0.deviation },
      "Each at its best temperature, CLOOB gains by neighbours, in points: \(texts.joined(separator: ", "))."
    )
  }
}
