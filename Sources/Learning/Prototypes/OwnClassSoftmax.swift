internal import Torch

/// The softmax loss of a batch whose own class may count with another cosine than it has.
///
///     L = (1 / N) Σᵢ (log (exp s φ(cᵢᵧ) + Σ_{j ≠ y} exp s cᵢⱼ) − s φ(cᵢᵧ))
///
/// with the cosine cᵢⱼ of embedding i and class j. The gradient of a block of embeddings is written
/// by hand right after its value, so that products are made once: O(block · C + (N + C) · D) memory.
/// Differentiable once.
struct OwnClassSoftmax {
  /// What cosines are multiplied by, s.
  let scale: Double
  /// Embeddings at a time; nil is about a million cosines.
  var blockSize: Int?
  /// φ, element by element, differentiable.
  var counted: (Tensor) -> Tensor = { $0 }

  /// The loss.
  ///
  /// - Parameters:
  ///   - rows: `[N, D]` of unit length.
  ///   - columns: `[C, D]` of unit length.
  ///   - classes: one a row, in 0 ..< C; not empty.
  func callAsFunction(rows: Tensor, columns: Tensor, classes: [Int]) throws -> Tensor {
    let wantsSlopes = gradientsAreEnabled && (rows.requiresGradient || columns.requiresGradient)
    let classCount = columns.size(along: 0)
    let size = blockSize ?? max(1, (1 << 20) / max(classCount, 1))
    precondition(size > 0, "a block of \(size) embeddings")
    let share = 1 / Double(classes.count)
    let function = CustomFunction<[Tensor?]>("OwnClassSoftmax") { inputs in
      let all = inputs[1].detached()
      var total = Tensor.zeros([], dtype: .float64, device: all.device)
      var ofRows: [Tensor] = []
      let ofColumns = Tensor.zeros(like: all)
      for start in stride(from: 0, to: classes.count, by: size) {
        let end = min(start + size, classes.count)
        let some = inputs[0][start..<end].detached()
        let own = Tensor((start..<end).map { ($0 - start) * classCount + classes[$0] })
          .moved(to: all.device)
        let scores = (some * scale).productWithTransposed(all)
        let cosines = (scores.elements(at: own) * (1 / scale)).requiringGradient(wantsSlopes)
        let (logits, rise) = try withGradients {
          let logits = counted(cosines) * scale
          let rise =
            wantsSlopes ? try gradients(of: logits.sum(), withRespectTo: [cosines])[0] : nil
          return (logits.detached(), rise)
        }
        scores.setElementsInPlace(at: own, to: logits)
        let pass = RunningLogSumExp(
          count: end - start, dtype: scores.dtype, device: scores.device)
        pass.add(scores)
        let sums = pass.value
        total = total + (sums - logits).sum()
        guard let rise else { continue }
        let miss = ((logits - sums).exp() - 1).converted(to: scores.dtype)
        scores.writeExponentials(
          shift: sums.converted(to: scores.dtype),
          scale: .full([end - start], share * scale, dtype: scores.dtype, device: all.device),
          to: scores)
        scores.setElementsInPlace(at: own, to: miss * rise * share)
        ofRows.append(scores.productWithTransposed(all.transposed()))
        ofColumns.addInPlace(scores.transposed().matmul(some))
      }
      let slopes: [Tensor?] = wantsSlopes ? [.concatenated(ofRows), ofColumns] : [nil, nil]
      return ([(total * share).converted(to: rows.dtype)], slopes)
    } backward: { context, upstream in
      context.state.map { slope in upstream[0].flatMap { factor in slope.map { $0 * factor } } }
    }
    return try function(rows, columns)[0]
  }
}
