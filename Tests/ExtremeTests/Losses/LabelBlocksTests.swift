import Extreme
import Storage
import Testing
import Torch

/// Preconditions of the three losses over labels, one reason each.
@Suite struct LabelBlocksTests {
  private static let queries = Tensor.zeros([2, 3])
  private static let labels = Tensor.zeros([4, 3])
  private static let positives = CSRMatrix(rows: [[0], [3]], columnCount: 4)

  /// Runs `body`; an error that it throws is not the refusal that is meant.
  private static func attempt(_ body: () throws -> Tensor) {
    do {
      _ = try body()
    } catch {}
  }

  @Test func `accepts matching shapes`() throws {
    let value = try DecoupledSoftmaxLoss()(
      queries: Self.queries, labels: Self.labels, bias: Tensor.zeros([4]),
      positives: Self.positives)
    #expect(value.shape == [] && value.dtype == .float32)
  }

  @Test func `traps on embeddings of different widths`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try DecoupledSoftmaxLoss()(
          queries: .zeros([2, 3]), labels: .zeros([4, 5]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      }
    }
  }

  @Test func `traps on mixed precisions`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try InfoNCELoss()(
          queries: .zeros([2, 3], dtype: .float64), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      }
    }
  }

  @Test func `traps on a bias of another length`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try BinaryCrossEntropyLoss()(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]), bias: .zeros([1]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      }
    }
  }

  @Test func `traps on positives of another row count`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try DecoupledSoftmaxLoss()(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3], []], columnCount: 4))
      }
    }
  }

  @Test func `traps on positives of another label count`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try DecoupledSoftmaxLoss()(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 5))
      }
    }
  }

  @Test func `traps on scores of another shape`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try BinaryCrossEntropyLoss()(
          scores: .zeros([2, 5]), positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      }
    }
  }

  @Test func `traps on a column outside the labels`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try DecoupledSoftmaxLoss()(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(
            rowOffsets: MappedArray([0, 1, 2]), columns: MappedArray([0, -1]), columnCount: 4))
      }
    }
  }

  @Test func `traps on temperature 0`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try DecoupledSoftmaxLoss(temperature: 0)(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      }
    }
  }

  @Test func `traps on block size 0`() async {
    await #expect(processExitsWith: .failure) {
      LabelBlocksTests.attempt {
        try DecoupledSoftmaxLoss(blockSize: 0)(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      }
    }
  }
}
