import Foundation
import TestSupport
import Testing
import Torch

/// A network from Scripts/goldens/encoders.py; weights and inputs follow its formulas.
struct EncoderCase<Options: Decodable>: Decodable {
  let options: Options
  let shape: [Int]
  let training: GoldenTensor
  let afterwards: GoldenTensor
  let ofInput: [Double]
  let ofParameters: [String: [Double]]
  let running: [String: [Double]]

  /// The input that the golden was made with.
  var input: Tensor {
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { sin(0.7 * Double($0)) }, shape: shape).requiringGradient()
  }

  /// Gives the layer its weights, then compares values in and after training, gradients and running
  /// statistics.
  func check(_ layer: some UnaryLayer & TrainingAware, _ label: String) throws {
    Self.fill(layer)
    let x = input
    let value = layer(x)
    expectClose(value, training.tensor, tolerance: 1e-10, "\(label), training")
    let start = Self.cosines(value.elementCount).reshaped(value.shape)
    let slopes = try gradients(
      of: value, withRespectTo: [x] + layer.parameters.map(\.tensor), start: start)
    expectClose(Self.told(try #require(slopes[0])), ofInput, tolerance: 1e-8, "\(label), input")
    #expect(Set(layer.parameters.map(\.name)) == Set(ofParameters.keys))
    for (parameter, slope) in zip(layer.parameters, slopes.dropFirst()) {
      expectClose(
        Self.told(try #require(slope)), ofParameters[parameter.name] ?? [], tolerance: 1e-8,
        "\(label), \(parameter.name)")
    }
    #expect(Set(layer.buffers.map(\.name)) == Set(running.keys))
    for buffer in layer.buffers {
      expectClose(
        buffer.tensor.doubles(), running[buffer.name] ?? [], tolerance: 1e-10,
        "\(label), \(buffer.name)")
    }
    layer.isTraining = false
    expectClose(layer(x), afterwards.tensor, tolerance: 1e-10, "\(label), afterwards")
  }

  /// The weights of the formula.
  static func fill(_ layer: some Layer) {
    withoutGradients {
      for (name, tensor) in layer.state {
        let start = name.utf8.reduce(0) { $0 + Int($1) } % 97
        let isScale =
          name.hasSuffix("running_var") || (name.hasSuffix("weight") && tensor.dimensionCount == 1)
        let values = (0..<tensor.elementCount).map {
          (isScale ? 1 : 0) + 0.4 * sin(Double(start + $0))
        }
        tensor.copyInPlace(from: Tensor(values, shape: tensor.shape))
      }
    }
  }

  private static func told(_ gradient: Tensor) -> [Double] {
    [
      gradient.sum().scalar,
      (gradient.reshaped([-1]) * cosines(gradient.elementCount)).sum().scalar,
    ]
  }

  private static func cosines(_ count: Int) -> Tensor {
    Tensor((0..<count).map { cos(Double($0)) })
  }
}
