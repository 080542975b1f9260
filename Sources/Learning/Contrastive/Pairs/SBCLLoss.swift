import Kernels
import Storage
public import Torch

/// Supervised contrast on two levels: within subclasses, and among the subclasses of a class.
///
/// Frequent classes are split into subclasses of the size of the rare ones, by `SubclassClusters`,
/// which balances them without weighting examples. With zᵢ the 2N rows of two views scaled to unit
/// length, p(i) the other view of i, S(i) the other rows of i's subclass, C(i) those of its class,
/// and R(i) = C(i) ∖ S(i) ∪ {p(i)}:
///
///     ℓ₁ᵢ = log Σ_{k ≠ i} exp(zᵢ · zₖ / τ) − (1 / |S(i)|) Σ_{k ∈ S(i)} zᵢ · zₖ / τ
///     ℓ₂ᵢ = log Σ_{k ∉ S(i) ∪ {i} ∖ {p(i)}} exp(zᵢ · zₖ / τᵢ) − (1 / |R(i)|) Σ_{k ∈ R(i)} zᵢ · zₖ / τᵢ
///     L   = (1 / 2N) Σᵢ (ℓ₁ᵢ + β ℓ₂ᵢ)
///
/// - Inputs: class labels
/// - Paper: Hou, Zhang, Wang, Zhou. Subclass-balancing Contrastive Learning for Long-tailed
///   Recognition. ICCV 2023. <https://arxiv.org/abs/2306.15925>
/// - Gradient: reaches both views. Subclasses and temperatures are constants.
/// - Units: nats, averaged over rows, of 1 + β cross-entropies.
/// - Departures: the authors' code multiplies ℓ₁ by τ / 0.07. That factor is left out here and
///   divides β instead.
/// - Degenerate: in a class of one subclass, ℓ₂ has only the other view. A batch of a single
///   example has loss 0.
public struct SBCLLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines within subclasses; default 0.1, from the authors'
  /// code.
  public var temperature: Double
  /// The weight β ≥ 0 of the class level; default 0.175, the ratio in the authors' code, which
  /// weights ℓ₁ by 0.1 / 0.07 and ℓ₂ by 0.25.
  public var classWeight: Double

  /// Creates the loss.
  public init(temperature: Double = 0.1, classWeight: Double = 0.175) {
    self.temperature = temperature
    self.classWeight = classWeight
  }

  /// The loss of two views.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i is the other view of the same example.
  ///   - classes: the class of each example, any integers.
  ///   - subclasses: the subclass of each example, any integers; equal numbers in different classes
  ///     are different subclasses.
  ///     different subclasses.
  ///   - classTemperatures: the τᵢ > 0 of each example; nil means τ.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, one class, subclass and temperature per example; τ > 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory and the pairs of a subclass.
  public func callAsFunction(
    first: Tensor, second: Tensor, classes: [Int], subclasses: [Int],
    classTemperatures: [Double]? = nil
  ) throws -> Tensor {
    checkViews([first, second])
    checkTemperature(temperature)
    let count = first.size(along: 0)
    let temperatures = classTemperatures ?? [Double](repeating: temperature, count: count)
    precondition(
      [classes.count, subclasses.count, temperatures.count] == [count, count, count],
      "\(count) examples with \(classes.count) classes, \(subclasses.count) subclasses and "
        + "\(temperatures.count) temperatures")
    temperatures.forEach(checkTemperature)
    precondition(classWeight >= 0, "a weight of \(classWeight)")

    let rows = try checked { Tensor.concatenated([first, second]).normalized() }
    let groups = SubclassGroups(classes: classes, subclasses: subclasses, device: rows.device)
    let within = try supervisedContrast(
      of: rows, groups: groups.subclasses, temperature: temperature)
    let scales = try checked {
      Tensor((temperatures + temperatures).map { 1 / $0 }, shape: [2 * count, 1])
        .converted(to: rows.dtype).moved(to: rows.device)
    }
    let others = try RowLogSumExp()(
      queries: checked { rows * scales }, keys: rows, hiding: groups.hidden)
    return try checked {
      let partners = rows[0..<count].rowProducts(with: rows[count..<(2 * count)])
      let related =
        groups.classes.companionScores(of: rows) - groups.subclasses.companionScores(of: rows)
        + Tensor.concatenated([partners, partners])
      let shares = Tensor(groups.relatives.map { 1 / Double($0) })
        .converted(to: rows.dtype).moved(to: rows.device)
      let among = others - related * shares * scales.squeezed(along: 1)
      return within + among.mean() * classWeight
    }
  }
}

/// The rows of two views grouped by class and by subclass.
private struct SubclassGroups {
  let classes: ClassGroups
  let subclasses: ClassGroups
  /// The rows of i's subclass except its other view.
  let hidden: CSRMatrix
  /// |R(i)|.
  let relatives: [Int]

  init(classes names: [Int], subclasses parts: [Int], device: Device) {
    classes = ClassGroups(names + names, device: device)
    var found: [[Int]: Int] = [:]
    let numbers = zip(names, parts).map { pair in
      let key = [pair.0, pair.1]
      let number = found[key, default: found.count]
      found[key] = number
      return number
    }
    subclasses = ClassGroups(numbers + numbers, device: device)
    let count = names.count
    var members = [[Int]](repeating: [], count: found.count)
    for (row, number) in subclasses.numbers.enumerated() { members[number].append(row) }
    hidden = CSRMatrix(
      rows: subclasses.numbers.enumerated().map { row, number in
        members[number].filter { $0 != (row + count) % (2 * count) }
      }, columnCount: 2 * count)
    relatives = zip(classes.companions, subclasses.companions).map { $0 - $1 + 1 }
  }
}
