import Torch

/// One block of a transformer encoder: attention, then a perceptron for each token.
///
///     a = LayerNorm(x + W_o attention(W_q x, W_k x, W_v x))
///     y = LayerNorm(a + W₂ gelu(W₁ a))
///
/// where each of the H heads attends with softmax(q kᵀ / √(D/H)) v over the unmasked tokens.
final class TransformerBlock: Layer, Sendable {
  private let headCount: Int
  private let activation: TransformerEncoder.Activation
  private let dropout: Dropout
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: Linear
  private let attentionNorm: LayerNorm
  private let expansion: Linear
  private let contraction: Linear
  private let norm: LayerNorm

  init(
    _ configuration: TransformerEncoder.Configuration, dropout: Dropout,
    weights: TransformerWeights
  ) throws {
    headCount = configuration.headCount
    activation = configuration.activation
    self.dropout = dropout
    let (width, hidden) = (configuration.width, configuration.hiddenWidth)
    query = try weights.linear("attention.self.query", from: width, to: width)
    key = try weights.linear("attention.self.key", from: width, to: width)
    value = try weights.linear("attention.self.value", from: width, to: width)
    output = try weights.linear("attention.output.dense", from: width, to: width)
    attentionNorm = try weights.norm("attention.output.LayerNorm", configuration)
    expansion = try weights.linear("intermediate.dense", from: width, to: hidden)
    contraction = try weights.linear("output.dense", from: hidden, to: width)
    norm = try weights.norm("output.LayerNorm", configuration)
  }

  /// The parameters, in the order and with the names of published checkpoints.
  var parameters: [(name: String, tensor: Tensor)] {
    query.parameters(under: "attention.self.query") + key.parameters(under: "attention.self.key")
      + value.parameters(under: "attention.self.value")
      + output.parameters(under: "attention.output.dense")
      + attentionNorm.parameters(under: "attention.output.LayerNorm")
      + expansion.parameters(under: "intermediate.dense")
      + contraction.parameters(under: "output.dense") + norm.parameters(under: "output.LayerNorm")
  }

  /// Applies the block: `[N, T, D]` → `[N, T, D]`.
  ///
  /// - Parameter mask: `[N, 1, 1, T]`, true for tokens; nil if there is no padding.
  func callAsFunction(_ input: Tensor, mask: Tensor?) -> Tensor {
    let attended = Ops.attention(
      .tensor(heads(query(input))), .tensor(heads(key(input))), .tensor(heads(value(input))),
      .optional(mask))  // [N, H, T, D/H]
    let joined = attended.transposed(1, 2).reshaped(input.shape)
    let a = attentionNorm(input + dropout(output(joined)))
    return norm(a + dropout(contraction(activated(expansion(a)))))
  }

  private func heads(_ vectors: Tensor) -> Tensor {
    let shape = vectors.shape
    return vectors.reshaped([shape[0], shape[1], headCount, shape[2] / headCount])
      .transposed(1, 2)
  }

  private func activated(_ input: Tensor) -> Tensor {
    switch activation {
    case .gelu: input.gelu()
    case .approximateGELU: Ops.gelu(.tensor(input), .string("tanh"))
    case .relu: input.relu()
    }
  }

  private enum Ops {
    static let attention = Op("aten::scaled_dot_product_attention")
    static let gelu = Op("aten::gelu")
  }
}

/// The source of initial parameter values, by name.
struct TransformerWeights {
  /// Returns the tensor with a full name and a shape.
  var tensor: (_ name: String, _ shape: [Int]) throws -> Tensor
  /// The prefix of the names.
  var prefix = ""

  func under(_ part: String) -> TransformerWeights {
    TransformerWeights(tensor: tensor, prefix: prefix + part + ".")
  }

  func linear(_ name: String, from inputs: Int, to outputs: Int) throws -> Linear {
    Linear(
      weight: try tensor(prefix + name + ".weight", [outputs, inputs]),
      bias: try tensor(prefix + name + ".bias", [outputs]))
  }

  func norm(
    _ name: String, _ configuration: TransformerEncoder.Configuration
  ) throws -> LayerNorm {
    LayerNorm(
      weight: try tensor(prefix + name + ".weight", [configuration.width]),
      bias: try tensor(prefix + name + ".bias", [configuration.width]),
      epsilon: configuration.epsilon)
  }

  func table(_ name: String, rows: Int, width: Int) throws -> Embedding {
    Embedding(weight: try tensor(prefix + name + ".weight", [rows, width]))
  }
}
