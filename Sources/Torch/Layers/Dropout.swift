import Synchronization

/// Zeroes random elements in training and scales up the rest; the identity in evaluation.
///
/// - Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov. Dropout: A Simple Way to
///   Prevent Neural Networks from Overfitting. JMLR 2014,
///   <https://jmlr.org/papers/v15/srivastava14a.html>.
/// - Departures: scaled in training, as in all current libraries, not in evaluation as in the
///   paper.
public final class Dropout: UnaryLayer, TrainingAware, Sendable {
  /// The probability of zeroing an element.
  public let probability: Double
  /// The source of randomness; a checkpoint stores its state.
  public let generator: Generator
  private let zeroes = Atomic(true)
  /// Whether elements are zeroed.
  public var isTraining: Bool {
    get { zeroes.load(ordering: .relaxed) }
    set { zeroes.store(newValue, ordering: .relaxed) }
  }

  /// Creates a layer that draws from `generator`.
  ///
  /// - Precondition: `probability` lies in 0 … 1.
  public init(_ probability: Double, generator: Generator) {
    precondition(probability >= 0 && probability <= 1, "a probability of \(probability)")
    self.probability = probability
    self.generator = generator
  }

  /// Empty: there is nothing to learn.
  public var parameters: [(name: String, tensor: Tensor)] { [] }

  /// Applies the layer.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    isTraining ? input.droppedOut(probability, generator: generator) : input
  }
}
