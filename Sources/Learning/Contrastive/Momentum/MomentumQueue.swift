import Kernels
public import Torch

/// The keys of the latest batches, as negatives for the next ones.
///
/// A first-in, first-out queue makes the number of negatives independent of the batch size. It
/// needs a slowly changing key encoder, which `follow` updates from the query encoder:
///
///     θₖ ← m θₖ + (1 − m) θ_q
///
/// - Paper: He, Fan, Wu, Xie, Girshick. Momentum Contrast for Unsupervised Visual Representation
///   Learning. CVPR 2020, section 3.2, equation 2. <https://arxiv.org/abs/1911.05722>
/// - Gradient: none reaches the keys.
/// - Units: keys are unit vectors.
/// - Departures: it starts empty; the authors' code starts with random unit vectors and requires
///   that the batch size divides the capacity.
public final class MomentumQueue {
  private let ring: RowRing

  /// Creates an empty queue.
  ///
  /// - Parameters:
  ///   - capacity: the maximum number of keys; the paper uses 65,536.
  ///   - width: the dimension of a key.
  /// - Precondition: both are positive.
  public init(capacity: Int, width: Int, dtype: DType = .float32, device: Device = .cpu) {
    ring = RowRing(capacity: capacity, width: width, dtype: dtype, device: device)
  }

  /// The number of keys.
  public var count: Int { ring.count }

  /// The keys, `[count, D]`, in no particular order.
  ///
  /// Not copied: `append` overwrites them, so call `backward()` on a loss over them first.
  public var keys: Tensor { ring.rows }

  /// Adds a batch's keys `[N, D]`, each scaled to unit length, in place of the oldest.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the keys have the queue's width.
  public func append(_ keys: Tensor) throws { try checked { ring.append(keys) } }

  /// Moves each parameter of the key encoder towards the query encoder's.
  ///
  /// - Parameters:
  ///   - momentum: m, 0 to 1; the paper uses 0.999.
  ///   - keyEncoder: changed in place.
  ///   - queryEncoder: an encoder with the same shapes.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal lists of parameters, m in 0...1.
  public static func follow(
    momentum: Double = 0.999, keyEncoder: any Layer, queryEncoder: any Layer
  ) throws {
    precondition(0...1 ~= momentum, "a momentum of \(momentum), not in 0...1")
    let (own, other) = (keyEncoder.parameters, queryEncoder.parameters)
    precondition(
      own.map(\.name) == other.map(\.name) && own.map(\.tensor.shape) == other.map(\.tensor.shape),
      "encoders with different parameters")
    try checked {
      withoutGradients {
        for (mine, theirs) in zip(own, other) {
          mine.tensor.copyInPlace(from: mine.tensor * momentum + theirs.tensor * (1 - momentum))
        }
      }
    }
  }
}
