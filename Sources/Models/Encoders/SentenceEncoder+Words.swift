import Datasets
import Evaluation
import Extreme
import Storage
package import Torch

extension SentenceEncoder {
  /// Vectors of words without context, for the feature table of a bag encoder.
  package struct WordVectors: Sendable {
    /// The positions of the words that the tokenizer can split, in ascending order.
    package var places: [Int]
    /// `[places, D]`; their root mean square length is 1.
    package var vectors: Tensor
  }

  /// The words as sequences of the tokenizer's pieces, and the distinct pieces in ascending order.
  package struct Pieces: Sendable {
    /// The pieces of each word; empty if a part of the word is unknown.
    package var words: [[Int32]]
    /// Every piece that occurs.
    package var distinct: [Int32]
  }

  /// The parts of a BERT encoder; other encoders have no pieces with vectors here.
  private func parts() throws -> (encoder: TransformerEncoder, tokenizer: WordPieceTokenizer) {
    guard case .bert(let encoder) = encoder, let tokenizer = tokenizer as? WordPieceTokenizer else {
      throw InputError(
        file: weights, reason: "word vectors cannot be taken from this encoder",
        expected: "a BERT encoder with model.safetensors and a WordPiece tokenizer")
    }
    return (encoder, tokenizer)
  }

  /// Splits words into pieces.
  ///
  /// - Throws: `InputError` if the encoder is not BERT.
  package func pieces(of words: [String]) throws -> Pieces {
    let (_, tokenizer) = try parts()
    let split = words.map { word in
      let ids = tokenizer.encode(word.normalizedToNFC).dropFirst().dropLast()
      return ids.contains(tokenizer.unknownID) ? [] : Array(ids)
    }
    return Pieces(words: split, distinct: Set(split.joined()).sorted())
  }

  /// The encoder's vectors of single pieces, block by block: the means of the outputs for
  /// `[CLS] piece [SEP]`, before pooling and normalisation of the folder's own.
  package func encode(_ pieces: [Int32], _ write: (Tensor) throws -> Void) throws {
    let (encoder, tokenizer) = try parts()
    let height = 1024
    for start in stride(from: 0, to: pieces.count, by: height) {
      let block = pieces[start..<min(start + height, pieces.count)]
      let ids = block.flatMap { [tokenizer.classID, $0, tokenizer.separatorID].map(Int64.init) }
      try write(
        checked {
          withoutGradients {
            encoder.tokenVectors(of: Tensor(ids, shape: [block.count, 3])).mean(along: 1)
          }
        })
    }
  }

  /// Vectors of words from those of their pieces.
  ///
  ///     t_p = U (e_p − m)             m the mean of the pieces' vectors e, U their principal axes
  ///     v_w = c / |w| · Σ_{p ∈ w} t_p
  ///
  /// with c such that the root mean square length of the v is 1.
  ///
  /// - Source: static embeddings as model2vec distils them (mean pooling of single tokens, PCA),
  ///   <https://github.com/MinishLab/model2vec>, `distill/inference.py`.
  /// - Departures: only the pieces of these words take part, with equal weights: a bag's entries
  ///   have weights by frequency already, in place of those after Zipf's law.
  /// - Parameters:
  ///   - pieces: the words, as `pieces(of:)` splits them.
  ///   - outputs: `[distinct pieces, W]`, the vectors of `encode(_:_:)`.
  ///   - dimension: D; beyond W the vectors are 0.
  /// - Throws: `InputError` if no word can be split, or a vector is not finite.
  package func wordVectors(of pieces: Pieces, outputs: Tensor, dimension: Int) throws -> WordVectors
  {
    let places = pieces.words.indices.filter { !pieces.words[$0].isEmpty }
    guard !places.isEmpty else {
      throw InputError(
        file: weights,
        reason: "the tokenizer can split none of the \(pieces.words.count) words of the vocabulary",
        expected: "an encoder of the language of the texts")
    }
    guard try checked({ outputs.isAllFinite }) else {
      throw InputError(
        file: weights, reason: "these weights give a word a vector that is not finite",
        expected: "an encoder that does not overflow 32-bit numbers")
    }
    let rows = Dictionary(
      pieces.distinct.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { $1 })
    let bags = CSRMatrix(
      rows: places.map { pieces.words[$0].compactMap { rows[$0] } },
      columnCount: pieces.distinct.count)
    return try checked {
      try withoutGradients {
        let reduced = try PrincipalAxes(of: outputs, count: dimension).coordinates(of: outputs)
          .converted(to: .float32)
        // A piece that a word has twice counts twice.
        let means = try EmbeddingBag(weight: reduced, mode: .mean)(bags).detached()
        let size = means.squared().sum(along: 1).mean().scalar.squareRoot()
        return WordVectors(places: places, vectors: size > 0 ? means * (1 / size) : means)
      }
    }
  }
}
