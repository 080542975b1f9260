// Measures training epochs of graph networks: on a folder's graph, or on a random one of a given size.
//
//   GraphBenchmark epochs gcn|gat FOLDER THREADS ROUNDS      milliseconds of each round's epochs
//   GraphBenchmark memory gcn|gat NODES EDGES WIDTH          peak memory of three epochs, in MB

import Datasets
import Foundation
import Graphs
import Storage
import Torch

let arguments = CommandLine.arguments
guard arguments.count == 6 else {
  print("usage: GraphBenchmark epochs|memory gcn|gat FOLDER THREADS ROUNDS | NODES EDGES WIDTH")
  exit(1)
}
let random = Generator(seed: 1)

/// One epoch: forward, loss on the training nodes, backward, Adam.
func epoch(
  _ network: some NodeNetwork, _ features: NodeFeatures, _ propagation: SparseMatrix,
  _ nodes: Tensor, _ targets: Tensor, _ optimizer: AdamW
) throws {
  let scores = try network(features, over: propagation).gathered(rows: nodes)
  let loss = scores.crossEntropy(ofClasses: targets)
  optimizer.clearGradients()
  try loss.backward()
  try optimizer.step()
}

/// A function that runs an epoch of the network that the arguments name.
func epochs(
  _ features: NodeFeatures, _ graph: Graph, classes: Int, _ train: [Int], _ classOf: [Int]
) -> () throws -> Void {
  let nodes = Tensor(train.map(Int64.init))
  let targets = Tensor(train.map { Int64(classOf[$0]) })
  func of(_ network: some NodeNetwork, _ propagation: SparseMatrix) -> () throws -> Void {
    let optimizer = AdamW(
      network.parameters.map(\.tensor), .init(learningRate: 0.01, weightDecay: 0))
    return { try epoch(network, features, propagation, nodes, targets, optimizer) }
  }
  if arguments[2] == "gat" {
    return of(
      GraphNetwork(attentionFrom: features.width, to: classes, generator: random),
      GraphAttention.propagation(of: graph))
  }
  return of(
    GraphNetwork(convolutionsFrom: features.width, to: classes, generator: random),
    GraphConvolution.propagation(of: graph))
}

if arguments[1] == "epochs" {
  let data = try GraphFolder(path: arguments[3]).read()
  Runtime.threadCount = Int(arguments[4]) ?? 1
  let features = NodeFeatures.sparse(SparseMatrix(data.features.rowNormalized()))
  let run = epochs(
    features, data.graph, classes: data.classNames.count, data.splits[0].train, data.firstClasses)
  for _ in 0..<20 { try run() }
  let clock = ContinuousClock()
  for _ in 0..<(Int(arguments[5]) ?? 1) {
    let time = try clock.measure { for _ in 0..<50 { try run() } }
    print(Double(time.components.seconds) * 20 + Double(time.components.attoseconds) * 2e-17)
  }
} else {
  let (nodes, edges) = (Int(arguments[3]) ?? 1, Int(arguments[4]) ?? 1)
  var numbers = SplitMix64(7)
  let graph = try Graph(
    nodeCount: nodes,
    edges: (0..<edges).map { _ in
      (source: Int(numbers.next() % UInt64(nodes)), target: Int(numbers.next() % UInt64(nodes)))
    })
  let features = Tensor.normal([nodes, Int(arguments[5]) ?? 1], generator: random)
  let run = epochs(
    .dense(features), graph, classes: 10, Array(0..<(nodes / 10)), (0..<nodes).map { $0 % 10 })
  for _ in 0..<3 { try run() }
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let peak =
    status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }?
    .split(separator: " ").dropLast().last.flatMap { Double($0) } ?? 0
  print(peak / 1024)
}
