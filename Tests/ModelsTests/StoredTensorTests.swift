import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models

@Suite struct StoredTensorTests {
  private static func made(_ rows: Int, _ width: Int) -> [Float] {
    var random = SplitMix64(11)
    return (0..<rows * width).map { index in
      // Rows of very different sizes.
      Float.random(in: -1...1, using: &random) * Float(pow(10, Double(index / width % 7) - 3))
    }
  }

  @Test(arguments: [("encoder.table.weight", [9, 5]), ("wide.weights", [150])])
  func `8-bit rows agree with the formula`(name: String, shape: [Int]) throws {
    let weights = Self.made(shape[0], shape.count == 2 ? shape[1] : 1)
    let stored = try #require(
      StoredTensor(Tensor(weights, shape: shape), named: name, precision: .int8))
    #expect(stored.values.dtype == .int8 && stored.values.shape == shape)
    let decoded = stored.decoded().array(of: Float.self)
    let length = shape.count == 2 ? shape[1] : 64
    #expect(stored.scales?.shape == [(weights.count + length - 1) / length])
    let rows = stride(from: 0, to: weights.count, by: length).map {
      $0..<min($0 + length, weights.count)
    }
    for range in rows {
      let scale = Double(weights[range].map(abs).max() ?? 0) / 127
      for index in range {
        let expected = (Double(weights[index]) / scale).rounded() * scale
        #expect(abs(Double(decoded[index]) - expected) <= 1e-4 * scale + 1e-12, "\(index)")
        #expect(abs(Double(decoded[index]) - Double(weights[index])) <= 0.501 * scale)
      }
    }
  }

  @Test func `rows of zeros and of tiny numbers stay finite`() throws {
    let rows: [[Float]] = [
      [0, 0, 0], [.leastNonzeroMagnitude, 0, -.leastNonzeroMagnitude], [1e-38, -1e-38, 0],
      [3e38, -3e38, 1],
    ]
    let stored = try #require(
      StoredTensor(Tensor(rows: rows), named: "encoder.table.weight", precision: .int8))
    let decoded = stored.decoded()
    #expect(decoded.isAllFinite)
    #expect(decoded[0..<1].array(of: Float.self) == [0, 0, 0])
    #expect(abs(decoded[3..<4].array(of: Float.self)[1] / -3e38 - 1) < 0.01)
  }

  @Test func `each tensor has its form`() throws {
    func form(_ name: String, _ tensor: Tensor, _ precision: WeightPrecision) -> DType? {
      StoredTensor(tensor, named: name, precision: precision)?.values.dtype
    }
    let matrix = Tensor(rows: [[1, 2], [3, 4]] as [[Float]])
    let list = Tensor([1, 2, 3] as [Float])
    #expect(form("encoder.table.weight", matrix, .int8) == .int8)
    #expect(form("labels.encoder.table.weight", matrix, .int8) == .int8)
    #expect(form("labels.vectors", matrix, .int8) == .int8)
    #expect(form("embeddings", matrix, .int8) == .float16)
    #expect(form("encoder.layers.0.weight", matrix, .int8) == .float16)
    #expect(form("tower.transformer.embeddings.weight", matrix, .int8) == .float16)
    #expect(form("encoder.table.weight", matrix, .float16) == .float16)
    #expect(form("wide.weights", list, .float16) == .float16)
    for precision in WeightPrecision.allCases {
      for name in ["labels.bias", "encoder.layers.0.bias", "temperature.log"] {
        #expect(form(name, list, precision) == .float32)
      }
    }
    #expect(form("encoder.table.weight", matrix, .float32) == .float32)
    #expect(form("wide.columns", Tensor([Int32(0), 32767]), .int8) == .int16)
    #expect(form("wide.columns", Tensor([Int32(0), 32768]), .int8) == .int32)
    #expect(form("wide.offsets", Tensor([Int64(0), 1 << 31]), .int8) == .int64)
    #expect(form("wide.offsets", Tensor([Int64(0), (1 << 31) - 1]), .float16) == .int32)
    #expect(form("wide.columns", Tensor([Int32(0)]), .float32) == .int32)
  }

  @Test func `numbers beyond 16 bits are refused`() throws {
    let large = Tensor(rows: [[1, 70_000]] as [[Float]])
    #expect(StoredTensor(large, named: "encoder.table.weight", precision: .float16) == nil)
    #expect(StoredTensor(large, named: "embeddings", precision: .int8) == nil)
    #expect(StoredTensor(large, named: "encoder.table.weight", precision: .int8) != nil)
    #expect(["embeddings": large].stored(in: .float16) == nil)
  }
}
