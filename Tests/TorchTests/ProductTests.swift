import TestSupport
import Testing
import Torch

/// `productWithTransposed` against the product in double precision.
@Suite struct ProductTests {
  private func expectProduct(_ left: Tensor, _ right: Tensor, _ bias: Tensor? = nil) {
    var expected = left.converted(to: .float64).matmul(right.converted(to: .float64).transposed())
    if let bias { expected = expected + bias.converted(to: .float64) }
    expectClose(
      left.productWithTransposed(right, bias: bias), expected, tolerance: 1e-5,
      "\(left.shape) · \(right.shape)")
  }

  private func normal(_ rows: Int, _ columns: Int) -> Tensor {
    .normal([rows, columns], generator: Generator(seed: UInt64(rows * 1000 + columns)))
  }

  @Test(arguments: [1, 2, 15, 16, 17, 33, 64]) func `matches the definition at every size`(
    size: Int
  ) {
    for (n, k, m) in [(size, 17, 19), (20, size, 21), (18, 16, size), (size, size, size)] {
      expectProduct(normal(n, k), normal(m, k))
      expectProduct(normal(n, k), normal(m, k), normal(1, m)[0])
    }
  }

  @Test func `handles views`() {
    let wide = normal(40, 60)
    expectProduct(wide.slice(3..<35, along: 1), wide.slice(20..<52, along: 1))
    expectProduct(wide.slice(3..<35, along: 1), normal(32, 24).transposed())
    expectProduct(normal(32, 24).transposed(), wide.slice(3..<35, along: 1))
    expectProduct(wide, normal(1, 60).expanded(to: [32, 60]), normal(2, 64)[1][8..<40])
    expectProduct(wide, wide)
  }

  @Test func `handles empty matrices`() {
    #expect(normal(0, 20).productWithTransposed(normal(30, 20)).shape == [0, 30])
    #expect(normal(20, 20).productWithTransposed(normal(0, 20)).shape == [20, 0])
    expectClose(
      normal(20, 0).productWithTransposed(normal(30, 0)), .zeros([20, 30], dtype: .float64))
  }

  @Test func `rejects mismatched shapes and types`() throws {
    let left = normal(32, 32), right = normal(48, 32)
    for bias in [
      Tensor.zeros([47]), .zeros([1]), .zeros([49]), .zeros([]), .zeros([1, 48]),
      .zeros([48], dtype: .float64),
    ] {
      #expect(throws: TorchError.self, "\(bias.shape) \(bias.dtype)") {
        try checked { left.productWithTransposed(right, bias: bias) }
      }
    }
    #expect(throws: TorchError.self) { try checked { left.productWithTransposed(normal(48, 31)) } }
    #expect(throws: TorchError.self) {
      try checked { left.productWithTransposed(right.converted(to: .float64)) }
    }
    #expect(throws: TorchError.self) { try checked { left[0].productWithTransposed(right) } }
  }

  @Test func `is not recorded by autograd`() throws {
    let left = normal(32, 32).requiringGradient()
    #expect(!left.productWithTransposed(normal(48, 32)).requiresGradient)
    #expect(!left[0..<2].productWithTransposed(normal(48, 32)).requiresGradient)
  }
}
