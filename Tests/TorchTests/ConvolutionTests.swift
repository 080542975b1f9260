import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ConvolutionTests {
  private struct Case: Decodable {
    struct Operator: Decodable {
      let name: String
      let inputs: [GoldenTensor]
      let value: GoldenTensor
      let gradients: [GoldenTensor]
      let before: [GoldenTensor]
      let after: [GoldenTensor]
    }
    struct Fresh: Decodable {
      let name: String
      let tensors: [GoldenTensor]
    }
    let operators: [Operator]
    let fresh: [Fresh]
  }

  private typealias Apply = ([Tensor], [Tensor]) -> Tensor

  private static var table: [String: Apply] {
    let norm: (Bool) -> Apply = { isTraining in
      { given, running in
        given[0].batchNormalized(
          weight: given[1], bias: given[2], runningMean: running[0], runningVariance: running[1],
          momentum: 0.2, epsilon: 1e-3, isTraining: isTraining)
      }
    }
    return [
      "series": { given, _ in given[0].convolved(given[1], given[2]) },
      "series strided": { given, _ in
        given[0].convolved(given[1], stride: 2, padding: 3, dilation: 2, groups: 2)
      },
      "images": { given, _ in given[0].convolved(given[1], given[2]) },
      "images strided": { given, _ in given[0].convolved(given[1], stride: 2, padding: 1) },
      "images grouped": { given, _ in
        given[0].convolved(given[1], given[2], padding: 2, dilation: 2, groups: 2)
      },
      "maximum of series": { given, _ in
        given[0].maxPooled(window: 3, stride: 2, padding: 1)
      },
      "maximum of images": { given, _ in given[0].maxPooled(window: 2) },
      "maximum of images padded": { given, _ in
        given[0].maxPooled(window: 3, stride: 2, padding: 1)
      },
      "mean of series": { given, _ in
        given[0].averagePooled(window: 3, stride: 2, padding: 1)
      },
      "mean of images": { given, _ in given[0].averagePooled(window: 2) },
      "mean of images padded": { given, _ in
        given[0].averagePooled(window: 3, stride: 1, padding: 1)
      },
      "mean of all": { given, _ in given[0].globallyAveraged() },
      "norm training 2": norm(true), "norm training 3": norm(true), "norm training 4": norm(true),
      "norm afterwards 2": norm(false), "norm afterwards 3": norm(false),
      "norm afterwards 4": norm(false),
    ]
  }

  @Test func `value and gradient of operators agree with PyTorch`() throws {
    let golden = try #require(try Golden<Case>("Convolutions").cases.first)
    let table = Self.table
    #expect(Set(golden.operators.map(\.name)) == Set(table.keys))
    for one in golden.operators {
      let apply = try #require(table[one.name])
      let inputs = one.inputs.map { $0.tensor.requiringGradient() }
      let running = one.before.map(\.tensor)
      let value = apply(inputs, running)
      expectClose(value, one.value.tensor, tolerance: 1e-12, one.name)
      let start = Tensor((0..<value.elementCount).map { cos(Double($0)) }, shape: value.shape)
      let slopes = try gradients(of: value, withRespectTo: inputs, start: start)
      for (index, (slope, expected)) in zip(slopes, one.gradients).enumerated() {
        expectClose(slope, expected.tensor, tolerance: 1e-11, "\(one.name), gradient \(index)")
      }
      for (found, expected) in zip(running, one.after) {
        expectClose(found, expected.tensor, tolerance: 1e-12, "\(one.name), running")
      }
    }
  }

  @Test func `initial weights equal those of PyTorch`() throws {
    func generator() -> Generator { Generator(seed: 11) }
    let layers: [String: any Layer] = [
      "series": Convolution1d(
        .init(inputs: 2, outputs: 3, kernel: 5), generator: generator(), dtype: .float64),
      "images": Convolution2d(
        .init(inputs: 2, outputs: 4, kernel: 3, groups: 2), generator: generator(),
        dtype: .float64),
      "images without offsets": Convolution2d(
        .init(inputs: 3, outputs: 2, kernel: 3, hasBias: false), generator: generator(),
        dtype: .float64),
      "single": Convolution2d(.init(inputs: 1, outputs: 2, kernel: 2), generator: generator()),
      "norm": BatchNorm(.init(channels: 3), dtype: .float64),
    ]
    let golden = try #require(try Golden<Case>("Convolutions").cases.first)
    #expect(golden.fresh.count == layers.count)
    for one in golden.fresh {
      let layer = try #require(layers[one.name])
      #expect(layer.parameters.count == one.tensors.count)
      for ((name, tensor), expected) in zip(layer.parameters, one.tensors) {
        #expect(tensor.requiresGradient)
        expectClose(
          tensor.detached().converted(to: .float64), expected.tensor, tolerance: 1e-7,
          "\(one.name).\(name)")
      }
    }
  }

  @Test func `layers pass their configuration to the operators`() throws {
    let golden = try #require(try Golden<Case>("Convolutions").cases.first)
    let series = try #require(golden.operators.first { $0.name == "series strided" })
    let first = Convolution1d(
      .init(
        inputs: 4, outputs: 2, kernel: 3, stride: 2, padding: 3, dilation: 2, groups: 2,
        hasBias: false), weight: series.inputs[1].tensor)
    expectClose(first(series.inputs[0].tensor), series.value.tensor, tolerance: 1e-12)
    let images = try #require(golden.operators.first { $0.name == "images grouped" })
    let second = Convolution2d(
      .init(inputs: 4, outputs: 2, kernel: 2, padding: 2, dilation: 2, groups: 2),
      weight: images.inputs[1].tensor, bias: images.inputs[2].tensor)
    expectClose(second(images.inputs[0].tensor), images.value.tensor, tolerance: 1e-12)
  }

  @Test func `saves and restores running statistics`() throws {
    func network() -> Sequential {
      let generator = Generator(seed: 2)
      return Sequential(
        Convolution2d(.init(inputs: 1, outputs: 2, kernel: 3), generator: generator),
        BatchNorm(.init(channels: 2)), Activation(.relu))
    }
    let trained = network()
    let images = Tensor.normal([4, 1, 5, 5], generator: Generator(seed: 3))
    for _ in 0..<5 { _ = trained(images) }
    #expect(
      trained.state.map(\.name)
        == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"])
    #expect(!trained.buffers.contains { $0.tensor.requiresGradient })
    let state = Dictionary(
      uniqueKeysWithValues: trained.state.map { ($0.name, $0.tensor.detached().copied()) })
    trained.isTraining = false
    let expected = trained(images)
    #expect(trained(images).isIdentical(to: expected))

    let copy = network()
    copy.isTraining = false
    #expect(!copy(images).isIdentical(to: expected))
    try copy.restore(state)
    #expect(copy(images).isIdentical(to: expected))
    #expect(throws: ValueError.self) {
      try copy.restore(state.filter { !$0.key.contains("running") })
    }
  }

  @Test func `uses batch statistics only in training`() {
    let norm = BatchNorm(.init(channels: 1, isAffine: false), dtype: .float64)
    #expect(norm.parameters.isEmpty)
    let x = Tensor(rows: [[1.0], [3.0]])
    expectClose(norm(x).doubles(), [-1, 1], tolerance: 1e-4)
    // A tenth of the way from 0 to 2, and from 1 to the unbiased variance 2.
    expectClose(norm.runningMean.doubles(), [0.2])
    expectClose(norm.runningVariance.doubles(), [1.1])
    norm.isTraining = false
    expectClose(norm(x).doubles(), [0.8, 2.8].map { $0 / (1.1 + 1e-5).squareRoot() })
    expectClose(norm.runningMean.doubles(), [0.2])
    expectClose(norm(Tensor(rows: [[0.2]])).doubles(), [0])
  }

  @Test func `configurations round-trip through Codable`() throws {
    let convolution = ConvolutionConfiguration(
      inputs: 2, outputs: 4, kernel: 3, stride: 2, padding: 1, dilation: 2, groups: 2,
      hasBias: false)
    let norm = BatchNorm.Configuration(channels: 3, epsilon: 0.1, momentum: 0.2, isAffine: false)
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    #expect(
      try decoder.decode(ConvolutionConfiguration.self, from: encoder.encode(convolution))
        == convolution)
    #expect(
      try decoder.decode(BatchNorm.Configuration.self, from: encoder.encode(norm)) == norm)
  }

  @Test func `traps on a single value in training`() async {
    await #expect(processExitsWith: .failure) {
      _ = BatchNorm(.init(channels: 2))(.zeros([1, 2]))
    }
  }

  @Test func `traps on filters of another shape`() async {
    await #expect(processExitsWith: .failure) {
      _ = Convolution2d(.init(inputs: 2, outputs: 3, kernel: 3), weight: .zeros([3, 2, 3]))
    }
  }
}
