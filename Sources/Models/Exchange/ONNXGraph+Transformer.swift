import Extreme
import Torch

extension ONNXGraph {
  /// Adds a `TransformerEncoder`: `[texts, W]`.
  ///
  /// Inputs, all `[texts, tokens]`: `input_ids`, `attention_mask` (1 for tokens, 0 for padding) and
  /// `token_type_ids` (0 for single texts).
  mutating func transformer(_ encoder: TransformerEncoder) -> String {
    let configuration = encoder.configuration
    let weights = Dictionary(encoder.parameters.map { ($0.name, $0.tensor) }) { $1 }
    let ids = input("input_ids", .int64, ["texts", "tokens"])
    let mask = input("attention_mask", .int64, ["texts", "tokens"])
    let types = input("token_type_ids", .int64, ["texts", "tokens"])
    func weight(_ name: String) -> Tensor {
      guard let tensor = weights[name] else { preconditionFailure("no parameter \(name)") }
      return tensor
    }
    func norm(_ graph: inout ONNXGraph, _ input: String, _ name: String) -> String {
      graph.apply(
        "LayerNormalization", input, graph.constant(weight("\(name).weight"), "\(name).weight"),
        graph.constant(weight("\(name).bias"), "\(name).bias"),
        attributes: ["axis": .integer(-1), "epsilon": .number(configuration.epsilon)])
    }
    func linear(_ graph: inout ONNXGraph, _ input: String, _ name: String) -> String {
      graph.linear(input, weight("\(name).weight"), weight("\(name).bias"), name)
    }
    func table(_ graph: inout ONNXGraph, _ name: String) -> String {
      let name = "embeddings.\(name).weight"
      return graph.constant(weight(name), name)
    }

    let words = apply("Gather", table(&self, "word_embeddings"), ids)
    let kinds = apply("Gather", table(&self, "token_type_embeddings"), types)
    let length = apply("Shape", ids, attributes: ["start": .integer(1), "end": .integer(2)])
    let positions = apply(
      "Slice", table(&self, "position_embeddings"), constant([0]), length, constant([0]))
    let sum = apply("Add", apply("Add", words, kinds), positions)
    var x = norm(&self, sum, "embeddings.LayerNorm")

    let isThere = apply(
      "Cast", mask, attributes: ["to": .integer(ElementType.float32.rawValue)])  // [texts, tokens]
    // Added to the attention scores; its exponential vanishes compared with that of any token.
    let penalty = apply(
      "Mul", apply("Sub", constant(1), isThere),
      constant(-Double(Float.greatestFiniteMagnitude)))
    let cells = apply("Unsqueeze", penalty, constant([1, 2]))
    for index in 0..<configuration.blockCount {
      let block = "encoder.layer.\(index)"
      var parts: [String] = []
      // Keys are transposed already for the product.
      for (part, order) in [
        ("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]),
      ] {
        let heads = apply(
          "Reshape", linear(&self, x, "\(block).attention.self.\(part)"),
          constant([0, 0, configuration.headCount, configuration.width / configuration.headCount]))
        parts.append(apply("Transpose", heads, attributes: ["perm": .integers(order)]))
      }
      let scale = 1 / Double(configuration.width / configuration.headCount).squareRoot()
      let scores = apply(
        "Add", apply("Mul", apply("MatMul", parts[0], parts[1]), constant(scale)), cells)
      let shares = apply("Softmax", scores, attributes: ["axis": .integer(-1)])
      let joined = apply(
        "Reshape",
        apply(
          "Transpose", apply("MatMul", shares, parts[2]),
          attributes: ["perm": .integers([0, 2, 1, 3])]), constant([0, 0, configuration.width]))
      let output = linear(&self, joined, "\(block).attention.output.dense")
      let a = norm(&self, apply("Add", x, output), "\(block).attention.output.LayerNorm")
      let wide = linear(&self, a, "\(block).intermediate.dense")
      let hidden = activated(wide, configuration.activation)
      let narrow = linear(&self, hidden, "\(block).output.dense")
      x = norm(&self, apply("Add", a, narrow), "\(block).output.LayerNorm")
    }

    let pooled: String
    switch configuration.pooling {
    case .firstToken:
      pooled = apply(
        "Squeeze", apply("Slice", x, constant([0]), constant([1]), constant([1])), constant([1]))
    case .mean:
      let kept = apply("Mul", x, apply("Unsqueeze", isThere, constant([2])))
      pooled = apply(
        "Div",
        apply("ReduceSum", kept, constant([1]), attributes: ["keepdims": .integer(0)]),
        apply("ReduceSum", isThere, constant([1]), attributes: ["keepdims": .integer(1)]))
    }
    return configuration.isNormalized ? normalized(pooled) : pooled
  }

  /// Adds a `TransformerTower` on the transformer's vectors: `[texts, D]`.
  mutating func projection(_ tower: TransformerTower, of vectors: String, width: Int) -> String {
    let weights = Dictionary(tower.projectionParameters.map { ($0.name, $0.tensor) }) { $1 }
    var u = apply("Mul", normalized(vectors), constant(Double(width).squareRoot()))
    var index = 0
    while let weight = weights["projection.\(index).weight"] {
      if index > 0 { u = apply("Relu", u) }
      u = linear(u, weight, weights["projection.\(index).bias"], "projection.\(index)")
      index += 1
    }
    return u
  }

  private mutating func activated(_ input: String, _ activation: TransformerEncoder.Activation)
    -> String
  {
    let inner: String
    switch activation {
    case .relu: return apply("Relu", input)
    case .gelu: inner = apply("Erf", apply("Mul", input, constant(0.5.squareRoot())))
    case .approximateGELU:
      // tanh(√(2/π) (x + 0.044715 x³)); Hendrycks and Gimpel 2016.
      let cube = apply("Mul", input, apply("Mul", input, input))
      let bent = apply("Add", input, apply("Mul", cube, constant(0.044715)))
      inner = apply("Tanh", apply("Mul", bent, constant((2 / Double.pi).squareRoot())))
    }
    return apply(
      "Mul", apply("Mul", input, constant(0.5)), apply("Add", constant(1), inner))
  }
}
