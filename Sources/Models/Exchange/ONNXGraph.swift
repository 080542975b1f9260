import Storage
import Torch

/// Builds a computation graph in the ONNX format, operator by operator.
///
/// - Source: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto> for field numbers,
///   <https://onnx.ai/onnx/operators/> for operators; operator set 17, which belongs to version 8
///   of the format.
struct ONNXGraph {
  /// The element types in use, with their numbers in ONNX.
  enum ElementType: Int {
    case float32 = 1
    case int64 = 7
  }

  /// One dimension of a shape: a number, or a name for a size that the caller chooses.
  enum Axis: ExpressibleByStringLiteral {
    case fixed(Int)
    case free(String)

    init(stringLiteral name: String) { self = .free(name) }
  }

  /// A constant property of an operator.
  enum Attribute {
    case integer(Int)
    case number(Double)
    case integers([Int])
  }

  private var nodes: [ProtobufMessage] = []
  private var constants: [ProtobufMessage] = []
  private var inputs: [ProtobufMessage] = []
  private var outputs: [ProtobufMessage] = []
  private var valueCount = 0

  /// Declares an input and returns its name.
  mutating func input(_ name: String, _ type: ElementType, _ axes: [Axis]) -> String {
    inputs.append(Self.valueInfo(name, type, axes))
    return name
  }

  /// Declares the value `name` as an output.
  mutating func output(_ name: String, _ type: ElementType, _ axes: [Axis]) {
    outputs.append(Self.valueInfo(name, type, axes))
  }

  /// Adds a constant tensor; real numbers become float32.
  mutating func constant(_ tensor: Tensor, _ name: String) -> String {
    let isInteger = tensor.dtype == .int64
    let elements = isInteger ? tensor : tensor.detached().converted(to: .float32)
    var message = ProtobufMessage()
    for length in elements.shape { message.add(1, length) }
    message.add(2, isInteger ? ElementType.int64.rawValue : ElementType.float32.rawValue)
    message.add(8, name)
    message.add(9, elementsOf: elements)
    constants.append(message)
    return name
  }

  /// Adds integers, such as a list of axes.
  mutating func constant(_ values: [Int]) -> String { constant(Tensor(values), nextName()) }

  /// Adds one number.
  mutating func constant(_ value: Double) -> String { constant(Tensor(value), nextName()) }

  /// Adds an operator and returns the name of its result.
  mutating func apply(
    _ type: String, _ operands: String..., attributes: KeyValuePairs<String, Attribute> = [:],
    as name: String? = nil
  ) -> String {
    let result = name ?? nextName()
    var node = ProtobufMessage()
    for operand in operands { node.add(1, operand) }
    node.add(2, result)
    node.add(3, "\(type) to \(result)")
    node.add(4, type)
    for (name, value) in attributes { node.add(5, Self.attribute(name, value)) }
    nodes.append(node)
    return result
  }

  /// Writes the graph as a model file.
  ///
  /// - Parameters:
  ///   - notes: the file's metadata.
  /// - Throws: `InputError` if the model exceeds the format's 2 GB, `FileError`.
  func write(to path: String, version: String, notes: KeyValuePairs<String, String>) throws {
    var graph = ProtobufMessage()
    for node in nodes { graph.add(1, node) }
    graph.add(2, "encoder")
    for constant in constants { graph.add(5, constant) }
    for input in inputs { graph.add(11, input) }
    for output in outputs { graph.add(12, output) }
    var operators = ProtobufMessage()
    operators.add(1, "")
    operators.add(2, 17)
    var model = ProtobufMessage()
    model.add(1, 8)
    model.add(2, "decant")
    model.add(3, version)
    model.add(7, graph)
    model.add(8, operators)
    for (key, value) in notes {
      var note = ProtobufMessage()
      note.add(1, key)
      note.add(2, value)
      model.add(14, note)
    }
    guard model.count <= Int(Int32.max) else {
      throw InputError(
        file: path, reason: "the model takes \(model.count) bytes",
        expected: "at most 2 GB, the limit of a single ONNX file")
    }
    try model.write(to: path)
  }

  private mutating func nextName() -> String {
    valueCount += 1
    return "v\(valueCount)"
  }

  private static func attribute(_ name: String, _ value: Attribute) -> ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, name)
    switch value {
    case .number(let number):
      message.add(2, Float(number))
      message.add(20, 1)
    case .integer(let integer):
      message.add(3, integer)
      message.add(20, 2)
    case .integers(let integers):
      for integer in integers { message.add(8, integer) }
      message.add(20, 7)
    }
    return message
  }

  private static func valueInfo(_ name: String, _ type: ElementType, _ axes: [Axis])
    -> ProtobufMessage
  {
    var shape = ProtobufMessage()
    for axis in axes {
      var dimension = ProtobufMessage()
      switch axis {
      case .fixed(let length): dimension.add(1, length)
      case .free(let name): dimension.add(2, name)
      }
      shape.add(1, dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, type.rawValue)
    tensor.add(2, shape)
    var kind = ProtobufMessage()
    kind.add(1, tensor)
    var message = ProtobufMessage()
    message.add(1, name)
    message.add(2, kind)
    return message
  }
}
