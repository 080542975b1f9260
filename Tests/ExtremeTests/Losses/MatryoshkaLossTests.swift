import Extreme
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MatryoshkaLossTests {
  private struct Inputs: Decodable {
    let queries: [[Double]]
    let labels: [[Double]]
    let bias: [Double]
  }

  private struct Case: Decodable {
    let dimensions: [Int]
    let temperature: Double
    let isNormalized: Bool
    let positives: [[Int]]
    let inputs: Inputs
    let value: Double
    let gradients: Inputs
  }

  /// A softmax over all labels, streamed, with one positive per query.
  private func softmax(_ temperature: Double, _ blockSize: Int?) -> InfoNCELoss {
    InfoNCELoss(temperature: temperature, blockSize: blockSize)
  }

  @Test(arguments: [2, nil]) func `agrees with PyTorch`(blockSize: Int?) throws {
    let cases = try Golden<Case>("MatryoshkaLoss").cases
    #expect(cases.count == 3)
    for found in cases {
      let x = Tensor(rows: found.inputs.queries).requiringGradient()
      let y = Tensor(rows: found.inputs.labels).requiringGradient()
      let b = Tensor(found.inputs.bias).requiringGradient()
      let positives = CSRMatrix(rows: found.positives, columnCount: found.inputs.labels.count)
      let nested = MatryoshkaLoss(dimensions: found.dimensions, isNormalized: found.isNormalized)
      let value = try nested(queries: x, labels: y) {
        try softmax(found.temperature, blockSize)(
          queries: $0, labels: $1, bias: b, positives: positives)
      }
      expectClose(value.scalar, found.value, tolerance: 1e-12)
      let all = try gradients(of: value, withRespectTo: [x, y, b])
      expectClose(all[0], Tensor(rows: found.gradients.queries), tolerance: 1e-12, "queries")
      expectClose(all[1], Tensor(rows: found.gradients.labels), tolerance: 1e-12, "labels")
      expectClose(all[2], Tensor(found.gradients.bias), tolerance: 1e-12, "bias")
    }
  }

  @Test func `takes the whole as it is and each prefix in turn`() throws {
    let x = Tensor(rows: [[3.0, 4, 12], [0, 0, 2]])
    var seen: [[Double]] = []
    let value = MatryoshkaLoss(dimensions: [1, 2], isNormalized: true)(queries: x, labels: x * 2) {
      seen.append($0.doubles())
      #expect($0.shape == $1.shape)
      return $1.sum()
    }
    // A prefix of zeros stays zero.
    let expected = [[3.0, 4, 12, 0, 0, 2], [1, 0], [0.6, 0.8, 0, 0]]
    #expect(seen.count == 3)
    for (row, numbers) in zip(seen, expected) { expectClose(row, numbers, tolerance: 1e-12) }
    expectClose(value.scalar, (42 + 1 + 1.4) / 3, tolerance: 1e-12)
  }

  @Test(arguments: [[3], [0, 2], [2, 1], [1, 1]])
  func `refuses lengths that do not ascend below the dimension`(lengths: [Int]) async {
    await #expect(processExitsWith: .failure) { [lengths] in
      let x = Tensor.ones([1, 3])
      _ = MatryoshkaLoss(dimensions: lengths)(queries: x, labels: x) { $0.sum() + $1.sum() }
    }
  }
}
