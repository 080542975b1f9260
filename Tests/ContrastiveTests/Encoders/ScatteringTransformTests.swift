import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct ScatteringTransformTests {
  private struct Case: Decodable {
    let options: ScatteringTransform.Configuration
    let input: GoldenTensor
    let value: GoldenTensor
  }

  @Test func `agrees with Kymatio`() throws {
    let cases = try Golden<Case>("ScatteringTransform").cases
    #expect(cases.count == 4)
    for (index, one) in cases.enumerated() {
      let value = ScatteringTransform(one.options, dtype: .float64)(one.input.tensor)
      expectClose(value, one.value.tensor, tolerance: 1e-12, "case \(index)")
      let single = ScatteringTransform(one.options)(one.input.tensor.converted(to: .float32))
      expectClose(
        single.converted(to: .float64), one.value.tensor, tolerance: 1e-5, "case \(index), single")
      #expect(
        value.shape[1] == one.input.shape[1] * one.options.pathCount, "case \(index)")
    }
  }

  @Test func `a constant picture gives only its mean`() {
    let transform = ScatteringTransform(.init(height: 12, width: 12, angles: 4), dtype: .float64)
    let value = transform(.full([1, 1, 12, 12], 0.7, dtype: .float64))[0]  // [25, 3, 3]
    // A Gaussian sums to 1, except for the mass between the pixels.
    expectClose(value[0].doubles(), [Double](repeating: 0.7, count: 9), tolerance: 1e-4)
    expectClose(value[1..<25].magnitude().maximum().scalar, 0, tolerance: 1e-12)
  }

  @Test func `scales linearly with brightness`() {
    let transform = ScatteringTransform(.init(height: 8, width: 8), dtype: .float64)
    let x = Tensor.uniform([2, 1, 8, 8], generator: Generator(seed: 1), dtype: .float64)
    expectClose(transform(x * 3), transform(x) * 3, tolerance: 1e-12)
  }

  @Test func `gradient matches finite differences`() throws {
    let transform = ScatteringTransform(
      .init(height: 5, width: 4, scales: 2, angles: 2), dtype: .float64)
    let x = Tensor.uniform([1, 1, 5, 4], generator: Generator(seed: 2), dtype: .float64)
    func value(_ x: Tensor) -> Tensor {
      let y = transform(x)
      return (y * Tensor((0..<y.elementCount).map { cos(Double($0)) }, shape: y.shape)).sum()
    }
    let leaf = x.requiringGradient()
    let slope = try #require(try gradients(of: value(leaf), withRespectTo: [leaf])[0]).doubles()
    let values = x.doubles()
    for place in values.indices {
      let ends = [1e-5, -1e-5].map { step in
        var moved = values
        moved[place] += step
        return value(Tensor(moved, shape: x.shape)).scalar
      }
      expectClose(slope[place], (ends[0] - ends[1]) / 2e-5, tolerance: 1e-7, "pixel \(place)")
    }
  }

  @Test func `counts paths of two orders`() {
    let configuration = ScatteringTransform.Configuration(
      height: 9, width: 8, scales: 3, angles: 6)
    #expect(configuration.pathCount == 1 + 18 + 108)
  }

  @Test func `traps on pictures of another size`() async {
    await #expect(processExitsWith: .failure) {
      _ = ScatteringTransform(.init(height: 8, width: 8))(.zeros([1, 1, 8, 9]))
    }
  }
}
