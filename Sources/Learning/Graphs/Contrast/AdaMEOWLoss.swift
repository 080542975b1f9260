public import Torch

/// Contrasts a coarse and a fine view of nodes, with weights for negatives that are learnt.
///
/// With the fine and coarse embeddings z, a of N nodes, and a perceptron of one hidden layer:
///
///     γᵢⱼ  = sigmoid(u · tanh(W (zᵢ + aⱼ) + b) + c)
///     loss = mean over i of −log (e^(zᵢ·aᵢ/τ) / Σⱼ γᵢⱼ e^(zᵢ·aⱼ/τ))
///
/// - Paper: Yu, Ge, Li, Zhou. Heterogeneous Graph Contrastive Learning with Meta-path Contexts and
///   Adaptively Weighted Negative Samples. TKDE 2024. <https://arxiv.org/abs/2212.13847> (MEOW).
/// - Gradient: reaches both views and the perceptron, also through the weights.
/// - Inputs: two views.
/// - Units: nats.
/// - Departures: none from the authors' code; the paper's equations were not at hand. As there the
///   positive is weighted in the sum too, and all weights can sink together: nothing keeps them up but
///   the bound of the sigmoid's input.
public final class AdaMEOWLoss: Layer {
  /// W and b, `[H, D]` and `[H]`.
  public let hidden: Linear
  /// u and c, `[1, H]` and `[1]`.
  public let output: Linear
  /// τ.
  public let temperature: Double

  /// Creates a loss with the given perceptron, which it trains in place.
  ///
  /// - Parameter temperature: τ; default 1, the authors' code for ACM (0.9 for DBLP).
  /// - Precondition: the perceptron ends in one number; `temperature` is positive.
  public init(hidden: Linear, output: Linear, temperature: Double = 1) {
    precondition(
      output.weight.shape == [1, hidden.weight.size(along: 0)] && temperature > 0,
      "\(hidden.weight.shape) and \(output.weight.shape) with a temperature of \(temperature)")
    self.hidden = hidden
    self.output = output
    self.temperature = temperature
  }

  /// Creates a loss for embeddings of `width` numbers with random weights; the authors' perceptron has
  /// 16 hidden numbers.
  public convenience init(
    width: Int, hidden: Int = 16, temperature: Double = 1, generator: Generator
  ) {
    self.init(
      hidden: Linear(from: width, to: hidden, generator: generator),
      output: Linear(from: hidden, to: 1, generator: generator), temperature: temperature)
  }

  /// Those of `hidden` and `output`.
  public var parameters: [(name: String, tensor: Tensor)] {
    hidden.parameters(under: "hidden") + output.parameters(under: "output")
  }

  /// The loss.
  ///
  /// - Parameters:
  ///   - coarse: a, `[N, D]` of length 1.
  ///   - fine: z, `[N, D]` of length 1.
  /// - Precondition: the shapes agree.
  /// - Complexity: O(N² · (D + H)) time, O(N² · H) memory.
  public func callAsFunction(coarse: Tensor, fine: Tensor) -> Tensor {
    precondition(coarse.shape == fine.shape, "views \(coarse.shape) and \(fine.shape)")
    let scores = fine.matmul(coarse.transposed()) * (1 / temperature)
    let own = (fine * coarse).sum(along: 1) * (1 / temperature)
    return ((scores + logWeights(coarse: coarse, fine: fine)).logSumExp(along: 1) - own).mean()
  }

  /// log γ, `[N, N]`.
  func logWeights(coarse: Tensor, fine: Tensor) -> Tensor {
    // W (z + a) is W z + W a: nothing of the size N² · D is made.
    let rows = hidden(fine).expandingDimension(at: 1)
    let columns = coarse.linear(hidden.weight).expandingDimension(at: 0)
    return output((rows + columns).tanh()).squeezed(along: 2).logSigmoid()
  }
}
