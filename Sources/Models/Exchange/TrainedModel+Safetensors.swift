import Datasets
import Extreme
import Storage
import Torch

extension TrainedModel {
  /// Writes the model's tensors in float32, with their names, the settings, the labels and a model
  /// card.
  ///
  /// `model.safetensors` has the encoder's tensors under `encoder.`, `labels.encoder.`, `tower.` and
  /// `transformer.`, those of a wide model under `wide.`, and `labels.embeddings` and `labels.bias`.
  /// Documentation/FORMATS.md says what they mean. A memory of documents is left out, and so is an
  /// encoder in an ONNX file. Of an ensemble only the first model is written.
  ///
  /// - Parameter path: a new folder.
  /// - Throws: `InputError` if it has files; `FileError`.
  public func writeSafetensors(to path: String) throws {
    let folder = try ExportedFolder(path: path)
    try checked { try folder.write(scorer.tensors(transformer), to: "model.safetensors") }
    try folder.write(labelIDs, to: "labels.json")
    try folder.write(ExportedSettings(self), to: "config.json")
    try folder.write(ModelCard(self, format: .safetensors).text, to: "README.md")
    try folder.commit()
  }
}

extension Scorer {
  fileprivate func tensors(_ transformer: TransformerStore?) -> [String: Tensor] {
    var all = wide?.tensors(under: "wide") ?? [:]
    func add(_ parameters: [(name: String, tensor: Tensor)]) {
      for (name, tensor) in parameters { all[name] = tensor }
    }
    if encoder.table.weight.elementCount > 0 { add(encoder.parameters(under: "encoder")) }
    if let labelEncoder { add(labelEncoder.parameters(under: "labels.encoder")) }
    if let tower { add(tower.projectionParameters.map { ("tower.\($0.name)", $0.tensor) }) }
    if let bert = transformer?.encoder.bert { add(bert.parameters(under: "transformer")) }
    all["labels.embeddings"] = labelVectors
    all["labels.bias"] = bias
    return all
  }
}

/// The settings that the use of an exported model needs; it contains no paths.
struct ExportedSettings: Encodable {
  private let decantVersion: String
  private let dataset: String
  private let labels: Int
  private let temperature: Double
  private let isNormalized: Bool
  private let model: DualEncoder.Configuration
  private let features: TextFeatures.Configuration?
  private let maximumLength: Int?
  private let leftOut: [String]

  init(_ model: TrainedModel) {
    let configuration = model.configuration
    decantVersion = model.record.decantVersion
    dataset = model.record.dataset
    labels = model.labelIDs.count
    temperature = model.temperature
    isNormalized = configuration.model.encoder.isNormalized
    self.model = configuration.model
    features = configuration.hasBags ? configuration.features : nil
    maximumLength = configuration.transformer?.maximumLength
    leftOut = model.partsLeftOut
  }
}
