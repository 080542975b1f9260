import Contrastive
import Storage
import Torch

/// ConR added to the error of a regression with mostly small targets.
struct ImbalancedRegression: Experiment {
  static let name = "conr-imbalanced"
  static let claim =
    "A contrastive term that keeps rare targets from collapsing into frequent ones (ConR) lowers a regression's error on rare targets."
  static let paper =
    "Keramati, Meng, Evans. ConR: Contrastive Regularizer for Deep Imbalanced Regression. ICLR 2024. <https://arxiv.org/abs/2309.06651>"
  static let data =
    "Communities and Crime (1,994 communities, 99 numbers each, columns with gaps left out): 600 to test; as many of the others to learn from as named, drawn by the seed, and for choices another 300 of them to judge by. The target, violent crimes, is scaled to 0 … 100 and mostly small; rare are tens of it that hold less than a twentieth of the examples. A perceptron of two hidden layers (128, 64), 400 batches of 64 in two noisy views, AdamW, absolute error; ConR on the second hidden layer (e = 0.01), weights by the inverse square root of how frequent a ten is. Percent are of the error that the training set's median makes on the same targets."
  static var uses: [Any.Type] { [ConRLoss.self] }
  static let conditionName = "examples"
  static let conditions = [300, 1000]
  enum Arm: String, Named, CaseIterable {
    case absolute = "absolute error"
    case conR = "with ConR"
  }
  static let measures = [
    "error removed on rare targets (%)", "error removed (%)", "absolute error on rare targets",
  ]
  static let settingName = "step, factor, width, temperature"
  static let choiceSeeds = 4

  struct Setting: Named {
    struct ConR: Hashable {
      let factor: Double
      let width: Double
      let temperature: Double
    }
    let step: Double
    var conR: ConR?

    var name: String {
      let text = conR.map {
        " × \($0.factor.name) ω \($0.width.name) τ \($0.temperature.name)"
      }
      return "step \(step.name)\(text ?? "")"
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    let steps = [0.0003, 0.001, 0.003]
    guard arm == .conR else { return steps.map { Setting(step: $0) } }
    return steps.flatMap { step in
      [0.4, 1, 4].flatMap { factor in
        [1.0, 5].flatMap { width in
          [0.07, 0.5].map { temperature in
            Setting(
              step: step, conR: .init(factor: factor, width: width, temperature: temperature))
          }
        }
      }
    }
  }

  private let rows: [[Float]]
  private let targets: [Double]
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let name = "tabular/communities.data.xz"
    let text = try DataFolder(path: options.data).unpackedText(
      name, origin: "UCI's communities.data, packed with xz")
    // The first five columns identify the community.
    let table = text.split(separator: "\n").map { line in
      line.split(separator: ",").dropFirst(5).map { Double($0) ?? .nan }
    }
    guard let width = table.first?.count, width > 1, table.allSatisfy({ $0.count == width }) else {
      throw InputError(file: name, reason: "rows of different lengths", expected: "a table")
    }
    let whole = (0..<(width - 1)).filter { column in table.allSatisfy { $0[column].isFinite } }
    rows = table.map { row in whole.map { Float(row[$0]) } }
    targets = table.map { $0[width - 1] * 100 }
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 11)
    var fixed = SplitMix64(0)
    let mixed = rows.indices.shuffled(using: &fixed)
    let order = mixed.dropFirst(600).shuffled(using: &random)
    let held = options.part == .test ? Array(mixed.prefix(600)) : Array(order.prefix(300))
    let taught = Array(order.suffix(condition))
    let (mean, deviation) = moments(of: taught)
    func inputs(_ some: [Int]) -> Tensor {
      (Tensor(rows: some.map { rows[$0] }) - mean) / deviation
    }
    func ten(_ target: Double) -> Int { min(9, Int(target / 10)) }
    var counts = [Int](repeating: 0, count: 10)
    for row in taught { counts[ten(targets[row])] += 1 }
    let inverse = taught.map { 1 / Double(counts[ten(targets[$0])]).squareRoot() }
    let total = inverse.reduce(0, +) / Double(inverse.count)

    let network = try train(
      inputs(taught), targets: taught.map { targets[$0] }, weights: inverse.map { $0 / total },
      setting: setting, seed: seed, using: &random)
    let found = withoutGradients { network.output(network.hidden(inputs(held))).doubles() }
    let median = taught.map { targets[$0] }.sorted()[taught.count / 2]
    func errors(_ places: [Int]) -> (own: Double, median: Double) {
      let own = places.map { abs(found[$0] - targets[held[$0]]) }.reduce(0, +)
      let other = places.map { abs(median - targets[held[$0]]) }.reduce(0, +)
      return (own / Double(max(1, places.count)), other / Double(max(1, places.count)))
    }
    let rare = held.indices.filter { counts[ten(targets[held[$0]])] * 20 < taught.count }
    let (few, all) = (errors(rare), errors(Array(held.indices)))
    return [(1 - few.own / few.median) * 100, (1 - all.own / all.median) * 100, few.own]
  }

  private func moments(of some: [Int]) -> (mean: Tensor, deviation: Tensor) {
    let values = Tensor(rows: some.map { rows[$0] })
    return (values.mean(along: 0), values.variance(along: 0).squareRoot().clamped(from: 1e-6))
  }

  private struct Network {
    let hidden: Sequential
    let last: Linear
    /// Targets span tens of units, which the network need not learn.
    func output(_ embeddings: Tensor) -> Tensor {
      last(embeddings.relu()).squeezed(along: 1) * 25 + 25
    }
  }

  private func train(
    _ inputs: Tensor, targets: [Double], weights: [Double], setting: Setting, seed: UInt64,
    using random: inout SplitMix64
  ) throws -> Network {
    let generator = Generator(seed: seed)
    let network = Network(
      hidden: Sequential(
        Linear(from: inputs.size(along: 1), to: 128, generator: generator), Activation(.relu),
        Linear(from: 128, to: 64, generator: generator)),
      last: Linear(from: 64, to: 1, generator: generator))
    let optimizer = AdamW(
      (network.hidden.parameters + network.last.parameters).map(\.tensor),
      .init(learningRate: setting.step))
    for _ in 0..<options.budget(400) {
      let batch = (0..<64).map { _ in Int.random(in: targets.indices, using: &random) }
      let both = Tensor(batch + batch)
      let clean = inputs.gathered(rows: both)
      let seen = clean + 0.2 * Tensor.normal(clean.shape, generator: generator)
      let embeddings = network.hidden(seen)
      let predictions = network.output(embeddings)
      let wanted = Tensor(targets).gathered(rows: both)
      var value = (predictions - wanted.converted(to: .float32)).magnitude().mean()
      if let conR = setting.conR {
        value =
          value + conR.factor
          * (try ConRLoss(width: conR.width, temperature: conR.temperature)(
            embeddings: embeddings, targets: wanted, predictions: predictions,
            weights: Tensor(weights).gathered(rows: both)))
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return network
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let rare = conditions.map { record.gain(.conR, over: .absolute, $0) }
    let all = conditions.map { record.gain(.conR, over: .absolute, $0, measure: 1) }
    let texts = conditions.indices.map {
      "\(rare[$0].text) on rare targets and \(all[$0].text) on all from \(conditions[$0]) examples"
    }
    return Verdict(
      parts: rare.map { $0.isAbove() },
      "Further reduction of the error by ConR compared with the absolute error alone, in points: \(texts.joined(separator: "; "))."
    )
  }
}
