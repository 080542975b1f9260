import Kernels
import Storage
import TestSupport
import Testing
import Torch

/// The fused kernels' arithmetic, which `Rehearsal` runs on the CPU, against composed operators.
@Suite(.enabled(if: Rehearsal.isAvailable, "needs Scripts/setup-rehearsal"))
struct FusedScoresTests {
  private func scores(_ rows: Int, _ columns: Int, scale: Double, _ dtype: DType) -> Tensor {
    (Tensor.normal([rows, columns], generator: Generator(seed: 3)) * scale).converted(to: dtype)
  }

  /// The kernels are measured by float64.
  private func exact(_ scores: Tensor) -> Tensor { scores.converted(to: .float64) }

  @Test(arguments: [DType.float32, .bfloat16], [1, 7, 8, 2050])
  func `log-sum-exps are those of float64`(dtype: DType, columns: Int) {
    for scale in [1.0, 30] {
      let blocks = [scores(5, columns, scale: scale, dtype), scores(5, 3, scale: scale, dtype)]
      let running = RunningLogSumExp(count: 5, dtype: dtype, device: .rehearsal)
      let before = Rehearsal.fusedCalls
      for block in blocks { running.add(block.moved(to: .rehearsal)) }
      // Other tests may add to it.
      #expect(Rehearsal.fusedCalls >= before + 2)
      let expected = exact(.concatenated(blocks, along: 1)).logSumExp(along: 1)
      expectClose(running.value.doubles(), expected.doubles(), tolerance: 2e-6)
    }
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func `infinite scores count as in the composed sum`(dtype: DType) {
    let rows: [[Double]] = [
      [-.infinity, -.infinity, -.infinity], [-.infinity, 2, -.infinity], [.infinity, 0, 1],
      [.nan, 0, 1],
    ]
    let block = Tensor(rows: rows).converted(to: dtype)
    let running = RunningLogSumExp(count: 4, dtype: dtype, device: .rehearsal)
    for _ in 0..<2 { running.add(block.moved(to: .rehearsal)) }
    let values = running.value.doubles()
    #expect(values[0] == -.infinity)
    expectClose(values[1], 2.6931471805599454, tolerance: 1e-6)
    #expect(values[2] == .infinity)
    #expect(values[3].isNaN)
  }

  @Test(arguments: [(DType.float32, 2e-6), (.bfloat16, 4e-3)])
  func `gradients are those of float64, rounded once`(dtype: DType, tolerance: Double) {
    let block = scores(4, 300, scale: 3, dtype)
    let shift = Tensor([3.0, 4, 5, 6]).converted(to: .float32)
    let scale = Tensor([0.1, -0.2, 0, 7]).converted(to: .float32)
    let placed = block.moved(to: .rehearsal)
    placed.writeExponentials(
      shift: shift.moved(to: .rehearsal), scale: scale.moved(to: .rehearsal), to: placed)
    let expected =
      (exact(block) - exact(shift).expandingDimension(at: 1)).exp()
      * exact(scale).expandingDimension(at: 1)
    for (value, exact) in zip(placed.doubles(), expected.doubles()) {
      #expect(abs(value - exact) <= tolerance * abs(exact) + 1e-30)
    }
    let result = Tensor.uninitialized(block.shape, dtype: dtype, device: .rehearsal)
    block.moved(to: .rehearsal).writeSigmoids(scale: 0.5, to: result)
    for (value, exact) in zip(result.doubles(), (exact(block).sigmoid() * 0.5).doubles()) {
      #expect(abs(value - exact) <= tolerance * abs(exact))
    }
    let sums = Tensor.zeros([4], dtype: .float64, device: .rehearsal)
    block.moved(to: .rehearsal).addSoftplusRowSums(to: sums)
    let whole = -(-exact(block)).logSigmoid().sum(along: 1)
    expectClose(sums.doubles(), whole.doubles(), tolerance: 1e-6)
  }
}
