import Datasets
import Graphs
import Torch

/// The depth of a graph network against its accuracy.
struct PropagationDepth: Experiment {
  static let name = "propagation-depth"
  static let claim =
    "Gated propagation after a perceptron (DAGNN) keeps its accuracy at 16 and 32 hops, where a GCN of as many layers has lost it."
  static let paper =
    "Liu, Gao, Ji. Towards Deeper Graph Neural Networks. KDD 2020, figure 4. <https://arxiv.org/abs/2007.09296>"
  static let data =
    "Cora and CiteSeer, public split. GCN of so many layers, 16 wide, dropout 0.5, 200 epochs; DAGNN with so many hops, 64 wide, dropout 0.8 (CiteSeer: 0.5), penalty 5e-3 (0.02), at most 500 epochs. Adam, step 0.01; the epoch with the highest validation accuracy, patience 100."
  static var uses: [Any.Type] {
    [
      Citations.self, GraphDataset.self, NodeTraining.self, GraphNetwork<GraphConvolution>.self,
      GraphConvolution.self, DAGNN.self, NodePerceptron.self,
    ]
  }
  static let conditionName = "hops"

  struct Condition: Named {
    let graph: CitationGraph
    let hops: Int
    var name: String { "\(graph.name), \(hops)" }
  }

  static let conditions = CitationGraph.allCases.flatMap { graph in
    [2, 4, 8, 16, 32].map { Condition(graph: graph, hops: $0) }
  }
  enum Arm: String, Named, CaseIterable {
    case gcn = "GCN"
    case dagnn = "DAGNN"
  }
  static let measures = ["accuracy (%)"]

  private let graphs: [CitationGraph: Citations]
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    graphs = try Citations.all(options)
    self.options = options
  }

  func run(arm: Arm, condition: Condition, setting: NoSetting, seed: UInt64) throws -> [Double] {
    guard let graph = graphs[condition.graph] else { return [] }
    let (random, width, classes) = (
      Generator(seed: seed), graph.features.width, graph.classCount
    )
    let isCora = condition.graph == .cora
    let accuracy =
      switch arm {
      case .gcn:
        try graph.accuracy(
          of: GraphNetwork(
            convolutionsFrom: width, to: classes, layers: condition.hops, generator: random),
          NodeTraining(epochs: options.budget(200)))
      case .dagnn:
        try graph.accuracy(
          of: DAGNN(
            NodePerceptron(
              widths: [width, 64, classes], dropout: isCora ? 0.8 : 0.5, generator: random),
            classes: classes, hops: condition.hops, generator: random),
          NodeTraining(
            epochs: options.budget(500), weightPenalty: isCora ? 5e-3 : 0.02, penalized: ""))
      }
    return [accuracy]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let deep = conditions.filter { $0.hops >= 16 }
    let gains = deep.map { record.gain(.dagnn, over: .gcn, $0) }
    let losses = deep.map { condition in
      record.gain(of: .dagnn, condition, over: Condition(graph: condition.graph, hops: 8))
    }
    let texts = deep.indices.map {
      "\(deep[$0].name) hops \(gains[$0].text) over GCN and \(losses[$0].text) over 8 hops"
    }
    return Verdict(
      parts: gains.map { $0.isAbove(5) } + losses.map { $0.isAbove(-1) },
      "DAGNN's accuracy in points: \(texts.joined(separator: "; ")).")
  }
}
