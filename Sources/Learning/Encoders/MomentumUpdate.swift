import Foundation
public import Torch

/// Moves a network's weights a little towards another's: the slow target of BYOL, the key encoder of
/// MoCo.
///
/// With θ the weights of the online network, θ′ those of the one that follows it, m the momentum:
///
///     θ′ ← m θ′ + (1 − m) θ
///
/// - Paper: He, Fan, Wu, Xie, Girshick. Momentum Contrast for Unsupervised Visual Representation
///   Learning. CVPR 2020, equation 2; the schedule: Grill and others. Bootstrap Your Own Latent.
///   NeurIPS 2020, section 3.3. <https://arxiv.org/abs/1911.05722>
///   <https://arxiv.org/abs/2006.07733>
/// - Gradient: none; it is taken outside of the graph.
/// - Units: the weights' own. After 1 / (1 − m) steps about 63 % of a change has arrived.
/// - Departures: none. Running statistics of normalisation layers, which are no parameters, are not
///   moved: MoCo's code leaves them to each network as well.
public struct MomentumUpdate: Codable, Hashable, Sendable {
  /// The share m of the old weights, 0 … 1; MoCo has 0.999, BYOL begins at 0.996.
  public var momentum: Double

  /// Sets the momentum.
  public init(momentum: Double = 0.999) { self.momentum = momentum }

  /// Moves `target` towards `online`, in place.
  ///
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: both have parameters of the same names and shapes in the same order; they share
  ///   none; m in 0 … 1.
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
          var slow = old.tensor
          slow *= momentum
          slow.addInPlace(new.tensor, factor: 1 - momentum)
        }
      }
    }
  }

  /// Copies the weights of `online`, to begin with.
  ///
  /// - Throws: `InputError` when the parameters differ in name, shape or dtype.
  public func begin(_ target: some Layer, from online: some Layer) throws {
    try target.restore(
      Dictionary(online.parameters.map { ($0.name, $0.tensor) }) { first, _ in first })
  }

  /// BYOL's schedule: from this momentum to 1 along half a cosine.
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
