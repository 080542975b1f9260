import Datasets
import Graphs
import Torch

/// Four networks on citation graphs, against the accuracy that their papers state.
struct CitationNetworks: Experiment {
  static let name = "citation-networks"
  static let claim =
    "GCN, GAT, APPNP and DAGNN reach on the public split of Cora and CiteSeer the accuracy of the literature, less one point at most."
  static let paper =
    "Liu, Gao, Ji. Towards Deeper Graph Neural Networks. KDD 2020, table 2 (APPNP, DAGNN); Kipf, Welling, ICLR 2017 (GCN); Veličković and others, ICLR 2018 (GAT). <https://arxiv.org/abs/2007.09296>"
  static let data =
    "Cora and CiteSeer, public split. Settings of the papers: GCN 16 wide, dropout 0.5, penalty 5e-4 on the first layer; GAT 8 heads of 8, dropout 0.6, step 0.005; APPNP 64 wide, 10 steps, teleport 0.1, penalty 5e-3 on the first layer; DAGNN 64 wide, 10 hops, dropout 0.8 and penalty 5e-3 (CiteSeer: 0.5 and 0.02). Adam, step 0.01 where not said, at most 200 epochs for GCN and 1,000 for the others; the epoch with the highest validation accuracy, patience 100."
  static var uses: [Any.Type] {
    [
      Citations.self, GraphDataset.self, NodeTraining.self, GraphNetwork<GraphConvolution>.self,
      GraphConvolution.self, GraphAttention.self, APPNP.self, DAGNN.self, NodePerceptron.self,
    ]
  }
  static let conditionName = "graph"
  static let conditions = CitationGraph.allCases
  enum Arm: String, Named, CaseIterable {
    case gcn = "GCN"
    case gat = "GAT"
    case appnp = "APPNP"
    case dagnn = "DAGNN"
  }
  static let measures = ["accuracy (%)"]

  /// The literature's, in percent.
  static func stated(_ arm: Arm, _ graph: CitationGraph) -> Double {
    let pair =
      switch arm {
      case .gcn: (81.5, 70.3)
      case .gat: (83.0, 72.5)
      case .appnp: (83.3, 71.8)
      case .dagnn: (84.4, 73.3)
      }
    return graph == .cora ? pair.0 : pair.1
  }

  private let graphs: [CitationGraph: Citations]
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    graphs = try Citations.all(options)
    self.options = options
  }

  func run(arm: Arm, condition: CitationGraph, setting: NoSetting, seed: UInt64) throws -> [Double]
  {
    guard let graph = graphs[condition] else { return [] }
    let (random, width, classes) = (
      Generator(seed: seed), graph.features.width, graph.classCount
    )
    let long = options.budget(1000)
    let isCora = condition == .cora
    let accuracy =
      switch arm {
      case .gcn:
        try graph.accuracy(
          of: GraphNetwork(convolutionsFrom: width, to: classes, generator: random),
          NodeTraining(epochs: options.budget(200)))
      case .gat:
        try graph.accuracy(
          of: GraphNetwork(attentionFrom: width, to: classes, generator: random),
          NodeTraining(epochs: long, learningRate: 0.005, penalized: ""))
      case .appnp:
        try graph.accuracy(
          of: APPNP(
            NodePerceptron(widths: [width, 64, classes], generator: random), generator: random),
          NodeTraining(epochs: long, weightPenalty: 5e-3))
      case .dagnn:
        try graph.accuracy(
          of: DAGNN(
            NodePerceptron(
              widths: [width, 64, classes], dropout: isCora ? 0.8 : 0.5, generator: random),
            classes: classes, generator: random),
          NodeTraining(epochs: long, weightPenalty: isCora ? 5e-3 : 0.02, penalized: ""))
      }
    return [accuracy]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let rows = conditions.flatMap { graph in
      arms.map { arm in
        let stated = stated(arm, graph)
        return (
          "\(arm.name) on \(graph.name)",
          PairedGain(record.values(arm, graph).map { $0 - stated })
        )
      }
    }
    let texts = rows.map { "\($0.0) \($0.1.text)" }
    return Verdict(
      parts: rows.map { $0.1.isAbove(-1) },
      "Accuracy over that of the literature, in points: \(texts.joined(separator: ", ")).")
  }
}
