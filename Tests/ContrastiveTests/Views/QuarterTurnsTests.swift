import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct QuarterTurnsTests {
  private struct Case: Decodable {
    let seed: UInt64
    let input: GoldenTensor
    let value: GoldenTensor
    let classes: [Int]
  }

  @Test func `agrees with NumPy`() throws {
    for one in try Golden<Case>("QuarterTurns").cases {
      let (pictures, classes) = QuarterTurns()(
        one.input.tensor, generator: Generator(seed: one.seed))
      #expect(classes.array(of: Int64.self).map(Int.init) == one.classes)
      expectClose(pictures, one.value.tensor, tolerance: 0)
    }
  }

  @Test func `every turn occurs`() {
    let (_, classes) = QuarterTurns()(pictures([100, 1, 2, 2]), generator: Generator(seed: 1))
    #expect(Set(classes.doubles()) == [0, 1, 2, 3])
  }

  @Test func `traps on pictures that are not square`() async {
    await #expect(processExitsWith: .failure) {
      _ = QuarterTurns()(.zeros([1, 1, 3, 4]), generator: Generator(seed: 1))
    }
  }
}
