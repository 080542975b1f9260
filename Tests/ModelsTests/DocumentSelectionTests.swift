import Foundation
import Models
import Testing
import Torch

@Suite struct DocumentSelectionTests {
  private func rows(_ angles: [Double]) -> Tensor {
    let numbers = angles.flatMap { [Float(cos($0)), Float(sin($0))] }
    return Tensor(numbers).reshaped([angles.count, 2])
  }

  @Test func `the most uncertain document is first`() {
    let selection = DocumentSelection(count: 2)
    #expect(selection([0.1, 0.9, 0.5], embeddings: rows([0, 1, 2])).first == 1)
  }

  @Test func `a document like one that is chosen comes later`() {
    // The second document is nearly the first; the third is less uncertain, but unlike both.
    let selection = DocumentSelection(count: 3)
    #expect(selection([0.9, 0.8, 0.4], embeddings: rows([0, 0.01, 1.5])) == [0, 2, 1])
  }

  @Test func `equal uncertainties give the greedy k-center algorithm`() {
    let angles = [0.0, 0.2, 0.5, 1.1, 1.9, 3.0]
    let selection = DocumentSelection(count: 4)
    var expected = [0]
    while expected.count < 4 {
      let next = angles.indices.filter { !expected.contains($0) }.max { a, b in
        func distance(_ index: Int) -> Double {
          expected.map { 1 - max(cos(angles[index] - angles[$0]), 0) }.min() ?? 0
        }
        return (distance(a), -a) < (distance(b), -b)
      }
      expected.append(next ?? 0)
    }
    #expect(selection([Double](repeating: 1, count: 6), embeddings: rows(angles)) == expected)
  }

  @Test func `only the most uncertain documents are candidates`() {
    var selection = DocumentSelection(count: 2, candidates: 1)
    #expect(Set(selection([1, 0.9, 0.8], embeddings: rows([0, 0, 2]))) == [0, 1])
    selection.candidates = 2
    #expect(selection([1, 0.9, 0.8], embeddings: rows([0, 0, 2])) == [0, 2])
  }

  @Test func `there are no more documents than given`() {
    #expect(DocumentSelection(count: 5)([1, 2], embeddings: rows([0, 1])).count == 2)
    #expect(DocumentSelection(count: 5)([1], embeddings: rows([0])) == [0])
    #expect(DocumentSelection(count: 5)([], embeddings: .zeros([0, 2])).isEmpty)
  }
}
