import Hummingbird

extension Routes {
  /// The embeddings of the texts of a request.
  ///
  /// - Parameters:
  ///   - key: the key of the texts, for errors.
  ///   - dimensions: how many of the first dimensions to keep; nil keeps all.
  ///   - isNormalized: whether each embedding gets length 1.
  func embeddings(
    of texts: [String], _ key: String, dimensions: Int? = nil, isNormalized: Bool = false,
    by run: ServedRun
  ) async throws -> TextEmbeddings {
    guard !texts.isEmpty else {
      throw Refusal(.badRequest, "empty", "\"\(key)\" has no text", parameter: key)
    }
    guard texts.count <= settings.maximumEmbeddings else {
      throw Refusal(
        .contentTooLarge, "too_many_texts",
        "\"\(key)\" has \(texts.count) texts; expected at most \(settings.maximumEmbeddings)",
        parameter: key)
    }
    var embeddings = try await run.thread.read { try $0.embed(texts) }
    observation.countEmbedded(texts.count, by: run.name)
    if let dimensions {
      // The model may have been replaced since any earlier look at it.
      guard 1...embeddings.dimension ~= dimensions else {
        throw Refusal.invalid(
          "\"dimensions\" is \(dimensions); expected 1 to \(embeddings.dimension)",
          parameter: "dimensions")
      }
      embeddings = embeddings.prefix(dimensions)
    }
    return isNormalized ? embeddings.normalized : embeddings
  }
}

extension String {
  /// The number of words, separated by white space.
  var wordCount: Int { split(whereSeparator: \.isWhitespace).count }
}
