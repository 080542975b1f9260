import Graphs
import TestSupport
import Torch

extension [GoldenGraph] {
  func batch() throws -> LoopedGraphBatch { LoopedGraphBatch(try map { try $0.graph() }) }
}

/// Weights of a golden file, handed out in their order.
struct GoldenWeights {
  private var left: ArraySlice<Tensor>

  init(_ weights: ArraySlice<Tensor>) { left = weights }

  mutating func matrix() -> Tensor { left.removeFirst() }
  /// A vector is a matrix of one row there.
  mutating func vector() -> Tensor { left.removeFirst()[0] }
  mutating func convolution() -> GraphConvolution {
    GraphConvolution(weight: matrix(), bias: vector())
  }
  mutating func linear() -> Linear { Linear(weight: matrix(), bias: vector()) }
  mutating func attention() -> GraphAttention {
    let weight = matrix()
    return GraphAttention(
      .init(inputs: weight.size(along: 0), outputs: weight.size(along: 1)), weight: weight,
      receiver: matrix(), sender: matrix(), bias: vector(), generator: Generator(seed: 0))
  }
  mutating func pooling() -> NodeDropPooling {
    NodeDropPooling(convolution: convolution(), projection: linear())
  }
}
