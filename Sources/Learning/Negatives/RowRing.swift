internal import Torch

/// The latest rows of a stream: once it is full, new ones take the place of the oldest.
final class RowRing {
  /// `[capacity, D]`; the first `count` are filled.
  private let storage: Tensor
  /// Where the next row goes.
  private var next = 0
  /// How many rows there are.
  private(set) var count = 0

  init(capacity: Int, width: Int, dtype: DType, device: Device) {
    precondition(capacity > 0 && width > 0, "a ring of \(capacity) rows of \(width) numbers")
    storage = .zeros([capacity, width], dtype: dtype, device: device)
  }

  /// `[count, D]`, not copied; in the order of their places.
  var rows: Tensor { storage[0..<count] }

  /// Takes rows `[N, D]` in, each scaled to unit length; of more than fit, the last.
  func append(_ new: Tensor) {
    let capacity = storage.size(along: 0)
    precondition(
      new.dimensionCount == 2 && new.size(along: 1) == storage.size(along: 1),
      "rows of shape \(new.shape) for a ring of shape \(storage.shape)")
    withoutGradients {
      let total = new.size(along: 0)
      var rest = new[max(0, total - capacity)..<total].detached().normalized()
        .converted(to: storage.dtype)
      while rest.size(along: 0) > 0 {
        let amount = min(rest.size(along: 0), capacity - next)
        storage[next..<(next + amount)].copyInPlace(from: rest[0..<amount])
        rest = rest[amount..<rest.size(along: 0)]
        count = max(count, next + amount)
        next = (next + amount) % capacity
      }
    }
  }
}
