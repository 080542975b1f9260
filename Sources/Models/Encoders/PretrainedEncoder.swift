import Datasets
package import Extreme
import Storage
import Torch

/// A pretrained encoder of token ids: our own implementation of BERT, or an ONNX graph.
package enum PretrainedEncoder: Sendable {
  case bert(TransformerEncoder)
  case graph(ONNXEncoder)

  /// The dimension of embeddings.
  package var width: Int {
    switch self {
    case .bert(let encoder): encoder.configuration.width
    case .graph(let encoder): encoder.width
    }
  }

  /// The encoder that can be trained; nil for a graph.
  package var bert: TransformerEncoder? {
    guard case .bert(let encoder) = self else { return nil }
    return encoder
  }

  /// The text before every text.
  var prompt: String {
    switch self {
    case .bert: ""
    case .graph(let encoder): encoder.prompt
    }
  }

  /// A name of the pooling for caches.
  var poolingName: String {
    switch self {
    case .bert(let encoder): encoder.configuration.pooling.rawValue
    case .graph(let encoder): encoder.poolingName
    }
  }

  /// The embeddings of texts by their tokens: `[texts, W]`.
  ///
  /// - Throws: `InputError` naming the file when a graph cannot be computed.
  func embeddings(of ids: [[Int32]], paddingID: Int32) throws -> Tensor {
    switch self {
    case .bert(let encoder): encoder.embeddings(of: ids, paddingID: paddingID)
    case .graph(let encoder): try encoder.embeddings(of: ids)
    }
  }

  /// The token ids of a text in any normal form, after the prompt.
  func tokenIDs(of text: String, by tokenizer: any TextTokenizer, maximumLength: Int) -> [Int32] {
    switch self {
    case .bert: tokenizer.encode(text.normalizedToNFC, maximumLength: maximumLength)
    // The tokenizer's own normalisation decides.
    case .graph: tokenizer.encode(prompt + text, maximumLength: maximumLength)
    }
  }

  /// The inputs of an exported encoder for these texts, by name.
  func inputs(of ids: [[Int32]], paddingID: Int32) -> [String: Tensor] {
    switch self {
    case .bert: ONNXGraph.tokenInputs(ids, paddingID: paddingID)
    case .graph(let encoder): encoder.inputs(of: ids)
    }
  }
}
