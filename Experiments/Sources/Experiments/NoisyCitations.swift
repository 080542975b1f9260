import Datasets
import Evaluation
import Graphs
import Noise
import Torch

/// Learning from wrong classes of nodes.
struct NoisyCitations: Experiment {
  static let name = "erase-noise"
  static let claim =
    "Coding rate reduction over repaired labels (ERASE) classifies nodes better than a GCN with cross-entropy where given classes are wrong, and more so the more are wrong."
  static let paper =
    "Chen, Zhang, Huang, Su, Lin, Xiao, Xia, Liu. ERASE: Error-Resilient Representation Learning on Graphs for Label Noise Tolerance. CIKM 2024. <https://arxiv.org/abs/2312.08852>"
  static let data =
    "Cora, public split. A share of the classes of training nodes is wrong: any other class (symmetric), or the next one (pair). Validation nodes are clean, as in the authors' code. ERASE: the authors' network (8 heads of 32) with embeddings of 128 in place of 512, step 1e-3, penalty 5e-4, at most 200 epochs, patience 100; a logistic regression of the embeddings on the repaired labels of the training nodes. GCN and GAT: settings of their papers, at most 200 epochs; GCE is the generalized cross-entropy with q = 0.7, SCE the symmetric one with weights 0.1 and 1; spreading is label propagation without learning, share 0.9. All choose the epoch by the validation nodes."
  static var uses: [Any.Type] {
    [
      Citations.self, GraphDataset.self, LinearProbe.self, NodeTraining.self,
      GraphNetwork<GraphConvolution>.self, GraphConvolution.self, GraphAttention.self,
      NormalizedAttention.self, LabelPropagation.self, GeneralizedCrossEntropyLoss.self,
      SymmetricCrossEntropyLoss.self, LabelCorruption.self, ERASE.self,
    ]
  }
  static let conditionName = "noise"

  struct Condition: Named {
    let isPair: Bool
    /// In percent.
    let share: Int
    var name: String { "\(share) % \(isPair ? "pair" : "symmetric")" }
  }

  static let conditions = [false, true].flatMap { isPair in
    [10, 30, 50].map { Condition(isPair: isPair, share: $0) }
  }
  enum Arm: String, Named, CaseIterable {
    case gcn = "GCN"
    case gat = "GAT"
    case robust = "GCN with GCE"
    case symmetric = "GCN with SCE"
    case spreading = "spreading"
    case erase = "ERASE"
  }
  static let measures = ["accuracy (%)", "training labels right (%)"]

  private let graph: Citations
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    graph = try Citations(.cora, options)
    self.options = options
  }

  /// The classes with wrong ones among the nodes to learn from.
  private func corrupted(_ condition: Condition, seed: UInt64) -> [Int] {
    let (count, rate) = (graph.classCount, Double(condition.share) / 100)
    return LabelCorruption(seed: seed).flipped(
      graph.classes, train: graph.split.train,
      by: condition.isPair
        ? .pairwise(classes: count, rate: rate) : .symmetric(classes: count, rate: rate))
  }

  func run(arm: Arm, condition: Condition, setting: NoSetting, seed: UInt64) throws -> [Double] {
    let given = corrupted(condition, seed: seed)
    let random = Generator(seed: seed)
    let (width, classes, split) = (graph.features.width, graph.classCount, graph.split)
    let training = NodeTraining(epochs: options.budget(200))
    func right(_ labels: [Int]) -> Double {
      Double(split.train.count { labels[$0] == graph.classes[$0] }) / Double(split.train.count)
        * 100
    }
    func gcn() -> GraphNetwork<GraphConvolution> {
      GraphNetwork(convolutionsFrom: width, to: classes, generator: random)
    }
    switch arm {
    case .gcn: return [try graph.accuracy(of: gcn(), training, given: given), right(given)]
    case .gat:
      let network = GraphNetwork(attentionFrom: width, to: classes, generator: random)
      let settings = NodeTraining(
        epochs: options.budget(200), learningRate: 0.005, penalized: "")
      return [try graph.accuracy(of: network, settings, given: given), right(given)]
    case .robust:
      let loss = GeneralizedCrossEntropyLoss()
      let accuracy = try graph.accuracy(of: gcn(), training, given: given) { scores, _ in
        try loss(scores: scores, classes: split.train.map { given[$0] })
      }
      return [accuracy, right(given)]
    case .symmetric:
      let loss = SymmetricCrossEntropyLoss()
      let accuracy = try graph.accuracy(of: gcn(), training, given: given) { scores, _ in
        try loss(scores: scores, classes: split.train.map { given[$0] })
      }
      return [accuracy, right(given)]
    case .spreading:
      let known = LabelPropagation.known(given, nodes: split.train, classCount: classes)
      let spread = try LabelPropagation()(
        known, over: LabelPropagation.propagation(of: graph.data.graph)
      ).argmax(along: 1).array(of: Int64.self).map(Int.init)
      let isRight = split.test.count { spread[$0] == graph.classes[$0] }
      return [Double(isRight) / Double(split.test.count) * 100, right(spread)]
    case .erase: return try erase(given, random, right)
    }
  }

  private func erase(_ given: [Int], _ random: Generator, _ right: ([Int]) -> Double) throws
    -> [Double]
  {
    let network = NormalizedAttention(from: graph.features.width, to: 128, generator: random)
    let propagation = NormalizedAttention.propagation(of: graph.data.graph)
    var training = ERASE.training
    (training.epochs, training.patience) = (options.budget(200), 100)
    let outcome = try ERASE().train(
      network, features: graph.features, over: propagation, in: graph.data.graph, classes: given,
      classCount: graph.classCount, train: graph.split.train, validation: graph.split.validation,
      training: training)
    let embeddings = try withoutGradients {
      try network(graph.features, over: propagation).normalized()
    }
    func rows(_ nodes: [Int]) -> Tensor { embeddings.gathered(rows: Tensor(nodes.map(Int64.init))) }
    let probe = try LinearProbe().fitted(
      to: rows(graph.split.train), classes: graph.split.train.map { outcome.labels[$0] })
    let accuracy = try probe.accuracy(
      on: rows(graph.split.test), classes: graph.split.test.map { graph.classes[$0] })
    return [accuracy * 100, right(outcome.labels)]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.map { record.gain(.erase, over: .gcn, $0) }
    let robust = conditions.map { record.gain(.erase, over: .robust, $0) }
    let symmetric = conditions.map { record.gain(.erase, over: .symmetric, $0) }
    let texts = conditions.indices.map {
      "\(conditions[$0].name) \(gains[$0].text) (over GCE \(robust[$0].text), SCE \(symmetric[$0].text))"
    }
    return Verdict(
      parts: gains.map { $0.isAbove() },
      "ERASE over GCN, in points: \(texts.joined(separator: ", ")).")
  }
}
