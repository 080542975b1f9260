internal import Foundation

/// The change of the learning rate over a training run.
///
/// A schedule is a stateless value: the factor depends only on the step number, so a resumed run
/// continues exactly where it stopped.
public protocol Schedule: Codable, Hashable, Sendable {
  /// The factor of the learning rate at a step.
  ///
  /// - Parameters:
  ///   - step: the step number, from 0.
  ///   - total: the number of steps of the whole run.
  func factor(step: Int, of total: Int) -> Double
}

extension Schedule {
  /// The learning rate at a step of a run whose peak rate is `full`.
  public func learningRate(_ full: Double, step: Int, of total: Int) -> Double {
    full * factor(step: step, of: total)
  }
}

/// The same learning rate at every step.
public struct ConstantSchedule: Schedule {
  /// Creates the schedule.
  public init() {}

  /// Always 1.
  public func factor(step: Int, of total: Int) -> Double { 1 }
}

/// A linear warm-up to the full rate, then a linear decay to 0 or another final factor.
///
///     f(t) = (t + 1) / (W + 1)                     for t < W
///     f(t) = 1 − (1 − e) · (t − W) / (T − W)       from W to T, e afterwards
///
/// with the warm-up W, the total T and the final factor e. Each half is
/// `torch.optim.lr_scheduler.LinearLR`. No step has rate 0, since such a step would be wasted.
public struct LinearSchedule: Schedule {
  /// The number of warm-up steps W.
  public var warmupSteps: Int
  /// The final factor e.
  public var finalFactor: Double

  /// Creates a schedule with `warmupSteps` steps of warm-up.
  public init(warmupSteps: Int = 0, finalFactor: Double = 0) {
    self.warmupSteps = warmupSteps
    self.finalFactor = finalFactor
  }

  /// The factor at `step`.
  public func factor(step: Int, of total: Int) -> Double {
    if step < warmupSteps { return Double(step + 1) / Double(warmupSteps + 1) }
    return 1 - (1 - finalFactor) * progress(of: step, after: warmupSteps, until: total)
  }
}

/// A linear warm-up to the full rate, then a cosine decay.
///
///     f(t) = (t + 1) / (W + 1)                                   for t < W
///     f(t) = e + (1 − e) · (1 + cos(π (t − W) / (T − W))) / 2    from W to T, e afterwards
///
/// - Source: Loshchilov, Hutter. SGDR: Stochastic Gradient Descent with Warm Restarts. ICLR 2017,
///   equation 5 without restarts, <https://arxiv.org/abs/1608.03983>; without warm-up it is
///   `torch.optim.lr_scheduler.CosineAnnealingLR`.
public struct CosineSchedule: Schedule {
  /// The number of warm-up steps W.
  public var warmupSteps: Int
  /// The final factor e.
  public var finalFactor: Double

  /// Creates a schedule with `warmupSteps` steps of warm-up.
  public init(warmupSteps: Int = 0, finalFactor: Double = 0) {
    self.warmupSteps = warmupSteps
    self.finalFactor = finalFactor
  }

  /// The factor at `step`.
  public func factor(step: Int, of total: Int) -> Double {
    if step < warmupSteps { return Double(step + 1) / Double(warmupSteps + 1) }
    let angle = Double.pi * progress(of: step, after: warmupSteps, until: total)
    return finalFactor + (1 - finalFactor) * (1 + cos(angle)) / 2
  }
}

/// A factor that is multiplied by `decay` after every `period` steps, as in
/// `torch.optim.lr_scheduler.StepLR`.
public struct StepSchedule: Schedule {
  /// The number of steps between two decays.
  public var period: Int
  /// The factor of one decay.
  public var decay: Double

  /// Creates a schedule that decays every `period` steps, by default to a tenth as in PyTorch.
  public init(period: Int, decay: Double = 0.1) {
    self.period = period
    self.decay = decay
  }

  /// The factor at `step`.
  ///
  /// - Precondition: the period is positive.
  public func factor(step: Int, of total: Int) -> Double {
    precondition(period > 0, "a period of \(period) steps")
    return pow(decay, Double(step / period))
  }
}

/// The progress of `step` from `start` to `end`, clamped to 0 … 1.
private func progress(of step: Int, after start: Int, until end: Int) -> Double {
  guard step < end else { return 1 }
  return Double(step - start) / Double(end - start)
}
