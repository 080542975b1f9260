import Evaluation
import TestSupport
import Testing
import Torch

@Suite struct VectorSimilarityTests {
  @Test func `similarities match values by hand`() {
    let first = Tensor(rows: [[3.0, 4], [0, 2]])
    let second = Tensor(rows: [[3.0, 0]])
    expectClose(VectorSimilarity.innerProduct(first, second).doubles(), [9, 0])
    expectClose(VectorSimilarity.cosine(first, second).doubles(), [0.6, 0])
    expectClose(VectorSimilarity.euclidean(first, second).doubles(), [-16, -13])
  }
}
