import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct JigsawTests {
  private struct Case: Decodable {
    let seed: UInt64
    let options: Jigsaw
    let input: GoldenTensor
    let value: GoldenTensor
    let classes: [Int]
    let orders: [[Int]]
  }

  @Test func `agrees with loops`() throws {
    let cases = try Golden<Case>("Jigsaw").cases
    #expect(cases.count == 2)
    for one in cases {
      #expect(one.options.orders == one.orders)
      let (tiles, classes) = one.options(
        one.input.tensor, generator: Generator(seed: one.seed))
      #expect(classes.array(of: Int64.self).map(Int.init) == one.classes)
      expectClose(tiles, one.value.tensor, tolerance: 0)
    }
  }

  @Test func `orders differ in at least seven tiles`() {
    let orders = Jigsaw().orders
    #expect(orders.count == 35 && orders.allSatisfy { $0.sorted() == Array(0..<9) })
    for (place, first) in orders.enumerated() {
      for second in orders[..<place] {
        #expect(zip(first, second).filter { $0 != $1 }.count >= 7)
      }
    }
    #expect(Jigsaw(seed: 1).orders != orders)
  }

  @Test func `traps on pictures two pixels high`() async {
    await #expect(processExitsWith: .failure) {
      _ = Jigsaw()(.zeros([1, 1, 2, 9]), generator: Generator(seed: 1))
    }
  }
}
