// Learns the classes of a graph's nodes from a few that are known, some of them wrong, and prints the
// accuracy of a GCN and of ERASE.
//
//   swift run LearningOnGraphs FOLDER [SHARE]   a folder as GraphFolder describes it, such as converted Planetoid data;
//                                               the share of wrong classes, in percent (default: 0)

import Datasets
import Graphs
import Storage
import Torch

let arguments = Array(CommandLine.arguments.dropFirst())
let folder = arguments.first ?? "planetoid-cora"
let share = arguments.dropFirst().first.flatMap { Int($0) } ?? 0
let data = try GraphFolder(path: folder).read()
guard let split = data.splits.first else { fatalError("\(folder) has no split") }

let propagation = GraphConvolution.propagation(of: data.graph)
let features = NodeFeatures.sparse(SparseMatrix(data.features.rowNormalized()))
let (truth, classCount) = (data.firstClasses, data.classNames.count)
for seed in 0..<3 {
  var noise = SplitMix64(UInt64(seed))
  var classes = truth
  for node in split.train + split.validation where Int.random(in: 0..<100, using: &noise) < share {
    classes[node] = (classes[node] + Int.random(in: 1..<classCount, using: &noise)) % classCount
  }
  let random = Generator(seed: UInt64(seed))
  let network = GraphNetwork(convolutionsFrom: features.width, to: classCount, generator: random)
  let outcome = try NodeTraining()(
    network, features: features, over: propagation, classes: classes, train: split.train,
    validation: split.validation)
  let accuracy = try NodeTraining.accuracy(
    of: network, features: features, over: propagation, classes: truth, nodes: split.test)
  print("GCN, seed \(seed): epoch \(outcome.bestEpoch), accuracy \(accuracy)")

  let encoder = NormalizedAttention(from: features.width, to: 128, generator: random)
  let neighbours = NormalizedAttention.propagation(of: data.graph)
  var training = ERASE.training
  training.epochs = 100
  let repaired = try ERASE().train(
    encoder, features: features, over: neighbours, in: data.graph, classes: classes,
    classCount: classCount, train: split.train, validation: split.validation, training: training)
  let nearest = try withoutGradients {
    try ERASE().nearest(
      encoder(features, over: neighbours), labels: Tensor(repaired.labels.map(Int64.init)),
      known: split.train, classCount: classCount
    ).array(of: Int64.self)
  }
  let right = split.test.count { nearest[$0] == Int64(truth[$0]) }
  print(
    "ERASE, seed \(seed): epoch \(repaired.training.bestEpoch), accuracy",
    Double(right) / Double(split.test.count))
}
