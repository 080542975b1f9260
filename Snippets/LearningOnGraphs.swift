// Learns the classes of a graph's nodes from a few that are known, and prints the accuracy.
//
//   swift run LearningOnGraphs FOLDER      a folder as GraphFolder describes it, such as converted Planetoid data

import Datasets
import Graphs
import Torch

let folder = CommandLine.arguments.dropFirst().first ?? "planetoid-cora"
let data = try GraphFolder(path: folder).read()
guard let split = data.splits.first else { fatalError("\(folder) has no split") }

let propagation = GraphConvolution.propagation(of: data.graph)
let features = NodeFeatures.sparse(SparseMatrix(data.features.rowNormalized()))
let classes = data.firstClasses
for seed in 0..<3 {
  let random = Generator(seed: UInt64(seed))
  let network = GraphNetwork(
    convolutionsFrom: features.width, to: data.classNames.count, generator: random)
  let outcome = try NodeTraining()(
    network, features: features, over: propagation, classes: classes, train: split.train,
    validation: split.validation)
  let accuracy = try NodeTraining.accuracy(
    of: network, features: features, over: propagation, classes: classes, nodes: split.test)
  print("GCN, seed \(seed): epoch \(outcome.bestEpoch), accuracy \(accuracy)")
}
