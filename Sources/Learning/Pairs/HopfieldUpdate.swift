internal import Torch

/// One update of a modern Hopfield network: softmax(β R Xᵀ) X, each row scaled to unit length.
///
/// - Parameters:
///   - states: R, `[N, D]`, as they are.
///   - stored: X, `[M, D]`, as they are.
///   - sharpness: β.
func hopfieldUpdate(of states: Tensor, stored: Tensor, sharpness: Double) -> Tensor {
  (states * sharpness).matmul(stored.transposed()).softmax(along: 1).matmul(stored).normalized()
}
