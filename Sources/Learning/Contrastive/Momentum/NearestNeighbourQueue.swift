import Kernels
public import Torch

/// The embeddings of the latest batches, searched for the nearest neighbour of each row.
///
/// A neighbour from elsewhere in the data set is a more diverse positive than another view of the
/// same example:
///
///     NN(z, Q) = argmin_{q ∈ Q} ‖z − q‖        for unit vectors: the largest z · q
///
/// - Paper: Dwibedi, Aytar, Tompson, Sermanet, Zisserman. With a Little Help from My Friends:
///   Nearest-Neighbor Contrastive Learning of Visual Representations. ICCV 2021.
///   <https://arxiv.org/abs/2104.14548>
/// - Gradient: none reaches the embeddings or the neighbours.
/// - Units: embeddings are unit vectors.
/// - Departures: it starts empty; the paper starts with random vectors.
/// - Degenerate: if the queue is empty, a row is its own neighbour.
public final class NearestNeighbourQueue {
  private let ring: RowRing

  /// Creates an empty queue.
  ///
  /// - Parameters:
  ///   - capacity: the maximum number of embeddings; the paper uses 98,304.
  ///   - width: the embedding dimension.
  /// - Precondition: both are positive.
  public init(capacity: Int, width: Int, dtype: DType = .float32, device: Device = .cpu) {
    ring = RowRing(capacity: capacity, width: width, dtype: dtype, device: device)
  }

  /// The number of embeddings.
  public var count: Int { ring.count }

  /// Adds a batch's embeddings `[N, D]`, each scaled to unit length, in place of the oldest.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the embeddings have the queue's width.
  public func append(_ embeddings: Tensor) throws { try checked { ring.append(embeddings) } }

  /// The nearest queued embedding to each row of `embeddings` `[N, D]`; a copy.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the embeddings have the queue's width.
  /// - Complexity: O(N · count · D) time, O(N · 1024) memory in addition to the result.
  public func nearest(to embeddings: Tensor) throws -> Tensor {
    try checked {
      withoutGradients {
        let rows = embeddings.detached().normalized()
        guard count > 0 else { return rows }
        let queued = ring.rows
        var best = Tensor.full(
          [rows.size(along: 0)], -.infinity, dtype: rows.dtype, device: rows.device)
        var found = Tensor.zeros([rows.size(along: 0)], dtype: .int64, device: rows.device)
        for start in stride(from: 0, to: count, by: 1024) {
          let part = queued[start..<min(start + 1024, count)]
          let scores = rows.matmul(part.transposed())
          let places = scores.argmax(along: 1)
          let values = scores.maximum(along: 1)
          let nearer = values.isGreater(than: best)
          found = found.replacing(
            where: nearer, with: places + Tensor([start]).moved(to: rows.device))
          best = best.maximum(values)
        }
        return queued.gathered(rows: found)
      }
    }
  }
}
