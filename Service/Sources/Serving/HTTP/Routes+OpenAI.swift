import Foundation
import HTTPTypes
import Hummingbird

/// The embeddings interface of OpenAI.
///
/// - Source: OpenAI, API reference, Embeddings and Models.
///   <https://platform.openai.com/docs/api-reference/embeddings>
extension Routes {
  var openAIRows: [Row] {
    [
      ("/v1/embeddings", [post(form: .openAI, openAIEmbeddings)]),
      (
        "/v1/models",
        [
          get(form: .openAI) { _, _ in
            JSONResponse.make(ServedModels(data: runs.all.map(ServedModels.Model.init)))
          }
        ]
      ),
      (
        "/v1/models/{model}",
        [
          get(form: .openAI) { _, context in
            JSONResponse.make(ServedModels.Model(try model(context.decoded("model"))))
          }
        ]
      ),
    ]
  }

  /// Handles `POST /v1/embeddings`.
  private func openAIEmbeddings(_ request: Request, _ context: ServiceContext) async throws
    -> Response
  {
    let body = try await request.json(OpenAIRequest.self, upTo: settings.maximumBodySize)
    let run = try model(body.model)
    let embeddings = try await embeddings(
      of: body.input.texts, "input", dimensions: body.dimensions, isNormalized: true, by: run)
    let words = body.input.texts.reduce(0) { $0 + $1.wordCount }
    return JSONResponse.make(
      OpenAIResponse(
        data: (0..<embeddings.count).map {
          .init(embedding: .init(values: embeddings[$0], format: body.format), index: $0)
        }, model: run.name, usage: .init(promptTokens: words, totalTokens: words)))
  }

  /// The run that a request names as its model; the first if it names none.
  private func model(_ name: String?) throws -> ServedRun {
    guard let name else { return runs.first }
    guard let run = runs[name] else {
      throw Refusal(
        .notFound, "model_not_found",
        "there is no model \"\(name.prefix(200))\"; the models are \(runs.list)",
        parameter: "model")
    }
    return run
  }
}

/// `POST /v1/embeddings`.
private struct OpenAIRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable {
    case input, model, dimensions, user
    case format = "encoding_format"
  }

  enum Format: String, Decodable { case float, base64 }

  var input: RequestTexts
  var model: String?
  var dimensions: Int?
  var format: Format

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    input = try values.decode(RequestTexts.self, forKey: .input)
    model = try values.decodeIfPresent(RequestText.self, forKey: .model)?.value
    dimensions = try values.wholeNumberOrNull(forKey: .dimensions)
    let name = try values.decodeIfPresent(String.self, forKey: .format) ?? "float"
    guard let known = Format(rawValue: name) else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: values,
        debugDescription: "it is \"\(name.prefix(80))\"; expected float or base64")
    }
    format = known
  }
}

/// The response with embeddings.
private struct OpenAIResponse: Encodable {
  struct Vector: Encodable {
    var values: ArraySlice<Float>
    var format: OpenAIRequest.Format

    func encode(to encoder: any Encoder) throws {
      var value = encoder.singleValueContainer()
      switch format {
      case .float: try value.encode(Array(values))
      case .base64:
        // 32-bit numbers, little-endian.
        try value.encode(
          values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }.base64EncodedString())
      }
    }
  }

  struct Embedding: Encodable {
    var object = "embedding"
    var embedding: Vector
    var index: Int
  }

  struct Usage: Encodable {
    enum CodingKeys: String, CodingKey {
      case promptTokens = "prompt_tokens"
      case totalTokens = "total_tokens"
    }
    var promptTokens: Int
    var totalTokens: Int
  }

  var object = "list"
  var data: [Embedding]
  var model: String
  var usage: Usage
}

/// `GET /v1/models`.
private struct ServedModels: Encodable {
  struct Model: Encodable {
    enum CodingKeys: String, CodingKey {
      case id, object, created
      case owner = "owned_by"
    }
    var id: String
    var object = "model"
    var created: Int
    var owner = "decant"

    init(_ run: ServedRun) {
      id = run.name
      created = Int(run.model.description.trained.timeIntervalSince1970)
    }
  }

  var object = "list"
  var data: [Model]
}
