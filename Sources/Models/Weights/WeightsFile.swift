import Storage
import Torch

/// The weights of a run in a file, in any precision.
struct WeightsFile {
  /// The file's path.
  let path: String
  /// The names of the model's tensors.
  let names: [String]
  private let file: SafetensorsFile

  /// Opens a file.
  ///
  /// - Throws: `InputError` if it is not a whole safetensors file, if scales are missing or do not
  ///   fit, or if a number is infinite or NaN.
  init(file: MappedFile) throws {
    let opened = try SafetensorsFile(file: file)
    (self.file, path) = (opened, opened.path)
    let integers = try Set(opened.names.filter { try opened.tensor(named: $0).dtype == .int8 })
    let scales = Set(integers.map { $0 + StoredTensor.scalesSuffix })
    names = opened.names.filter { !scales.contains($0) }
    try opened.refuseUnlessFinite()
    for name in integers.sorted() { try checkScales(of: name) }
  }

  private func checkScales(of name: String) throws {
    let scalesName = name + StoredTensor.scalesSuffix
    let scales = try file.tensor(named: scalesName)
    let count = StoredTensor.scaleCount(try file.tensor(named: name).shape)
    guard scales.dtype == .float32, scales.shape == [count] else {
      throw InputError(
        file: path, reason: "\"\(scalesName)\" is \(scales.dtype) of shape \(scales.shape)",
        expected: "float32 of shape [\(count)], one scale for each row")
    }
  }

  private func stored(_ name: String) throws -> StoredTensor {
    let values = try file.tensor(named: name)
    return StoredTensor(
      values: values,
      scales: values.dtype == .int8
        ? try file.tensor(named: name + StoredTensor.scalesSuffix) : nil)
  }

  /// Throws unless a tensor has real numbers and this shape.
  private func checked(_ name: String, _ shape: [Int]) throws -> StoredTensor {
    let stored = try stored(name)
    guard stored.scales != nil || [.float16, .float32].contains(stored.values.dtype),
      stored.values.shape == shape
    else {
      throw InputError(
        file: path, reason: "\(name) is \(stored.values.dtype) of shape \(stored.values.shape)",
        expected: "float32, float16 or int8 of shape \(shape)")
    }
    return stored
  }

  /// Throws unless there is a tensor of real numbers of this shape.
  ///
  /// - Throws: `InputError`.
  func check(_ name: String, shape: [Int]) throws { _ = try checked(name, shape) }

  /// A tensor of real numbers as float32.
  ///
  /// - Throws: `InputError` if it has another shape.
  func numbers(_ name: String, shape: [Int]) throws -> Tensor {
    try checked(name, shape).decoded()
  }

  /// A tensor of real numbers in the precision of the file, which must not be 8-bit integers.
  ///
  /// - Throws: `InputError` if it has another shape.
  func plainNumbers(_ name: String, shape: [Int]) throws -> Tensor {
    let stored = try checked(name, shape)
    return stored.scales == nil ? stored.values : stored.decoded()
  }

  /// A tensor in the type that models compute with.
  ///
  /// - Throws: `InputError` if there is none.
  func tensor(named name: String) throws -> Tensor { try stored(name).decoded() }

  /// The tensors whose names start with `prefix`, without it.
  func part(_ prefix: String) throws -> [String: Tensor] {
    try part(prefix) { $0.decoded() }
  }

  /// The same in the precision of the file, but for 8-bit integers.
  func plainPart(_ prefix: String) throws -> [String: Tensor] {
    try part(prefix) { $0.scales == nil ? $0.values : $0.decoded() }
  }

  private func part(_ prefix: String, _ form: (StoredTensor) -> Tensor) throws -> [String: Tensor] {
    let own = names.filter { $0.hasPrefix(prefix) }
    return Dictionary(
      try own.map { (String($0.dropFirst(prefix.count)), form(try stored($0))) }
    ) { $1 }
  }

  /// Fills the parameters of a layer with the tensors under `prefix`.
  ///
  /// - Throws: `InputError` if one is missing, has another shape, or belongs to no parameter.
  func restore(_ layer: some Layer, under prefix: String) throws {
    let parameters = layer.parameters.map { (name: prefix + $0.name, tensor: $0.tensor) }
    let known = Set(parameters.map(\.name))
    if let stray = names.first(where: { $0.hasPrefix(prefix) && !known.contains($0) }) {
      throw InputError(
        file: path, reason: "the model has no parameter \"\(stray)\"",
        expected: "the model that configuration.json describes")
    }
    for (name, tensor) in parameters { try checked(name, tensor.shape).copy(into: tensor) }
  }
}
