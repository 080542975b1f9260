import Contrastive
import Extreme
import Storage
import Torch

/// InfoLOOB with Hopfield retrieval against InfoNCE.
struct InfoLOOBHopfield: Experiment {
  static let name = "infoloob-hopfield"
  static let claim =
    "InfoLOOB on patterns that a modern Hopfield network has retrieved (CLOOB) is better than InfoNCE, and neither part is enough alone."
  static let paper =
    "Fürst, Rumetshofer, Lehner, Tran, Tang, Ramsauer, Kreil, Kopp, Klambauer, Bitto-Nemling, Hochreiter. CLOOB: Modern Hopfield Networks with InfoLOOB Outperform CLIP. NeurIPS 2022. <https://arxiv.org/abs/2110.11316>"
  static let data =
    "EURLEX57K: titles and texts of 11,250 laws, which are the two kinds that CLIP has, each with an encoder of its own (bags of words, 128 dimensions, 10 epochs). Judged without further training, as CLIP is: the text of each of about 1,500 other laws is to find one of its subjects by their names, which the encoder of titles embeds, among those that ten or more of these laws have; and its own title. On the same embeddings the authors' code gives the same value and gradient."
  static var uses: [Any.Type] {
    [
      Laws.self, BagEncoder.self, SymmetricInfoNCELoss.self, CLOOBLoss.self, InfoLOOBLoss.self,
      ModernHopfieldRetrieval.self,
    ]
  }
  static let conditionName = "batch size"
  static let conditions = [64, 256]
  enum Arm: String, Named, CaseIterable {
    case infoNCE = "InfoNCE"
    case infoNCEHopfield = "InfoNCE + Hopfield"
    case infoLOOB = "InfoLOOB"
    case cloob = "CLOOB"
  }
  static let measures = ["subject found by name (%)", "title found (%)"]
  static let choiceConditions = [256]
  static let settingName = "τ, or τ and β"
  struct Setting: Named {
    let temperature: Double
    /// The inverse temperature of retrieval.
    var sharpness: Double?
    var name: String { temperature.name + (sharpness.map { " \($0.name)" } ?? "") }
  }
  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .infoNCE, .infoLOOB:
      return [0.0333, 0.1, 0.2, 0.4, 0.8].map { Setting(temperature: $0) }
    case .infoNCEHopfield, .cloob:
      let pairs = [(0.0333, 8), (0.1, 4), (0.2, 5.7), (0.2, 8), (0.4, 8), (0.8, 11.3)]
      return pairs.map { Setting(temperature: $0, sharpness: $1) }
    }
  }

  private let laws: Laws
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    laws = try Laws(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    let encoders = (0..<2).map { kind in
      BagEncoder(
        .init(dimension: 128, isNormalized: true), featureCount: laws.featureCount,
        generator: Generator(seed: 2 * seed + UInt64(kind)))
    }
    let optimizer = SparseAdam(
      encoders.flatMap { $0.parameters.map(\.tensor) }, .init(learningRate: 0.01))
    let size = condition
    var random = SplitMix64(seed, 22)
    for _ in 0..<options.budget(10) {
      let order = Array(0..<laws.titles.rowCount).shuffled(using: &random)
      let end = options.isQuick ? size : order.count
      for start in stride(from: 0, through: end - size, by: size) {
        let batch = order[start..<(start + size)]
        let value = try Self.loss(
          arm, embedded(laws.titles.selecting(rows: batch), encoders[0]),
          embedded(laws.texts.selecting(rows: batch), encoders[1]), setting)
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
    }
    return try withoutGradients {
      let texts = try embedded(laws.testTexts, encoders[1])
      let found = try texts.matmul(embedded(laws.subjects, encoders[0]).transposed())
        .argmax(along: 1).doubles().map { Int($0) }
      let titles = try texts.matmul(embedded(laws.testTitles, encoders[0]).transposed())
        .argmax(along: 1).doubles().map { Int($0) }
      let right = zip(laws.testSubjects, found).count { $0.contains($1) }
      let own = titles.enumerated().count { $0.offset == $0.element }
      return [right, own].map { Double($0) * 100 / Double(found.count) }
    }
  }

  private func embedded(_ bags: CSRMatrix, _ encoder: BagEncoder) throws -> Tensor {
    encoder.normalized(try encoder(bags))
  }

  private static func loss(
    _ arm: Arm, _ x: Tensor, _ y: Tensor, _ setting: Setting
  ) throws -> Tensor {
    let temperature = setting.temperature
    let sharpness = setting.sharpness ?? 8
    let plain = SymmetricInfoNCELoss(temperature: temperature, smoothing: 0)
    let retrieval = ModernHopfieldRetrieval(sharpness: sharpness)
    switch arm {
    case .infoNCE: return try plain(queries: x, references: y)
    case .infoNCEHopfield:
      let first = try plain(
        queries: retrieval(states: x, stored: x), references: retrieval(states: y, stored: x))
      let second = try plain(
        queries: retrieval(states: x, stored: y), references: retrieval(states: y, stored: y))
      return (first + second) * 0.5
    case .infoLOOB: return try InfoLOOBLoss(temperature: temperature)(first: x, second: y)
    case .cloob:
      return try CLOOBLoss(temperature: temperature, sharpness: sharpness)(first: x, second: y)
    }
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let parts = conditions.map { condition in
      arms.prefix(3).map { record.gain(.cloob, over: $0, condition) }
    }
    let texts = zip(conditions, parts).map { condition, gains in
      zip(arms, gains).map { "\($1.text) over \($0.name)" }.joined(separator: ", ")
        + " in batches of \(condition)"
    }
    return Verdict(
      parts: parts.joined().map { $0.isAbove() },
      "CLOOB finds subjects by their names better by, in points: \(texts.joined(separator: "; ")).")
  }
}
