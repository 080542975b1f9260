import Extreme
import TestSupport
import Torch

/// A batch of pairs with networks and a classifier, as the golden file holds it.
struct LaSOCase: Decodable {
  var layers: Int
  var isRectified: Bool
  var reconstructionWeight: Double
  var tautologyWeight: Double
  var first: GoldenTensor
  var second: GoldenTensor
  var firstLabels: GoldenTensor
  var secondLabels: GoldenTensor
  var parameters: [String: GoldenTensor]
  var head: [String: GoldenTensor]
  var union: GoldenTensor
  var intersection: GoldenTensor
  var subtraction: GoldenTensor
  var value: Double
  var gradients: [String: GoldenTensor]

  var loss: LaSOLoss {
    LaSOLoss(reconstructionWeight: reconstructionWeight, tautologyWeight: tautologyWeight)
  }

  func networks() throws -> LaSONetworks {
    let networks = LaSONetworks(
      .init(dimension: 3, hiddenDimension: 4, layers: layers, isRectified: isRectified),
      generator: Generator(seed: 1), dtype: .float64)
    try networks.restore(parameters.mapValues(\.tensor))
    return networks
  }

  func classifier() throws -> Linear {
    let head = Linear(
      .init(inputs: 3, outputs: 3), generator: Generator(seed: 1), dtype: .float64)
    try head.restore(self.head.mapValues(\.tensor))
    return head
  }
}
