public import Torch

/// Trains a student to match a fine-tuned teacher's predictions on unlabelled examples.
///
/// The third step of SimCLRv2: the teacher's probabilities are the student's targets, on all
/// available examples. With f the logits of teacher T and student S:
///
///     P(y | x; τ) = exp(f(x)_y / τ) / Σ_y′ exp(f(x)_y′ / τ)
///     D           = −(1 / N) Σᵢ Σ_y P_T(y | xᵢ; τ) log P_S(y | xᵢ; τ)
///     L           = (1 − α) CE + α D
///
/// with CE the mean of −log P_S(yᵢ | xᵢ; 1) over the examples with a label yᵢ.
///
/// - Inputs: teacher outputs
/// - Paper: Chen, Kornblith, Swersky, Norouzi, Hinton. Big Self-Supervised Models are Strong
///   Semi-Supervised Learners. NeurIPS 2020, equations 2 and 3. <https://arxiv.org/abs/2006.10029>
/// - Gradient: reaches the student only.
/// - Units: nats, averaged over examples. The minimum of D is the teacher's mean entropy.
/// - Departures: means where the paper's equations have sums. No factor τ², as in the paper;
///   Hinton, Vinyals, Dean (2015) include it to preserve the gradients' scale.
/// - Degenerate: without labels CE is 0; for an empty batch D is 0.
public struct SelfDistillationLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides logits; default 1, ours.
  public var temperature: Double
  /// The teacher's share α, 0 … 1; default 1, from the paper: the teacher is the only target.
  public var teacherShare: Double

  /// Creates the loss.
  public init(temperature: Double = 1, teacherShare: Double = 1) {
    self.temperature = temperature
    self.teacherShare = teacherShare
  }

  /// The cross-entropy between teacher and student for each example.
  ///
  /// - Parameters:
  ///   - student: logits `[N, C]`.
  ///   - teacher: logits `[N, C]`, treated as constants.
  /// - Returns: `[N]`.
  /// - Precondition: the shapes are equal; the temperature is positive.
  public func perExample(student: Tensor, teacher: Tensor) -> Tensor {
    precondition(
      student.shape == teacher.shape && student.dimensionCount == 2 && temperature > 0,
      "student \(student.shape), teacher \(teacher.shape), temperature \(temperature)")
    let targets = (teacher.detached() / temperature).softmax(along: 1)
    return -(targets * (student / temperature).logSoftmax(along: 1)).sum(along: 1)
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - student: logits `[N, C]`.
  ///   - teacher: logits `[N, C]`, treated as constants.
  ///   - classes: the label of each example, nil if it has none; nil for a batch without labels.
  /// - Returns: a scalar.
  /// - Precondition: the shapes are equal; one class per example, in `0 ..< C`; the share is in 0 …
  ///   1.
  public func callAsFunction(student: Tensor, teacher: Tensor, classes: [Int?]? = nil) -> Tensor {
    precondition(teacherShare >= 0 && teacherShare <= 1, "a share of \(teacherShare)")
    let each = perExample(student: student, teacher: teacher)
    let distance = each.sum() / Double(max(each.elementCount, 1))
    if teacherShare == 1 { return distance }
    let classes = classes ?? [Int?](repeating: nil, count: each.elementCount)
    precondition(
      classes.count == each.elementCount
        && classes.allSatisfy { $0.map { (0..<student.shape[1]).contains($0) } ?? true },
      "\(classes.count) classes for \(student.shape)")
    let rows = classes.indices.filter { classes[$0] != nil }
    let labels = Tensor(classes.compactMap { $0 }).moved(to: student.device)
    let known = student.gathered(rows: Tensor(rows).moved(to: student.device))
    let error = known.crossEntropies(ofClasses: labels).sum() / Double(max(rows.count, 1))
    return error * (1 - teacherShare) + distance * teacherShare
  }
}
