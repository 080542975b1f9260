import Datasets
import Extreme
import Foundation
import Models
import Reports
import Torch
import Training

/// Readers of the inputs and outputs of training: runs, encoders, settings.
extension Reader {
  static let models: [Reader] = [
    Reader(
      // The standard settings are encoded and decoded for each file.
      name: "settings", weight: 2,
      tokens: [
        "// a note\n", "\"loss\": {", "\"softTopK\":", "\"model\": {", "\"wide\": null",
        "\"loop\": {",
      ],
      make: { folder in
        try SettingsFile.template(dataset: "data").write(to: folder, "settings.json")
        try """
        {"dataset": "x", "threads": 2, "loop": {"epochs": 3, "patience": 1},
         "model": {"encoder": {"dimension": 8, "hiddenDimensions": [4]}, "labels": "both"},
         "optimization": {"batchSize": 16, "learningRate": 0.01}}
        """.write(to: folder, "short.json")
      },
      read: { folder in
        _ = try SettingsFile(contentsOf: "\(folder)/settings.json")
        _ = try SettingsFile(contentsOf: "\(folder)/short.json")
      }),
    Reader(
      name: "run", weight: 6,
      tokens: [
        "\"temperature\":", "\"dimension\":", "\"wide\":{", "null", "\"F32\"", "\"slope\":",
      ],
      make: { folder in try writeRun(to: folder) },
      mendSums: { bytes, name in
        if name.hasSuffix(".bin") { CheckSums.vocabulary(&bytes) }
      },
      read: { folder in
        let run = RunFolder(path: "\(folder)/run")
        _ = RunList(try RunSummary.all(below: folder)).table()
        let model = try TrainedModel(folder: run)
        _ = try RunReport(model).html()
        let texts = ["an apple and a hammer", ""]
        _ = try model.predict(texts, k: 3)
        if let calibration = try model.calibration() {
          _ = try model.predict(texts, by: calibration, choosing: .tuned)
        }
      }),
    Reader(
      name: "encoder", weight: 5,
      tokens: [
        "\"max_seq_length\":", "\"model_max_length\":", "\"pooling_mode\":\"cls\"", "[PAD]",
        "[UNK]",
        "##s", "\"hidden_act\":\"relu\"", "\"type\":\"x.Normalize\"", "\"layer_norm_eps\":",
      ],
      make: { folder in try writeEncoder(to: folder, hasTokenizerFile: false) },
      read: { folder in try readEncoder(folder) }),
    Reader(
      name: "tokenizer", weight: 3,
      tokens: ["\"vocab\":{", "\"model\":{", "\"WordPiece\"", "\"lowercase\":", "\"[UNK]\":"],
      keeps: ["model.safetensors", "config.json"],
      make: { folder in try writeEncoder(to: folder, hasTokenizerFile: true) },
      read: { folder in try readEncoder(folder) }),
  ]

  private static func writeRun(to folder: String) throws {
    let data = "\(folder)/data.jsonl"
    try (0..<250).map { index in
      let row = Sample.rows[index % 12]
      return "{\"text\":\"\(row.text) \(index)\",\"labels\":[\"\(row.label)\"]}\n"
    }.joined().write(to: folder, "data.jsonl")
    let run = RunFolder(path: "\(folder)/run")
    _ = try Trainer(
      TrainingConfiguration(
        dataset: data,
        model: .init(encoder: .init(dimension: 4, hiddenDimensions: [3]), wide: .init()),
        optimization: .init(batchSize: 16), loop: TrainingLoop(epochs: 2, patience: 2), threads: 1),
      folder: run, decantVersion: "fuzz"
    ).run(resuming: false)
    _ = try TrainedModel(folder: run).calibrate()
    // The reader must read the model, not its training data.
    unlink(data)
  }

  private static func writeEncoder(to folder: String, hasTokenizerFile: Bool) throws {
    let pieces =
      ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "apple", "wolf", "a", "the", "##s", "##r"]
    let configuration = TransformerEncoder.Configuration(
      vocabularySize: pieces.count, width: 8, blockCount: 1, headCount: 2, hiddenWidth: 8,
      maximumLength: 16)
    let encoder = TransformerEncoder(configuration, generator: Generator(seed: 1))
    try Safetensors.write(
      Dictionary(uniqueKeysWithValues: encoder.parameters.map { ($0.name, $0.tensor) }),
      to: "\(folder)/model.safetensors")
    try """
    {"model_type": "bert", "vocab_size": \(pieces.count), "hidden_size": 8, "num_hidden_layers": 1,
     "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 16,
     "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}
    """.write(to: folder, "config.json")
    if hasTokenizerFile {
      let vocabulary = pieces.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
      try """
      {"normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
       "pre_tokenizer": {"type": "BertPreTokenizer"},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": {\(vocabulary)}}}
      """.write(to: folder, "tokenizer.json")
      return
    }
    try pieces.map { $0 + "\n" }.joined().write(to: folder, "vocab.txt")
    try FileManager.default.createDirectory(
      atPath: "\(folder)/1_Pooling", withIntermediateDirectories: true)
    try "{\"pooling_mode_mean_tokens\": true}".write(to: folder, "1_Pooling/config.json")
    try """
    [{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"}]
    """.write(to: folder, "modules.json")
    try "{\"max_seq_length\": 12, \"do_lower_case\": false}"
      .write(to: folder, "sentence_bert_config.json")
    try "{\"model_max_length\": 14, \"do_lower_case\": true, \"strip_accents\": null}"
      .write(to: folder, "tokenizer_config.json")
    try "{\"prompts\": {\"query\": \"\"}, \"default_prompt_name\": null}"
      .write(to: folder, "config_sentence_transformers.json")
  }

  private static func readEncoder(_ folder: String) throws {
    let encoder = try SentenceEncoder(folder: folder, threads: 1)
    _ = try encoder.embeddings(of: ["the wolf, a zebra's apples", "", "[MASK] é"])
  }
}
