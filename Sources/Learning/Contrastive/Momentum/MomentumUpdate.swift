import Foundation
public import Torch

/// Updates a network as the exponential moving average of another: BYOL's target network, MoCo's
/// key encoder.
///
/// With θ the weights of the online network, θ′ those of the target and m the momentum:
///
///     θ′ ← m θ′ + (1 − m) θ
///
/// - Paper: He, Fan, Wu, Xie, Girshick. Momentum Contrast for Unsupervised Visual Representation
///   Learning. CVPR 2020, equation 2; the schedule: Grill and others. Bootstrap Your Own Latent.
///   NeurIPS 2020, section 3.3. <https://arxiv.org/abs/1911.05722>
///   <https://arxiv.org/abs/2006.07733>
/// - Gradient: none; the update is applied outside the autograd graph.
/// - Units: those of the weights. After 1 / (1 − m) steps about 63 % of a change has arrived.
/// - Departures: none. Running statistics of normalisation layers, which are not parameters, are
///   not averaged; MoCo's code does not average them either.
public struct MomentumUpdate: Codable, Hashable, Sendable {
  /// The weight m of the old parameters, 0 … 1; MoCo uses 0.999, BYOL starts at 0.996.
  public var momentum: Double

  /// Creates an update with the given momentum.
  public init(momentum: Double = 0.999) { self.momentum = momentum }

  /// Moves `target` towards `online`, in place.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: both have parameters of the same names and shapes in the same order and share
  ///   none of them; m is in 0 … 1.
  public func callAsFunction(_ target: some Layer, towards online: some Layer) throws {
    precondition(0...1 ~= momentum, "a momentum of \(momentum)")
    let (old, new) = (target.parameters, online.parameters)
    precondition(
      old.map(\.name) == new.map(\.name)
        && zip(old, new).allSatisfy { $0.tensor.shape == $1.tensor.shape },
      "networks with different parameters")
    try checked {
      withoutGradients {
        for (old, new) in zip(old, new) {
          old.tensor.multiplyInPlace(by: momentum)
          old.tensor.addInPlace(new.tensor, factor: 1 - momentum)
        }
      }
    }
  }

  /// Initialises `target` with a copy of the weights of `online`.
  ///
  /// - Throws: `ValueError` if the parameters differ in name, shape or dtype.
  public func begin(_ target: some Layer, from online: some Layer) throws {
    try target.restore(
      Dictionary(online.parameters.map { ($0.name, $0.tensor) }) { first, _ in first })
  }

  /// BYOL's schedule: increases this momentum to 1 along half a cosine.
  ///
  ///     m_k = 1 − (1 − m) (cos(π k / K) + 1) / 2
  ///
  /// - Parameters:
  ///   - step: k, in 0 … `steps`.
  ///   - steps: K ≥ 1.
  public func at(step: Int, of steps: Int) -> MomentumUpdate {
    precondition(steps > 0 && 0...steps ~= step, "step \(step) of \(steps)")
    let rest = (cos(.pi * Double(step) / Double(steps)) + 1) / 2
    return MomentumUpdate(momentum: 1 - (1 - momentum) * rest)
  }
}
