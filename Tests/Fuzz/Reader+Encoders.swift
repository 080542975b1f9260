import Datasets
import Foundation
import Models
import Storage

/// Readers of encoders in ONNX files: all kinds of tokenizers, graphs, files of settings.
extension Reader {
  static let encoders: [Reader] = [
    Reader(
      name: "pipeline", weight: 4,
      tokens: [
        "\"type\":\"Split\"", "\"Regex\":\"(a|aa)+\"", "\"Unigram\"", "\"BPE\"", "\"merges\":[",
        "\"unk_id\":0", "\"NFKC\"", "\"byte_fallback\":true", "\"prepend_scheme\":\"first\"",
        "\"dropout\":null", "{1000}", "(?=", "\\\\p{L}",
      ],
      make: { folder in
        try bytePairs.write(to: folder, "pairs.json")
        try unigrams.write(to: folder, "unigrams.json")
        try wordPieces.write(to: folder, "pieces.json")
      },
      read: { folder in
        var refusal: InputError?
        for name in ["pairs", "unigrams", "pieces"] {
          let tokenizer: TokenizerPipeline
          do {
            tokenizer = try TokenizerPipeline(tokenizerFile: "\(folder)/\(name).json")
          } catch let error as InputError {
            // The other files are read all the same.
            refusal = error
            continue
          }
          for text in ["the wolf's 12 apples", "", "e\u{301}ﬁ½ 日本\r\n  😀", "<mask>a<mask>"] {
            _ = tokenizer.encode(text, maximumLength: 16)
          }
        }
        if let refusal { throw refusal }
      }),
    Reader(
      name: "graph", weight: 2,
      tokens: [
        "input_ids", "attention_mask", "last_hidden_state", "sentence_embedding", "location",
        "../x", "\"pooling_mode\":\"max\"", "\"include_prompt\":false", "\"prompts\":{\"q\":",
        "\"model_type\":\"roberta\"", "\"pad_token_id\":", "\"model_max_length\":",
      ],
      make: { folder in
        try Array(Data(base64Encoded: graph) ?? Data()).write(to: folder, "model.onnx")
        try bytePairs.write(to: folder, "tokenizer.json")
        try "{\"model_type\":\"roberta\",\"max_position_embeddings\":20,\"pad_token_id\":0}"
          .write(to: folder, "config.json")
        try FileManager.default.createDirectory(
          atPath: "\(folder)/1_Pooling", withIntermediateDirectories: true)
        try "{\"pooling_mode\":[\"mean\",\"lasttoken\"],\"include_prompt\":false}"
          .write(to: folder, "1_Pooling/config.json")
        try """
        [{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"},
         {"type": "x.Normalize", "path": "2_Normalize"}]
        """.write(to: folder, "modules.json")
        try "{\"prompts\":{\"q\":\"a b \"},\"default_prompt_name\":\"q\"}"
          .write(to: folder, "config_sentence_transformers.json")
        try "{\"pad_token\":{\"content\":\"<pad>\"},\"model_max_length\":16}"
          .write(to: folder, "tokenizer_config.json")
      },
      read: { folder in
        // Without ONNX Runtime, everything up to the graph is read.
        let encoder = try SentenceEncoder(folder: folder, threads: 1)
        _ = try encoder.embeddings(of: ["the wolf", "", "<mask> abab"])
      }),
  ]

  private static let bytePairs = """
    {"truncation": {"direction": "Left", "max_length": 12}, "padding": {"pad_id": 1},
     "added_tokens": [
      {"id": 20, "content": "<mask>", "lstrip": true, "rstrip": false, "single_word": false,
       "normalized": false, "special": true},
      {"id": 21, "content": "wolf", "single_word": true, "normalized": true}],
     "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\\\s+(?!\\\\S)|[^\\\\s\\\\p{N}]+|."},
       "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]},
     "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]},
     "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
      "vocab": {"<s>": 0, "<pad>": 1, "</s>": 2, "a": 3, "b": 4, "ab": 5, "e": 6, "t": 7, "h": 8,
       "th": 9, "the": 10, "\\u0120": 11, "p": 12, "\\u0120a": 13, "w": 14, "o": 15, "l": 16},
      "merges": ["a b", ["t", "h"], "th e", "\\u0120 a"]}}
    """

  private static let unigrams = """
    {"normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Nmt"}, {"type": "NFKC"}, {"type": "Strip", "strip_left": true, "strip_right": true},
      {"type": "Prepend", "prepend": " "}, {"type": "Lowercase"}, {"type": "StripAccents"}]},
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁",
       "prepend_scheme": "always", "split": true}, {"type": "Digits", "individual_digits": true}]},
     "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
     "model": {"type": "Unigram", "unk_id": 1, "byte_fallback": true, "vocab": [
      ["<s>", 0], ["<unk>", 0], ["▁", -2.5], ["▁the", -3], ["a", -4], ["pp", -5.25], ["e", -4],
      ["<0xE6>", -9], ["wolf", -6], ["1", -7]]}}
    """

  private static let wordPieces = """
    {"normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"},
      {"type": "BertProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]}]},
     "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 20, "vocab": {"<s>": 0, "</s>": 1, "[UNK]": 2, "the": 3, "wo": 4,
       "##lf": 5, "apple": 6, "##s": 7, "1": 8, "##2": 9, "'": 10, "e": 11}}}
    """

  /// A table of 22 vectors of three numbers, as a graph with a mask: made with `onnx` 1.23.
  private static let graph = """
    CAg6pgQKIAoFdGFibGUKCWlucHV0X2lkcxIEcm93cyIGR2F0aGVyCiQKDmF0dGVudGlvbl9tYXNrEgFmIgRDYXN0\
    KgkKAnRvGAGgAQIKFwoBZgoEYXhlcxIBYyIJVW5zcXVlZXplCiEKBHJvd3MKAWMSEWxhc3RfaGlkZGVuX3N0YXRl\
    IgNNdWwSAWcqmAIIFggDEAFCBXRhYmxlSogCbL8APn9GB7698iM/39XWPaEhCb/9Irk+eemmP+Zzcj/+JzS/Vfmh\
    v+qOH79uRSk9Ts0UwOwKYL4Dep+/4HU7v49UC78Y8qG+PcHSPhRxhT+XngO+RuiuPzNKKr8h+bM+0klnP4WJwD34\
    VT6/MvZrvwpb6r7VemE+KzuBvx8yVr7iCyO+23QKP5rPWz5p87U+UGEnv3C5BL6eskg/wCi/Pw8pob9ByME/pUWs\
    PwYESD+6Zoc+frqgvmyguj+/6fo/+ZvmP1JVqD+R+rY+L6qav/rzkbu+Dig/B+mkv3BNyj4YF9w+2y8yPy2Rl79X\
    ZSm/cXTfvhK8lb+bo94/A+j9vrVuqD6fY4S+KhQIARAHQgRheGVzSggCAAAAAAAAAFodCglpbnB1dF9pZHMSEAoO\
    CAcSCgoDEgFuCgMSAXRaIgoOYXR0ZW50aW9uX21hc2sSEAoOCAcSCgoDEgFuCgMSAXRiKQoRbGFzdF9oaWRkZW5f\
    c3RhdGUSFAoSCAESDgoDEgFuCgMSAXQKAggDQgQKABAR
    """
}
