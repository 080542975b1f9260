import Extreme
import Storage
import TestSupport
import Testing
import Torch

@Suite struct RobustLossTests {
  @Test func `refuses a loss without probabilities of positives`() {
    #expect(
      throws: ValueError(
        "robust loss", reason: "SquaredHingeLoss gives positives no probability",
        expected: "DecoupledSoftmaxLoss, InfoNCELoss or BinaryCrossEntropyLoss")
    ) {
      try RobustLoss(SquaredHingeLoss(), GeneralizedTerm())(
        queries: .zeros([1, 1]), labels: .zeros([2, 1]), bias: nil,
        positives: CSRMatrix(rows: [[0]], columnCount: 2), offset: nil)
    }
  }

  @Test func `a term of cross-entropy is the plain loss, weights of positives included`() throws {
    var example = LabelCase.random(seed: 9, temperature: 0.5)
    example.grades = example.positives.enumerated().map { row, labels in
      labels.indices.map { Float(row + $0) / 4 }
    }
    func agree<Base: ProbabilityLoss>(_ base: Base.Type) throws {
      for size in [2, nil] {
        let plain = try example.differentiated { x, y, b in
          try Base(temperature: 0.5, blockSize: size)(
            queries: x, labels: y, bias: b, positives: example.matrix, offset: nil)
        }
        let robust = try example.differentiated { x, y, b in
          try RobustLoss(
            Base(temperature: 0.5, blockSize: size),
            SymmetricTerm(forwardWeight: 1, reverseWeight: 0))(
              queries: x, labels: y, bias: b, positives: example.matrix, offset: nil)
        }
        expectClose(robust, plain, tolerance: 1e-12, "\(base)")
      }
    }
    try agree(DecoupledSoftmaxLoss.self)
    try agree(InfoNCELoss.self)
    try agree(BinaryCrossEntropyLoss.self)
  }
}
