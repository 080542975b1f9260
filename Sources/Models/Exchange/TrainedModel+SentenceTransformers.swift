import Datasets
import Extreme
import Storage
import Torch

extension TrainedModel {
  /// Writes the text encoder as a folder that `SentenceTransformer` of the Python package
  /// sentence-transformers loads, with the same embeddings, and a model card.
  ///
  /// A BERT encoder becomes modules of the package. A bag of features becomes an added module,
  /// `decant_bag.py`, which Python loads with `trust_remote_code=True`: a table of token vectors could
  /// not express it, as the card says. The vectors of the labels, divided by the temperature, and
  /// their biases are in `labels.safetensors`: their inner products with embeddings are the scores.
  ///
  /// - Parameter path: a new folder.
  /// - Throws: `InputError` if the encoder is a bag and a transformer, or an ONNX graph, if the run was
  ///   trained on features instead of texts, or if the folder has files; `FileError`.
  public func writeSentenceTransformers(to path: String) throws {
    try refuseUnless(hasTexts: true, file: self.folder.path)
    let folder = try ExportedFolder(path: path)
    var modules = SentenceModuleList()
    try checked {
      if let transformer, let tower = scorer.tower {
        try write(transformer, tower, to: folder, &modules)
      } else {
        try writeBag(to: folder, &modules)
      }
      var labels = ["labels.embeddings": labelEmbeddings * (1 / temperature)]
      labels["labels.bias"] = labelBiases
      try folder.write(labels, to: "labels.safetensors")
    }
    try folder.write(modules.all, to: "modules.json")
    try folder.write(
      SimilarityOptions(
        similarity_fn_name: configuration.model.encoder.isNormalized ? "cosine" : "dot"),
      to: "config_sentence_transformers.json")
    try folder.write(labelIDs, to: "labels.json")
    try folder.write(ModelCard(self, format: .sentenceTransformers).text, to: "README.md")
    try folder.commit()
  }

  private func writeBag(to folder: ExportedFolder, _ modules: inout SentenceModuleList) throws {
    guard let features = self.features.fitted else {
      throw InputError(
        file: self.folder.path, reason: "the model has neither bags nor a transformer")
    }
    let vocabulary = features.vocabulary
    var tensors = [
      "hashes": Tensor(vocabulary.hashes.map { Int64(bitPattern: $0) }),
      "idf": Tensor(vocabulary.inverseDocumentFrequencies),
      "table": scorer.encoder.table.weight,
    ]
    for (index, layer) in scorer.encoder.layers.enumerated() {
      for (name, tensor) in layer.parameters(under: "layers.\(index)") { tensors[name] = tensor }
    }
    let name = modules.add("DecantBag", of: "decant_bag")
    try folder.write(tensors, to: "\(name)/model.safetensors")
    try folder.write(
      BagOptions(
        families: features.configuration.families,
        maximumWordCount: features.configuration.maximumWordCount, dimension: dimension,
        isNormalized: configuration.model.encoder.isNormalized),
      to: "\(name)/config.json")
    try folder.write(
      String(decoding: PackageResources.decant_bag_py, as: UTF8.self), to: "decant_bag.py")
  }

  private func write(
    _ transformer: TransformerStore, _ tower: TransformerTower, to folder: ExportedFolder,
    _ modules: inout SentenceModuleList
  ) throws {
    guard !configuration.hasBags, let bert = transformer.encoder.bert else {
      throw InputError(
        file: self.folder.path,
        reason: configuration.hasBags
          ? "the embedding is the sum of a bag's and a transformer's, which modules in a row cannot add"
          : "the run's transformer is an ONNX file by others",
        expected: configuration.hasBags
          ? "a run of one encoder, or decant export --format onnx with the inputs of decant embed "
            + "--inputs"
          : "a run with a bag, or with a BERT encoder")
    }
    try folder.copy(
      ["config.json", "tokenizer.json", "vocab.txt", "tokenizer_config.json"],
      from: self.folder.transformer)
    try folder.write(bert.parameters.byName, to: "model.safetensors")
    modules.add("Transformer", at: "")
    try folder.write(
      SentenceOptions(max_seq_length: transformer.settings.maximumLength),
      to: "sentence_bert_config.json")
    try folder.write(
      PoolingOptions(bert.configuration), to: "\(modules.add("Pooling"))/config.json")
    // The tower scales a vector to length √W, which goes into the weights of its first layer.
    modules.add("Normalize")
    let parameters = tower.projectionParameters.byName
    let count = parameters.count / 2
    for index in 0..<count {
      guard var weight = parameters["projection.\(index).weight"],
        let bias = parameters["projection.\(index).bias"]
      else { continue }
      if index == 0 { weight = weight * Double(bert.configuration.width).squareRoot() }
      let name = modules.add("Dense")
      try folder.write(
        ["linear.weight": weight, "linear.bias": bias], to: "\(name)/model.safetensors")
      try folder.write(
        DenseOptions(weight.shape, isLast: index == count - 1), to: "\(name)/config.json")
    }
    if configuration.model.encoder.isNormalized { modules.add("Normalize") }
  }

  /// Why a bag differs from a table of token vectors, the package's `StaticEmbedding`: for people.
  var bagNote: String {
    let families = configuration.features.families
    let others = Set(families.filter { $0.unit != .words }.map(\.unit.rawValue)).sorted()
    var reasons = ["a word that occurs n times counts 1 + ln n times"]
    if !others.isEmpty {
      reasons.append("\(others.joined(separator: ", ")) are not tokens")
    }
    if families.count > 1 { reasons.append("each family of features has its length") }
    if !configuration.model.encoder.isNormalized { reasons.append("the sum is not a mean") }
    if !configuration.model.encoder.hiddenDimensions.isEmpty {
      reasons.append("hidden layers follow the sum")
    }
    return reasons.joined(separator: "; ")
  }
}

/// The modules of a folder for sentence-transformers, in their order.
private struct SentenceModuleList {
  struct Module: Encodable {
    var idx: Int
    var name: String
    var path: String
    var type: String
  }

  private(set) var all: [Module] = []

  /// - Parameter source: the Python module that has the class.
  /// - Returns: the folder of the module.
  @discardableResult
  mutating func add(
    _ type: String, of source: String = "sentence_transformers.models", at path: String? = nil
  ) -> String {
    let path = path ?? "\(all.count)_\(type)"
    all.append(
      Module(idx: all.count, name: "\(all.count)", path: path, type: "\(source).\(type)"))
    return path
  }
}

private struct BagOptions: Encodable {
  var families: [TextFeatures.Family]
  var maximumWordCount: Int
  var dimension: Int
  var isNormalized: Bool
}

private struct PoolingOptions: Encodable {
  var word_embedding_dimension: Int
  var pooling_mode_cls_token: Bool
  var pooling_mode_mean_tokens: Bool
  var pooling_mode_max_tokens = false
  var pooling_mode_mean_sqrt_len_tokens = false

  init(_ encoder: TransformerEncoder.Configuration) {
    word_embedding_dimension = encoder.width
    pooling_mode_mean_tokens = encoder.pooling == .mean
    pooling_mode_cls_token = encoder.pooling != .mean
  }
}

private struct DenseOptions: Encodable {
  var in_features: Int
  var out_features: Int
  var bias = true
  var activation_function: String

  init(_ shape: [Int], isLast: Bool) {
    (in_features, out_features) = (shape[1], shape[0])
    activation_function =
      "torch.nn.modules." + (isLast ? "linear.Identity" : "activation.ReLU")
  }
}

private struct SentenceOptions: Encodable {
  var max_seq_length: Int
  var do_lower_case = false
}

private struct SimilarityOptions: Encodable {
  var similarity_fn_name: String
  var prompts: [String: String] = [:]
}

extension [(name: String, tensor: Tensor)] {
  fileprivate var byName: [String: Tensor] { Dictionary(map { ($0.name, $0.tensor) }) { $1 } }
}
