import Extreme
import Torch

extension ONNXGraph {
  /// Adds a `BagEncoder`, before normalisation: `[texts, D]`.
  ///
  /// Inputs: `features` and `weights`, `[texts, features]`; a feature of −1 is padding.
  package mutating func bags(_ encoder: BagEncoder) -> String {
    let features = input("features", .int64, ["texts", "features"])
    let weights = input("weights", .float32, ["texts", "features"])
    let zero = constant([0])
    let isThere = apply(
      "Cast", apply("GreaterOrEqual", features, zero),
      attributes: ["to": .integer(ElementType.float32.rawValue)])
    let table = constant(encoder.table.weight, "table")
    let rows = apply("Gather", table, apply("Max", features, zero))  // [texts, features, W]
    let factors = apply("Unsqueeze", apply("Mul", weights, isThere), constant([1]))
    var h = apply("Squeeze", apply("MatMul", factors, rows), constant([1]))
    for (index, layer) in encoder.layers.enumerated() {
      h = linear(apply("Relu", h), layer.weight, layer.bias, "bag.\(index)")
    }
    return h
  }

  /// x Wᵀ + b for vectors along the last axis.
  mutating func linear(_ input: String, _ weight: Tensor, _ bias: Tensor?, _ name: String)
    -> String
  {
    let product = apply("MatMul", input, constant(weight.transposed(), "\(name).weight"))
    guard let bias else { return product }
    return apply("Add", product, constant(bias, "\(name).bias"))
  }

  /// Vectors along the last axis, scaled to length 1; zero vectors stay zero.
  mutating func normalized(_ input: String) -> String {
    let length = apply(
      "ReduceL2", input, attributes: ["axes": .integers([-1]), "keepdims": .integer(1)])
    return apply("Div", input, apply("Max", length, constant(1e-12)))
  }
}
