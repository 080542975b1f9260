import Foundation
public import Torch

/// Values from an independent implementation: a file in the `Goldens/` of the test target.
///
/// The script named in the file generates it; the tests need no Python.
public struct Golden<Case: Decodable>: Decodable {
  /// The implementation that produced the values.
  public let source: String
  /// The implementation's version.
  public let version: String
  /// The script that generates the file.
  public let script: String
  /// The cases.
  public let cases: [Case]

  /// Reads `Goldens/NAME.json` in the nearest folder above `testFile` that has `Goldens`.
  public init(_ name: String, testFile: String = #filePath) throws {
    var folder = URL(fileURLWithPath: testFile).deletingLastPathComponent()
    while folder.path != "/",
      !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Goldens").path)
    {
      folder.deleteLastPathComponent()
    }
    let file = folder.appendingPathComponent("Goldens/\(name).json")
    self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
  }
}

/// A tensor as stored in a golden file.
public struct GoldenTensor: Decodable, Sendable {
  /// The element type.
  public let dtype: DType
  /// The shape.
  public let shape: [Int]
  /// The elements in row-major order.
  public let values: [Double]

  private enum Key: String, CodingKey { case dtype, shape, values }

  /// Decodes the type by its name; a file without one has float64 elements.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let name = try container.decodeIfPresent(String.self, forKey: .dtype) ?? "float64"
    guard let dtype = DType.allCases.first(where: { "\($0)" == name }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .dtype, in: container, debugDescription: "\(name) is not an element type")
    }
    self.dtype = dtype
    shape = try container.decode([Int].self, forKey: .shape)
    values = try container.decode([Double].self, forKey: .values)
  }

  /// The tensor.
  public var tensor: Tensor { Tensor(values, shape: shape).converted(to: dtype) }
}
