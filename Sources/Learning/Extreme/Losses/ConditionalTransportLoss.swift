public import Storage
public import Torch

/// The cost of transporting an example's patches to its labels and its labels to its patches.
///
/// Each patch is sent to nearby labels and each label to nearby patches, with softmax weights; the
/// cost is the expected distance. The first direction leaves no patch without a label, the second
/// no label without a patch. With xₙ the patches of example i and θₙ their weights, yₘ its labels
/// and βₘ theirs (both summing to 1), and cos the cosine:
///
///     c(n, m) = 1 − cos(xₙ, yₘ)                   the cost
///     π(m|n)  = βₘ exp(cos(xₙ, yₘ) / τ) / Σₘ′ βₘ′ exp(cos(xₙ, yₘ′) / τ)
///     π(n|m)  = θₙ exp(cos(xₙ, yₘ) / τ) / Σₙ′ θₙ′ exp(cos(xₙ′, yₘ) / τ)
///     L       = (1 / B′) Σᵢ ( ρ Σₙ θₙ Σₘ π(m|n) c(n, m) + (1 − ρ) Σₘ βₘ Σₙ π(n|m) c(n, m) )
///
/// where B′ is the number of examples with both labels and patches.
///
/// - Inputs: label sets
/// - Paper: Li, Wang, Liu, Zeng, Lu, Chen, Zhou. PatchCT: Aligning Patch Set and Label Set with
///   Conditional Transport for Multi-Label Image Classification. ICCV 2023; conditional transport is
///   Zheng, Zhou. Exploiting Chain Rule and Bayes' Theorem to Compare Probability Distributions.
///   NeurIPS 2021. <https://arxiv.org/abs/2307.09066>
/// - Gradient: reaches patches and labels, through costs and weights alike; recorded by autograd,
///   so that it can be differentiated any number of times. θ and β are constants.
/// - Units: 1 − cosine, between 0 and 2; 0 if all patches and labels of each example are parallel.
/// - Departures: PatchCT's repository contains no code, so nothing could be compared with it. The
///   authors of conditional transport learn one network for the navigator's distance and one for
///   the cost's features; here both are the cosine, as for the embeddings of two encoders, and τ is
///   the navigator's temperature. PatchCT adds this cost to a classification loss; here that sum is
///   left to the caller.
/// - Degenerate: an example without labels, or without patches of positive weight, is left out of
///   the mean, and an empty mean is 0 with gradient 0. A label given twice counts once. Vectors of
///   length 0 have cosine 0.
public struct ConditionalTransportLoss: Codable, Hashable, Sendable {
  /// τ > 0: how far beyond the nearest a patch or label may be sent; default 1, ours.
  public var temperature: Double
  /// ρ in 0 to 1: the weight of the direction from patches to labels; ½ in the code of conditional
  /// transport.
  public var forwardWeight: Double

  /// Creates the loss.
  public init(temperature: Double = 1, forwardWeight: Double = 0.5) {
    self.temperature = temperature
    self.forwardWeight = forwardWeight
  }

  /// The loss of a batch of patch sets against their label sets.
  ///
  /// - Parameters:
  ///   - patches: `[B, N, D]`.
  ///   - patchWeights: `[B, N]`, each patch's weight up to a factor per row, 0 for padding; nil
  ///     means 1.
  ///     nil is 1.
  ///   - labels: `[L, D]`.
  ///   - positives: the label sets, as B rows of columns below L; values are weights up to a factor
  ///     per row, 1 if there are none.
  ///     row, 1 where it has none.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal, weights are non-negative, τ >
  ///   0 and ρ is in 0 to 1.
  /// - Complexity: O(B · N · M · D) time and O(B · (N + M) · D + B · N · M) memory, with M the size
  ///   of the largest label set, in addition to the labels' gradient.
  public func callAsFunction(
    patches: Tensor, patchWeights: Tensor? = nil, labels: Tensor, positives: CSRMatrix
  ) throws -> Tensor {
    check(patches, patchWeights, labels, positives)
    let rowCount = patches.size(along: 0)
    let patchCount = patches.size(along: 1)
    let width = patches.size(along: 2)
    let sets = LabelSets(positives)
    return try checked {
      let dtype = patches.dtype
      let device = patches.device
      let theta = Self.shares(
        (patchWeights ?? .ones([rowCount, patchCount], device: device)).detached()
          .converted(to: dtype))
      let beta = Self.shares(
        Tensor(sets.grades, shape: [rowCount, sets.width]).moved(to: device).converted(to: dtype))
      let chosen = Self.unit(labels.gathered(rows: Tensor(sets.labels).moved(to: device)))
        .reshaped([rowCount, sets.width, width])
      let cosines = Self.unit(patches).matmul(chosen.transposed())  // [B, N, M]
      let costs = 1 - cosines
      let near = cosines * (1 / temperature)
      // Rows whose weights are all 0 are excluded below; 1 keeps their softmax finite.
      let counts = theta.sum(along: 1).isGreater(than: 0)
        .logicalAnd(beta.sum(along: 1).isGreater(than: 0))
      let toLabels = Self.carried(near, costs, shares: beta, along: 2)  // [B, N]
      let toPatches = Self.carried(near, costs, shares: theta, along: 1)  // [B, M]
      let ways =
        (toLabels * theta).sum(along: 1) * forwardWeight
        + (toPatches * beta).sum(along: 1) * (1 - forwardWeight)
      let rows = counts.converted(to: dtype).sum()
      return ways.replacing(where: counts.logicalNot(), with: 0).sum()
        / rows.clamped(from: 1, to: nil)
    }
  }

  /// Rows scaled to length 1; zero rows stay 0 with a finite gradient.
  private static func unit(_ vectors: Tensor) -> Tensor {
    let lengths = vectors.norm(along: -1, keepingDimensions: true)
    return vectors / lengths.replacing(where: lengths.isEqual(to: 0), with: 1)
  }

  /// The expected cost of sending each element along the other axis.
  private static func carried(
    _ near: Tensor, _ costs: Tensor, shares: Tensor, along axis: Int
  ) -> Tensor {
    let isOpen = shares.isGreater(than: 0)
    let isEmpty = isOpen.sum(along: 1, keepingDimensions: true).isEqual(to: 0)
    let log = shares.replacing(where: isOpen.logicalNot(), with: 1).log()
      .replacing(where: isOpen.logicalOr(isEmpty).logicalNot(), with: -.infinity)
    let plan = (near + log.expandingDimension(at: 3 - axis)).softmax(along: axis)
    return (plan * costs).sum(along: axis)
  }

  /// Rows scaled to sum 1; zero rows stay 0.
  private static func shares(_ weights: Tensor) -> Tensor {
    let sums = weights.sum(along: 1, keepingDimensions: true)
    return weights / sums.replacing(where: sums.isEqual(to: 0), with: 1)
  }

  private func check(
    _ patches: Tensor, _ patchWeights: Tensor?, _ labels: Tensor, _ positives: CSRMatrix
  ) {
    precondition(
      patches.dimensionCount == 3 && labels.dimensionCount == 2
        && patches.size(along: 2) == labels.size(along: 1) && patches.dtype == labels.dtype,
      "patches of shape \(patches.shape) and labels of shape \(labels.shape) are not [B, N, D] and "
        + "[L, D] of one dtype")
    precondition(
      positives.rowCount == patches.size(along: 0)
        && positives.columnCount == labels.size(along: 0),
      "positives of \(positives.rowCount) rows and \(positives.columnCount) columns for "
        + "\(patches.size(along: 0)) examples and \(labels.size(along: 0)) labels")
    if let patchWeights {
      precondition(
        patchWeights.shape == Array(patches.shape.prefix(2)),
        "patch weights of shape \(patchWeights.shape) for patches of shape \(patches.shape)")
      precondition(!patchWeights.isLess(than: 0).anyTrue(), "a patch weight is negative")
    }
    precondition(
      temperature > 0 && temperature.isFinite, "the temperature \(temperature) is not positive")
    precondition(
      forwardWeight >= 0 && forwardWeight <= 1, "the weight \(forwardWeight) is outside 0...1")
  }
}

/// The label sets of a batch, padded to the size of the largest with label 0 of grade 0.
private struct LabelSets {
  var width = 0
  var labels: [Int] = []
  var grades: [Double] = []

  init(_ matrix: CSRMatrix) {
    var rows: [[(label: Int, grade: Double)]] = []
    for row in 0..<matrix.rowCount {
      var known: [Int: Double] = [:]
      for entry in matrix.entries(ofRow: row) {
        let label = Int(matrix.columns[entry])
        let grade = matrix.values.map { Double($0[entry]) } ?? 1
        precondition(
          label >= 0 && label < matrix.columnCount,
          "row \(row) has the positive \(label), outside 0..<\(matrix.columnCount)")
        precondition(grade >= 0 && grade.isFinite, "row \(row) has a positive of grade \(grade)")
        known[label] = max(known[label] ?? 0, grade)
      }
      rows.append(known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
    width = max(1, rows.map(\.count).max() ?? 0)
    for row in rows {
      let missing = width - row.count
      labels += row.map(\.label) + [Int](repeating: 0, count: missing)
      grades += row.map(\.grade) + [Double](repeating: 0, count: missing)
    }
  }
}
