import HTTPTypes
import Hummingbird
import NIOCore

/// The interface of text-embeddings-inference.
///
/// - Source: Hugging Face, text-embeddings-inference 1.8, `docs/openapi.json`.
///   <https://github.com/huggingface/text-embeddings-inference>
extension Routes {
  func inferenceRows(_ prefix: String) -> [Row] {
    [
      ("\(prefix)/embed", [post(form: .textEmbeddingsInference, onRun(embed))]),
      ("\(prefix)/rerank", [post(form: .textEmbeddingsInference, onRun(rerank))]),
      ("\(prefix)/similarity", [post(form: .textEmbeddingsInference, onRun(similarity))]),
      ("\(prefix)/info", [get(form: .textEmbeddingsInference, onRun(info))]),
      (
        "\(prefix)/health",
        [get(nil, form: .textEmbeddingsInference, onRun { _, _, _ in try health() })]
      ),
    ]
  }

  /// Handles `POST /embed`.
  func embed(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let body = try await request.json(EmbedRequest.self, upTo: settings.maximumBodySize)
    let embeddings = try await embeddings(
      of: body.inputs.texts, "inputs", dimensions: body.dimensions,
      isNormalized: body.isNormalized, by: run)
    try refuseCut(embeddings, unless: body.options)
    return JSONResponse.make((0..<embeddings.count).map { Array(embeddings[$0]) })
  }

  /// Handles `POST /rerank`: ranks texts by the cosine of their embeddings with that of a query.
  func rerank(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let body = try await request.json(RerankRequest.self, upTo: settings.maximumBodySize)
    let cosines = try await cosines(of: body.query, to: body.texts, "texts", body.options, by: run)
    let ranks = cosines.enumerated().map { index, cosine in
      RerankedText(
        index: index, text: body.returnsText ? body.texts[index] : nil,
        // Clients that do not ask for raw scores expect a share from 0 to 1.
        score: body.hasRawScores ? cosine : (1 + cosine) / 2)
    }
    return JSONResponse.make(ranks.sorted { ($1.score, $0.index) < ($0.score, $1.index) })
  }

  /// Handles `POST /similarity`.
  private func similarity(_ request: Request, _ context: ServiceContext, _ run: ServedRun)
    async throws -> Response
  {
    let body = try await request.json(SimilarityRequest.self, upTo: settings.maximumBodySize)
    return JSONResponse.make(
      try await cosines(
        of: body.inputs.source, to: body.inputs.sentences, "sentences",
        body.parameters ?? .init(), by: run))
  }

  /// The cosine of the embedding of a query with that of each text.
  private func cosines(
    of query: String, to texts: [String], _ key: String, _ options: TextOptions, by run: ServedRun
  ) async throws -> [Double] {
    guard !texts.isEmpty else {
      throw Refusal(.badRequest, "empty", "\"\(key)\" has no text", parameter: key)
    }
    let embeddings = try await embeddings(of: [query] + texts, key, by: run)
    try refuseCut(embeddings, unless: options)
    return (1...texts.count).map { embeddings.cosine(0, $0) }
  }

  private func refuseCut(_ embeddings: TextEmbeddings, unless options: TextOptions) throws {
    guard options.truncates == false, embeddings.isCut.contains(true) else { return }
    throw Refusal(
      .contentTooLarge, "too_long",
      "a text has more words than the model reads; \"truncate\": true cuts it",
      parameter: "truncate")
  }

  /// Handles `GET /info`.
  private func info(_ request: Request, _ context: ServiceContext, _ run: ServedRun) -> Response {
    JSONResponse.make(
      InferenceInfo(
        model: run.name, jobs: settings.queue.waiting, texts: settings.maximumEmbeddings,
        longestText: settings.maximumBodySize))
  }

  /// Handles `GET /health`.
  private func health() throws -> Response {
    guard isReady else {
      throw Refusal(.serviceUnavailable, "unhealthy", "the service is not ready")
    }
    return JSONResponse.make(bytes: ByteBuffer())
  }
}

/// The options that the requests of text-embeddings-inference share.
private struct TextOptions: Decodable {
  enum CodingKeys: String, CodingKey {
    case truncate
    case prompt = "prompt_name"
    case direction = "truncation_direction"
  }
  /// Whether a text that is too long is cut; nil as the server likes, which is to cut.
  var truncates: Bool?

  init() {}

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    truncates = try values.decodeIfPresent(Bool.self, forKey: .truncate)
    if let prompt = try values.decodeIfPresent(String.self, forKey: .prompt) {
      throw DecodingError.dataCorruptedError(
        forKey: .prompt, in: values,
        debugDescription: "there is no prompt \"\(prompt.prefix(80))\"; this model has none")
    }
    let direction = try values.decodeIfPresent(String.self, forKey: .direction) ?? "Right"
    guard direction.lowercased() == "right" else {
      throw DecodingError.dataCorruptedError(
        forKey: .direction, in: values,
        debugDescription: "it is \"\(direction.prefix(80))\"; expected Right: the end is cut off")
    }
  }
}

/// `POST /embed`.
private struct EmbedRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable {
    case inputs, normalize, dimensions, truncate
    case prompt = "prompt_name"
    case direction = "truncation_direction"
  }
  var inputs: RequestTexts
  var isNormalized: Bool
  var dimensions: Int?
  var options: TextOptions

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    options = try TextOptions(from: decoder)
    inputs = try values.decode(RequestTexts.self, forKey: .inputs)
    isNormalized = try values.decodeIfPresent(Bool.self, forKey: .normalize) ?? true
    dimensions = try values.wholeNumberOrNull(forKey: .dimensions)
  }
}

/// `POST /rerank`.
private struct RerankRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable {
    case query, texts, truncate
    case rawScores = "raw_scores"
    case returnText = "return_text"
    case direction = "truncation_direction"
  }
  var query: String
  var texts: [String]
  var hasRawScores: Bool
  var returnsText: Bool
  var options: TextOptions

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    options = try TextOptions(from: decoder)
    query = try values.decode(RequestText.self, forKey: .query).value
    texts = try values.decode([RequestText].self, forKey: .texts).map(\.value)
    hasRawScores = try values.decodeIfPresent(Bool.self, forKey: .rawScores) ?? false
    returnsText = try values.decodeIfPresent(Bool.self, forKey: .returnText) ?? false
  }
}

/// A text in the answer of `POST /rerank`.
private struct RerankedText: Encodable {
  var index: Int
  var text: String?
  var score: Double
}

/// `POST /similarity`.
private struct SimilarityRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable { case inputs, parameters }

  struct Inputs: StrictBody {
    enum Key: String, CodingKey, CaseIterable {
      case source = "source_sentence"
      case sentences
    }
    var source: String
    var sentences: [String]

    init(from decoder: any Decoder) throws {
      let values = try Self.container(decoder)
      source = try values.decode(RequestText.self, forKey: .source).value
      sentences = try values.decode([RequestText].self, forKey: .sentences).map(\.value)
    }
  }

  var inputs: Inputs
  var parameters: TextOptions?

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    inputs = try values.decode(Inputs.self, forKey: .inputs)
    parameters = try values.decodeIfPresent(TextOptions.self, forKey: .parameters)
  }
}

/// `GET /info`.
private struct InferenceInfo: Encodable {
  enum CodingKeys: String, CodingKey {
    case model = "model_id"
    case servedModel = "served_model_name"
    case numbers = "model_dtype"
    case kind = "model_type"
    case jobs = "max_concurrent_requests"
    case longestText = "max_input_length"
    case batch = "max_batch_tokens"
    case texts = "max_client_batch_size"
    case truncates = "auto_truncate"
    case workers = "tokenization_workers"
    case version
  }
  var model: String
  var servedModel: String
  var numbers = "float32"
  var kind = ["embedding": ["pooling": "mean"]]
  var jobs: Int
  var longestText: Int
  var batch: Int
  var texts: Int
  var truncates = true
  var workers = 1
  var version = OpenAPI.version

  init(model: String, jobs: Int, texts: Int, longestText: Int) {
    self.model = model
    servedModel = model
    self.jobs = jobs
    self.texts = texts
    self.longestText = longestText
    // A text has fewer words than bytes; all texts of a request share a body.
    batch = longestText
  }
}
