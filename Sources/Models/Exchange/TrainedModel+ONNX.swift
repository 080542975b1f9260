import Extreme
import Storage
public import Torch

extension TrainedModel {
  /// Writes the text encoder and the label scores as an ONNX file.
  ///
  /// Inputs are those of `encoderInputs(of:)`, for any number of texts. Outputs: `embedding`,
  /// `[texts, D]`, and `scores`, `[texts, L]`, in the order of the run's labels.json.
  ///
  /// A wide part and a memory are left out, and with either of them the scores; so are the
  /// calibration and the extraction of features and tokens. Of an ensemble only the first model is written.
  ///
  /// - Parameter version: the program's version, for the file's metadata.
  /// - Returns: whether the file has `scores`.
  /// - Throws: `InputError` if the file would be larger than 2 GB, `FileError`.
  @discardableResult
  public func writeONNX(to path: String, version: String) throws -> Bool {
    try checked {
      try withoutGradients {
        var graph = ONNXGraph()
        var parts: [String] = []
        if features.count > 0 { parts.append(graph.bags(scorer.encoder)) }
        if let transformer, let tower = scorer.tower {
          guard case .bert(let encoder) = transformer.encoder else {
            throw InputError(
              file: folder.path, reason: "the run's transformer is an ONNX file by others",
              expected: "a run with bags, or with a BERT encoder; rank with decant predict instead")
          }
          parts.append(
            graph.projection(
              tower, of: graph.transformer(encoder), width: encoder.configuration.width))
        }
        guard var sum = parts.first else {
          throw InputError(
            file: folder.path, reason: "the model has neither bags nor a transformer")
        }
        for part in parts.dropFirst() { sum = graph.apply("Add", sum, part) }
        if configuration.model.encoder.isNormalized { sum = graph.normalized(sum) }
        let embedding = graph.apply("Identity", sum, as: "embedding")
        graph.output(embedding, .float32, ["texts", .fixed(dimension)])
        let leftOut = [
          configuration.model.wide.map { _ in "the wide part" },
          configuration.memory.map { _ in "the memory" },
        ].compactMap { $0 }
        let hasScores = leftOut.isEmpty
        if hasScores { graph.addScores(of: self, embedding: embedding) }
        try graph.write(
          to: path, version: version,
          notes: [
            "dataset": record.dataset, "features": "\(features.count)",
            "left out": hasScores
              ? "" : leftOut.joined(separator: ", ") + ", and with it the scores",
          ])
        return hasScores
      }
    }
  }

  /// The inputs for `writeONNX(to:version:)`'s encoder for these texts, by name.
  ///
  /// `features` and `weights` if the model uses bags, `input_ids`, `attention_mask` and
  /// `token_type_ids` if it has a transformer.
  ///
  /// - Throws: `InputError` if the model was trained on features instead of texts.
  public func encoderInputs(of texts: [String]) throws -> [String: Tensor] {
    try refuseUnless(hasTexts: true, file: folder.path)
    var result: [String: Tensor] = [:]
    if features.count > 0 { result = ONNXGraph.bagInputs(try features.bags(ofTexts: texts)) }
    if let transformer {
      let ids = texts.map(transformer.tokenIDs)
      result.merge(transformer.encoder.inputs(of: ids, paddingID: transformer.paddingID)) { $1 }
    }
    return result
  }
}

extension ONNXGraph {
  fileprivate mutating func addScores(of model: TrainedModel, embedding: String) {
    let labels = constant(model.labelEmbeddings, "labels")
    let scaled: KeyValuePairs<String, Attribute> = [
      "alpha": .number(1 / model.temperature), "transB": .integer(1),
    ]
    let scores =
      if let bias = model.labelBiases {
        apply(
          "Gemm", embedding, labels, constant(bias, "labels.bias"), attributes: scaled, as: "scores"
        )
      } else {
        apply("Gemm", embedding, labels, attributes: scaled, as: "scores")
      }
    output(scores, .float32, ["texts", .fixed(model.labelIDs.count)])
  }
}
