import HTTPTypes
import Hummingbird
import NIOCore

/// The form of the errors of an interface.
enum ErrorForm: Sendable {
  /// `{"error": {"code", "message"}}`.
  case decant
  /// `{"error": {"message", "type", "param", "code"}}`, as OpenAI's API has it.
  case openAI
  /// `{"error", "error_type"}`, as text-embeddings-inference has it.
  case textEmbeddingsInference
  /// `{"type", "title", "status", "detail"}`, as Annif has it (RFC 9457).
  case annif

  /// The response for a refusal.
  func response(to refusal: Refusal) -> Response {
    var response =
      switch self {
      case .decant:
        JSONResponse.make(
          Decant(error: .init(code: refusal.code, message: refusal.message)), refusal.status)
      case .openAI: JSONResponse.make(OpenAI(refusal), refusal.status)
      case .textEmbeddingsInference:
        JSONResponse.make(Inference(refusal), Inference.status(of: refusal))
      case .annif: JSONResponse.make(Problem(refusal), refusal.status, type: Problem.type)
      }
    response.headers.append(contentsOf: refusal.headers)
    return response
  }

  private struct Decant: Encodable {
    struct Content: Encodable {
      var code: String
      var message: String
    }
    var error: Content
  }

  private struct OpenAI: Encodable {
    struct Content: Encodable {
      enum Key: CodingKey { case message, type, param, code }
      var message: String
      var type: String
      var param: String?
      var code: String

      // Clients expect "param": null rather than nothing.
      func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(message, forKey: .message)
        try values.encode(type, forKey: .type)
        try values.encode(param, forKey: .param)
        try values.encode(code, forKey: .code)
      }
    }
    var error: Content

    init(_ refusal: Refusal) {
      let type =
        switch refusal.status.code {
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
      error = Content(
        message: refusal.message, type: type, param: refusal.parameter, code: refusal.code)
    }
  }

  private struct Inference: Encodable {
    enum CodingKeys: String, CodingKey {
      case error
      case type = "error_type"
    }
    var error: String
    var type: String

    init(_ refusal: Refusal) {
      error = refusal.message
      type =
        switch refusal.status.code {
        case 500: "Backend"
        case 429, 503: "Overloaded"
        default: refusal.code == "empty" ? "Empty" : "Validation"
        }
    }

    /// That server has 429 for a full queue, which its clients retry.
    static func status(of refusal: Refusal) -> HTTPResponse.Status {
      refusal.status == .serviceUnavailable ? .tooManyRequests : refusal.status
    }
  }

  private struct Problem: Encodable {
    static let type = "application/problem+json"
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String

    init(_ refusal: Refusal) {
      title = refusal.status.reasonPhrase
      status = refusal.status.code
      detail = refusal.message
    }
  }
}
