import Noise
import Storage
import Torch

/// Pseudo-labels by belief propagation against matching the proportions of bags.
struct LabelProportions: Experiment {
  static let name = "label-proportions"
  static let claim =
    "A classifier learns more from label proportions of bags through pseudo-labels by belief propagation (LLP-BP) than by matching the proportions (DLLP), most in large bags."
  static let paper =
    "Havaldar, Sharma, Sareen, Shanmugam, Raghuveer. Learning from Label Proportions: Bootstrapping Supervised Learners via Belief Propagation. ICLR 2024. <https://arxiv.org/abs/2310.08056>"
  static let data =
    "MAGIC (gamma showers against hadrons, 10 numbers each): 2,048 rows in random bags, of which only the number of positives is known, drawn by the seed; 4,000 others to test, and for choices 2,000 further ones. A perceptron with 64 hidden units on standardized inputs, AdamW, 60 epochs of batches of 512 rows, whole bags each. LLP-BP: 10 nearest neighbours by cosine, 10 rounds of messages, two turns of pseudo-labels and training, with the proportion loss of the bags added."
  static var uses: [Any.Type] { [Perceptron.self, DLLPLoss.self, LLPBeliefPropagation.self] }
  static let conditionName = "bag size"
  static let conditions = [8, 32, 128, 512]
  enum Arm: String, Named, CaseIterable {
    case matching = "DLLP"
    case propagation = "LLP-BP"
    case supervised = "all labels known"
  }
  static let measures = ["area under the curve (%)"]
  static let settingName = "step, λ_s"

  struct Setting: Named {
    let step: Double
    var weight: Double?
    var name: String { "step \(step.name)" + (weight.map { " λ_s \($0.name)" } ?? "") }
  }

  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .propagation: [0.1, 0.3].map { Setting(step: 0.003, weight: $0) }
    default: [0.001, 0.003, 0.01].map { Setting(step: $0) }
    }
  }
  static let choiceSeeds = 1
  static let choiceConditions = [32, 128]

  private let rows: [[Float]]
  private let labels: [Int]
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let name = "tabular/magic.dat.xz"
    let text = try DataFolder(path: options.data).unpackedText(
      name, origin: "KEEL's magic.dat, packed with xz")
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("@") }
      .map { $0.split(separator: ",").map { $0.filter { !$0.isWhitespace } } }
    guard lines.allSatisfy({ $0.count == 11 && ["g", "h"].contains($0[10]) }) else {
      throw InputError(file: name, reason: "not 10 numbers and a class g or h", expected: "MAGIC")
    }
    rows = lines.map { $0.prefix(10).map { Float($0) ?? 0 } }
    labels = lines.map { $0[10] == "g" ? 1 : 0 }
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 9)
    var fixed = SplitMix64(0)
    let mixed = rows.indices.shuffled(using: &fixed)
    let order = mixed.dropFirst(4_000).shuffled(using: &random)
    let held = options.part == .test ? Array(mixed.prefix(4_000)) : Array(order.prefix(2_000))
    let taught = Array(order.suffix(2_048))
    let raw = Tensor(rows: taught.map { rows[$0] })
    let (mean, deviation) = (raw.mean(along: 0), raw.variance(along: 0).squareRoot())
    let inputs = (raw - mean) / deviation
    let known = taught.map { labels[$0] }

    let bags = Bags(sizes: [Int](repeating: condition, count: 2_048 / condition))
    let counts = bags.rows.map { rows in Double(rows.reduce(0) { $0 + known[$1] }) }
    let whole = stride(from: 0, to: 2_048, by: 512).map { Array($0..<$0 + 512) }
    func proportions(_ network: Perceptron, _ batch: [Int]) throws -> Tensor {
      let inside = Bags(sizes: [Int](repeating: condition, count: 512 / condition))
      let shares = (batch[0] / condition..<(batch[0] + 512) / condition).map { bag in
        let share = counts[bag] / Double(condition)
        return [1 - share, share]
      }
      return try DLLPLoss()(
        logits: network(inputs.gathered(rows: Tensor(batch))), bags: inside,
        shares: Tensor(rows: shares).converted(to: .float32))
    }
    func trained(on targets: [Double]?, withBags: Bool) throws -> Perceptron {
      let network = Perceptron(inputs: 10, hidden: 64, outputs: 2, seed: seed)
      try network.learn(
        whole, epochs: options.budget(60), rate: setting.step, using: &random
      ) { batch, _ in
        let bagLoss = withBags ? try proportions(network, batch) : nil
        guard let targets else { return bagLoss ?? Tensor(0) }
        let wanted = Tensor(rows: batch.map { [1 - targets[$0], targets[$0]] })
          .converted(to: .float32)
        let logs = network(inputs.gathered(rows: Tensor(batch))).logSoftmax(along: 1)
        let rowLoss = -(wanted * logs).sum(along: 1).mean()
        return bagLoss.map { rowLoss + $0 } ?? rowLoss
      }
      return network
    }

    let network: Perceptron
    switch arm {
    case .matching: network = try trained(on: nil, withBags: true)
    case .supervised: network = try trained(on: known.map(Double.init), withBags: false)
    case .propagation:
      let propagation = LLPBeliefPropagation(neighbourWeight: setting.weight ?? 0, rounds: 10)
      var embeddings = inputs
      var learned = Perceptron(inputs: 10, hidden: 64, outputs: 2, seed: seed)
      for _ in 0..<2 {
        let labels = propagation.pseudoLabels(
          bags: bags, counts: counts,
          edges: try LLPBeliefPropagation.neighbours(of: embeddings, count: 10))
        learned = try trained(on: labels, withBags: true)
        embeddings = withoutGradients { learned.embedded(inputs) }
      }
      network = learned
    }
    let tested = (Tensor(rows: held.map { rows[$0] }) - mean) / deviation
    let scores = withoutGradients { network(tested).softmax(along: 1).doubles() }
    return [
      rankedArea(held.indices.map { (scores[2 * $0 + 1], labels[held[$0]] == 1) }) * 100
    ]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.map { record.gain(.propagation, over: .matching, $0) }
    let texts = conditions.indices.map { "\(gains[$0].text) in bags of \(conditions[$0])" }
    return Verdict(
      parts: gains.map { $0.isAbove() },
      "Area under the curve gained by belief propagation over matching proportions, in points: \(texts.joined(separator: "; "))."
    )
  }
}
