package import Torch

/// The latest rows of a stream: once it is full, new rows overwrite the oldest.
package final class RowRing {
  /// `[capacity, D]`; the first `count` are filled.
  private let storage: Tensor
  /// The index of the next row.
  private var next = 0
  /// The number of rows.
  package private(set) var count = 0

  package init(capacity: Int, width: Int, dtype: DType, device: Device) {
    precondition(capacity > 0 && width > 0, "a ring of \(capacity) rows of \(width) numbers")
    storage = .zeros([capacity, width], dtype: dtype, device: device)
  }

  /// `[count, D]`, not copied; in storage order.
  package var rows: Tensor { storage[0..<count] }

  /// Adds rows `[N, D]`, each scaled to unit length; if they exceed the capacity, only the last.
  package func append(_ new: Tensor) {
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
