import Datasets
import Graphs
import Storage
import Torch

/// A citation graph with the public split of Planetoid: 20 nodes of each class to learn from, 500 for
/// validation, 1,000 to judge by.
enum CitationGraph: String, Named, CaseIterable {
  case cora = "Cora"
  case citeseer = "CiteSeer"
}

/// The graph, its features with rows that sum to 1, and the split.
struct Citations {
  let data: GraphDataset
  let features: NodeFeatures
  let classes: [Int]
  let split: GraphDataset.Split

  var classCount: Int { data.classNames.count }

  /// Reads a graph.
  ///
  /// - Throws: `InputError` if it is missing.
  init(_ graph: CitationGraph, _ options: ExperimentOptions) throws {
    let name = "planetoid-\(graph.rawValue.lowercased())"
    _ = try DataFolder(path: options.data).file(
      "\(name)/nodes.svm.xz",
      origin: "the Planetoid data as GraphFolder describes it, packed with xz")
    data = try GraphFolder(path: "\(options.data)/\(name)").read()
    features = .sparse(SparseMatrix(data.features.rowNormalized()))
    classes = data.firstClasses
    guard let split = data.splits.first else {
      throw InputError(file: name, reason: "there is no split", expected: "split.tsv.xz")
    }
    self.split = split
  }

  /// Both graphs.
  static func all(_ options: ExperimentOptions) throws -> [CitationGraph: Citations] {
    try Dictionary(
      uniqueKeysWithValues: CitationGraph.allCases.map { ($0, try Citations($0, options)) })
  }

  /// The accuracy on the test nodes, in percent, of a network trained on the given classes.
  func accuracy<Network: NodeNetwork>(
    of network: Network, _ training: NodeTraining, given: [Int]? = nil,
    objective: NodeTraining.Objective? = nil
  ) throws -> Double {
    let propagation = Network.propagation(of: data.graph)
    _ = try training(
      network, features: features, over: propagation, classes: given ?? classes,
      train: split.train, validation: split.validation, objective: objective)
    return try NodeTraining.accuracy(
      of: network, features: features, over: propagation, classes: classes, nodes: split.test) * 100
  }
}
