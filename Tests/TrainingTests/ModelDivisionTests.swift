import Extreme
import Kernels
import Storage
import TestSupport
import Testing
import Torch

@testable import Training

@Suite struct ModelDivisionTests {
  private let division = ModelDivision(
    rows: ["table": .striped, "labels": .ranges, "first.1": .ranges], labelCount: 7)

  private var whole: [String: Tensor] {
    [
      "table": Tensor.range(0..<33).reshaped([11, 3]),
      "labels": Tensor.range(0..<14).reshaped([7, 2]), "first.1": Tensor.range(0..<7),
      "step": Tensor([3.0]),
      "wide.offsets": Tensor([0, 3, 3, 7, 9] as [Int64]),
      "wide.columns": Tensor([0, 3, 6, 1, 2, 5, 6, 0, 6] as [Int32]),
      "wide.weights": Tensor.range(0..<9), "wide.sum": Tensor.range(10..<19),
    ]
  }

  @Test(arguments: [1, 2, 3, 5, 9], [1, 2, 4])
  func `parts of any number make the parts of any other`(first: Int, second: Int) throws {
    let parts = (0..<first).map { division.part($0, of: first, from: [whole]) }
    let others = (0..<second).map { division.part($0, of: second, from: parts) }
    let result = division.whole(of: others)
    #expect(Set(result.keys) == Set(whole.keys))
    for (name, tensor) in whole {
      #expect(result[name]?.doubles() == tensor.doubles(), "\(name)")
      #expect(result[name]?.dtype == tensor.dtype && result[name]?.shape == tensor.shape, "\(name)")
    }
  }

  @Test func `a part has its labels, its features and the pairs of its labels`() {
    let part = division.part(1, of: 2, from: [whole])
    #expect(part["labels"]?.shape == [4, 2])
    #expect(part["first.1"]?.doubles() == [3, 4, 5, 6])
    #expect(part["table"]?.shape == [5, 3])
    #expect(part["table"]?.doubles().first == 3)
    #expect(part["step"]?.doubles() == [3])
    #expect(part["wide.columns"]?.doubles() == [0, 3, 2, 3, 3])
    #expect(part["wide.offsets"]?.doubles() == [0, 2, 2, 4, 5])
    #expect(part["wide.sum"]?.doubles() == [11, 12, 15, 16, 18])
  }
}
