import Datasets
import Foundation
import Learning
import Torch

/// A configuration that people write: JSON with comments, of which any key may be missing.
///
/// `SettingsFile.template(dataset:)` writes one with all of them.
public struct SettingsFile {
  /// The settings, defaults where the file says nothing.
  public let configuration: TrainingConfiguration
  /// Whether the file names a temperature; else it is the usual one for the embeddings.
  public let namesTemperature: Bool

  /// Reads a file.
  ///
  /// Paths in it are as seen from the file's folder.
  ///
  /// - Throws: `FileError`; `InputError` with the line for a key that is not known (and the nearest
  ///   one that is), a value of another kind or out of range.
  public init(contentsOf path: String) throws {
    let text = try MappedFile(path: path).withBytes { String(validating: $0, as: UTF8.self) }
    guard let text else { throw InputError(file: path, reason: "the file is not UTF-8") }
    let root = try SettingsText.read(text, file: path)
    let check = SettingsCheck(schema: try SettingsSchema(), file: path)
    let whole = try check.completed(root)
    var settings = try decodeJSON(
      TrainingConfiguration.self, from: Data(whole.json.utf8), file: path)

    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    func absolute(_ name: String) -> String {
      name.isEmpty ? "" : URL(fileURLWithPath: name, relativeTo: folder).standardizedFileURL.path
    }
    settings.dataset = absolute(settings.dataset)
    settings.feedback = settings.feedback.map(absolute)
    if root.value(at: "threads") == nil {
      settings.threads = MachineShare.current.processors
    }
    if var wide = settings.model.wide, root.value(at: "model.wide.learningRate") == nil {
      wide.learningRate = SparseLinear.Configuration.usualRate(wide.method)
      settings.model.wide = wide
    }
    if var transformer = settings.transformer {
      guard !transformer.checkpoint.isEmpty else {
        throw InputError(
          file: path, line: root.line(of: "transformer"),
          reason: "the transformer has no checkpoint",
          expected: "transformer.checkpoint, the folder of a pretrained encoder")
      }
      transformer.checkpoint = absolute(transformer.checkpoint)
      if root.value(at: "transformer.maximumLength") == nil {
        transformer.maximumLength =
          try CheckpointFolder(path: transformer.checkpoint).maximumLength()
          ?? transformer.maximumLength
      }
      settings.transformer = transformer
    }
    namesTemperature =
      SettingsSchema.losses.contains { root.value(at: "loss.\($0.name).temperature") != nil }
    if !namesTemperature {
      settings.loss = settings.loss.with(
        temperature: settings.model.encoder.isNormalized ? 0.05 : 1)
    }
    if let fault = settings.firstFault {
      throw InputError(
        file: path, line: root.line(of: fault.name), reason: "\(fault.name) is \(fault.value)",
        expected: fault.expected)
    }
    _ = try settings.features.validated(file: path)
    configuration = settings
  }
}

extension SettingsValue {
  /// The value at a path, unless it is missing or null.
  fileprivate func value(at path: String) -> SettingsValue? {
    var result: SettingsValue? = self
    for name in path.split(separator: ".") { result = result?.value(of: String(name)) }
    if case .null = result?.content { return nil }
    return result
  }

  /// The line of the value at a path, or of the innermost group around it that is there.
  fileprivate func line(of path: String) -> Int {
    var value = self
    for name in path.split(separator: ".") {
      guard let inner = value.value(of: String(name)) else { break }
      value = inner
    }
    return value.line
  }
}

extension TrainingLoss {
  /// Its key in a configuration.
  var name: String {
    switch self {
    case .decoupledSoftmax: "decoupledSoftmax"
    case .infoNCE: "infoNCE"
    case .binaryCrossEntropy: "binaryCrossEntropy"
    case .softTopK: "softTopK"
    case .squaredHinge: "squaredHinge"
    case .mlcd: "mlcd"
    case .zLoss: "zLoss"
    }
  }
}
