public import Storage
public import Torch

/// Distils a network over a hypergraph into one that sees each node alone.
///
/// With the class probabilities sᵢ of the student and tᵢ of the teacher, the nodes K of known class c,
/// and the means s̄ₑ, t̄ₑ of the probabilities over the members of a hyperedge e:
///
///     loss = λ · mean over K of −log sᵢ[cᵢ] + (1 − λ) · (mean over all nodes of KL(tᵢ ‖ sᵢ) + R)
///     R    = mean over the reliable hyperedges of KL(t̄ₑ ‖ s̄ₑ)      in LightHGNN⁺; 0 in LightHGNN
///
/// A hyperedge is drawn as reliable with probability 1 − δₑ / max δ, where δₑ is the change of the
/// mean entropy of its members' tᵢ if noise disturbs the features (``reliability(of:disturbed:over:)``).
///
/// - Paper: Feng, Luo, Ying, Gao. LightHGNN: Distilling Hypergraph Neural Networks into MLPs for 100×
///   Faster Inference. ICLR 2024. <https://arxiv.org/abs/2402.04296>
/// - Gradient: reaches the student's logits; the teacher is held fixed.
/// - Inputs: teacher outputs.
/// - Units: nats.
/// - Departures: written from the authors' code; the paper's equations were not at hand. The code calls
///   `kl_div` with `log_target=True` but gives it probabilities, which makes eᵗ (t − log s) of a
///   divergence; this is the divergence. No temperature: the code's is 1. Where no hyperedge is drawn R
///   is 0, and not a number there.
public struct LightHGNNLoss: Codable, Hashable, Sendable {
  /// λ, the share of the known classes; default 0, the authors' code.
  public var knownShare: Double

  /// Creates a loss.
  ///
  /// - Precondition: `knownShare` lies in 0 … 1.
  public init(knownShare: Double = 0) {
    precondition((0...1).contains(knownShare), "a share of \(knownShare)")
    self.knownShare = knownShare
  }

  /// The loss.
  ///
  /// - Parameters:
  ///   - student: logits, `[V, C]`.
  ///   - teacher: logits, `[V, C]`.
  ///   - classes: the class of each node; only those of `known` are read.
  ///   - known: K.
  ///   - reliable: LightHGNN⁺: the hyperedges' means, `[E, V]`, and a 1 for each hyperedge drawn and a 0
  ///     for the others, `[E]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes agree.
  public func callAsFunction(
    student: Tensor, teacher: Tensor, classes: [Int] = [], known: [Int] = [],
    reliable: (means: SparseMatrix, drawn: Tensor)? = nil
  ) throws -> Tensor {
    precondition(
      student.shape == teacher.shape, "logits \(student.shape) and \(teacher.shape)")
    let target = teacher.detached()
    let logits = student.logSoftmax(along: 1)
    var distilled = Self.divergences(
      from: target.softmax(along: 1), target.logSoftmax(along: 1), to: logits
    ).mean()
    if let reliable {
      let means = try reliable.means.product(with: target.softmax(along: 1))
      let reached = try reliable.means.product(with: logits.exp())
      let each = Self.divergences(
        from: means, means.clamped(from: Self.least).log(),
        to: reached.clamped(from: Self.least).log())
      let drawn = reliable.drawn.converted(to: each.dtype)
      distilled = distilled + (each * drawn).sum() / drawn.sum().clamped(from: 1)
    }
    guard knownShare > 0, !known.isEmpty else { return distilled * (1 - knownShare) }
    let right = student.gathered(rows: Tensor(known.map(Int64.init)))
      .crossEntropy(ofClasses: Tensor(known.map { Int64(classes[$0]) }))
    return right * knownShare + distilled * (1 - knownShare)
  }

  /// The means over the members of each hyperedge, `[E, V]`.
  public static func means(of hypergraph: Hypergraph, dtype: DType = .float32) -> SparseMatrix {
    let members = hypergraph.members
    let values = (0..<members.rowCount).flatMap { row in
      let count = members.entries(ofRow: row).count
      return [Double](repeating: 1 / Double(count), count: count)
    }
    return SparseMatrix(SparsePlaces(members), values: Tensor(values).converted(to: dtype))
  }

  /// The features times 1 + `noise` · ε with ε from a standard normal distribution; the authors' noise
  /// is 1.
  public static func disturbed(_ features: NodeFeatures, noise: Double = 1, generator: Generator)
    -> NodeFeatures
  {
    func factors(_ values: Tensor) -> Tensor {
      .normal(values.shape, generator: generator) * noise + 1
    }
    switch features {
    case .dense(let values): return .dense(values * factors(values))
    case .sparse(let matrix):
      let values = matrix.values ?? .ones([matrix.places.entryCount])
      return .sparse(SparseMatrix(matrix.places, values: values * factors(values)))
    }
  }

  /// The probability of drawing each hyperedge, 1 − δₑ / max δ, `[E]`; 1 if nothing changed.
  ///
  /// - Parameters:
  ///   - logits: the teacher's, `[V, C]`.
  ///   - disturbed: the teacher's with disturbed features.
  ///   - means: the means over hyperedges, `[E, V]`.
  /// - Throws: `TorchError` if libtorch fails.
  public static func reliability(
    of logits: Tensor, disturbed: Tensor, over means: SparseMatrix
  ) throws -> Tensor {
    func entropies(_ logits: Tensor) throws -> Tensor {
      let logits = logits.detached().logSoftmax(along: 1)
      let each = (logits.exp() * logits).sum(along: 1, keepingDimensions: true) * -1
      return try means.product(with: each).squeezed(along: 1)
    }
    let change = try (entropies(disturbed) - entropies(logits)).magnitude()
    return change / change.maximum().clamped(from: least) * -1 + 1
  }

  /// A 1 for each hyperedge drawn with its probability, 0 for the others, `[E]`.
  public static func draw(_ reliability: Tensor, generator: Generator) -> Tensor {
    Tensor.uniform(reliability.shape, generator: generator)
      .converted(to: reliability.dtype).isLess(than: reliability).converted(to: reliability.dtype)
  }

  private static let least = 1e-30

  private static func divergences(from target: Tensor, _ logarithms: Tensor, to other: Tensor)
    -> Tensor
  { (target * (logarithms - other)).sum(along: 1) }
}
