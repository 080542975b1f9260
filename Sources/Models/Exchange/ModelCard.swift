import Datasets
import Extreme
import Foundation
import Storage

/// The `README.md` of an exported model, written from the run's record: data, sizes, settings,
/// measures and limits.
///
/// The head is that of model hubs: <https://huggingface.co/docs/hub/model-cards>.
struct ModelCard {
  enum Format {
    case safetensors
    case sentenceTransformers
  }

  let text: String

  /// - Throws: `InputError` if the run's measures are damaged, `FileError`.
  init(_ model: TrainedModel, format: Format) throws {
    let record = model.record
    let parts = [
      Self.head(format),
      """
      # \(record.dataset)

      This model embeds texts so that their labels are near: the score of a label is the inner product
      of two vectors. It was trained with Decant \(record.decantVersion).
      """,
      Self.use(model, format), Self.data(record), Self.model(model),
      try Self.measures(model), try Self.settings(model), Self.limits(model, format),
    ]
    text = parts.joined(separator: "\n\n") + "\n"
  }

  private static func head(_ format: Format) -> String {
    switch format {
    case .safetensors:
      """
      ---
      tags: [decant, extreme-multi-label-classification]
      ---
      """
    case .sentenceTransformers:
      """
      ---
      library_name: sentence-transformers
      pipeline_tag: sentence-similarity
      tags: [decant, sentence-transformers, extreme-multi-label-classification]
      ---
      """
    }
  }

  private static func use(_ model: TrainedModel, _ format: Format) -> String {
    switch format {
    case .safetensors:
      return """
        ## Files

        - `model.safetensors`: the tensors, float32
        - `config.json`: the settings that their use needs
        - `labels.json`: the labels, in the order of the rows of `labels.embeddings`
        """
    case .sentenceTransformers:
      let trust = model.configuration.hasBags ? ", trust_remote_code=True" : ""
      return """
        ## Use

        ```python
        import json, torch
        from safetensors.torch import load_file
        from sentence_transformers import SentenceTransformer

        folder = "."  # this folder
        texts = SentenceTransformer(folder\(trust)).encode(["a text"], convert_to_tensor=True)
        names = json.load(open(folder + "/labels.json"))
        labels = load_file(folder + "/labels.safetensors")
        scores = texts.cpu() @ labels["labels.embeddings"].float().T + labels.get("labels.bias", 0)
        print([names[i] for i in scores[0].topk(min(5, len(names))).indices])
        ```
        """
    }
  }

  private static func data(_ record: RunRecord) -> String {
    """
    ## Data

    | | |
    |---|---|
    | data set | \(record.dataset) |
    | content hash | \(record.datasetHash ?? "none") |
    | training documents | \(record.documents) |
    | labels | \(record.labels) |
    | features | \(record.features) |
    """
  }

  private static func model(_ model: TrainedModel) -> String {
    let (record, configuration) = (model.record, model.configuration)
    let encoder: String
    switch (configuration.transformer, configuration.hasBags) {
    case (nil, _): encoder = "a bag of features"
    case (let transformer?, let hasBags):
      encoder =
        (transformer.isFineTuned ? "a transformer, fine-tuned" : "a transformer, frozen")
        + (hasBags ? ", and a bag of features" : "")
    }
    return """
      ## Model

      | | |
      |---|---|
      | encoder of texts | \(encoder) |
      | dimension | \(model.dimension) |
      | unit length | \(configuration.model.encoder.isNormalized ? "yes" : "no") |
      | softmax temperature | \(model.temperature) |
      | label vectors | \(configuration.model.labels) |
      | parameters | \(record.parameters) |
      | stored in the run as | \((record.precision ?? .float32).rawValue) |
      | loss | \(configuration.lossWords) |
      | epochs | \(record.keptEpoch) kept of \(record.lastEpoch ?? record.keptEpoch) |
      | training | \(Self.seconds(record.trainSeconds)) (\(Self.seconds(record.trainCPUSeconds)) of CPU time), \
      \(counted(record.threads, "thread")), libtorch \(record.torchVersion) |
      """
  }

  private static func seconds(_ seconds: Double) -> String { String(format: "%.1f s", seconds) }

  private static func measures(_ model: TrainedModel) throws -> String {
    let kept = try model.folder.readMetrics().first { $0.epoch == model.record.keptEpoch }
    guard model.record.validationIsHeldOut, let metrics = kept?.validation else {
      return """
        ## Measures

        The run has none: no documents were held out. Measure it on your own before you rely on it.
        """
    }
    let rows = metrics.sorted { $0.key < $1.key }.map {
      String(format: "| \($0.key) | %.2f |", $0.value)
    }
    return """
      ## Measures

      On validation documents, which also chose the epoch:

      | | % |
      |---|---|
      \(rows.joined(separator: "\n"))
      """
  }

  /// The settings without the paths of the machine.
  private static func settings(_ model: TrainedModel) throws -> String {
    var settings = model.configuration
    settings.dataset = settings.dataset.lastPathName
    settings.feedback = settings.feedback?.lastPathName
    settings.startFrom = settings.startFrom?.lastPathName
    if var data = settings.data {
      data.more = data.more?.map(\.lastPathName)
      data.validation = data.validation?.lastPathName
      data.test = data.test?.lastPathName
      settings.data = data
    }
    settings.initial = settings.initial?.lastPathName
    settings.vocabulary = settings.vocabulary?.lastPathName
    if let checkpoint = settings.transformer?.checkpoint {
      settings.transformer?.checkpoint = checkpoint.lastPathName
    }
    if let teacher = settings.teacher {
      settings.teacher?.runs = teacher.runs.map(\.lastPathName)
    }
    let json = String(decoding: try JSONEncoder.readable.encode(settings), as: UTF8.self)
    let reasons = model.record.chosenDefaults?.sentences.map { "- \($0)\n" }.joined() ?? ""
    return """
      ## Settings

      \(reasons.isEmpty ? "" : reasons + "\n")```json
      \(json)
      ```
      """
  }

  private static func limits(_ model: TrainedModel, _ format: Format) -> String {
    var limits = [
      "It knows the \(counted(model.labelIDs.count, "label")) of its training data, and ranks all of "
        + "them for every text.",
      "Texts unlike the training documents get unreliable scores; a text of which it knows no feature "
        + "gets the same scores as any other such text.",
      "Scores are not probabilities; a calibration of the run is not exported.",
    ]
    limits += model.partsLeftOut.map { "Left out: \($0), so that scores differ from the run's." }
    if format == .sentenceTransformers {
      limits.append(
        model.configuration.hasBags
          ? "The encoder is an added module, `decant_bag.py`, which `trust_remote_code=True` loads; "
            + "a table of token vectors could not express it: \(model.bagNote)."
          : "Texts must be in Unicode Normalization Form C, as training texts were.")
    } else if model.configuration.hasBags {
      limits.append(
        "The features of a text are extracted by Decant (`decant embed --inputs`), not by these files."
      )
    }
    limits += model.record.warnings ?? []
    return "## Limits\n\n" + limits.map { "- \($0)" }.joined(separator: "\n")
  }
}

extension TrainedModel {
  /// The parts of the model that exported folders do not contain, in words.
  var partsLeftOut: [String] {
    var parts: [String] = []
    if configuration.memory != nil { parts.append("the memory of training documents") }
    if let transformer, transformer.encoder.bert == nil {
      parts.append("the transformer, which is an ONNX file by others")
    }
    if !others.isEmpty { parts.append("the other models of the ensemble") }
    return parts
  }
}
