import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Responses in JSON.
enum JSONResponse {
  /// The type of a response.
  static let json = "application/json; charset=utf-8"

  /// Encodes `body`; if that fails, responds with an internal error.
  static func make(
    _ body: some Encodable, _ status: HTTPResponse.Status = .ok, type: String = json
  ) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    guard let data = try? encoder.encode(body) else {
      return make(
        bytes: ByteBuffer(
          string: #"{"error":{"code":"internal","message":"the answer has no JSON form"}}"#),
        .internalServerError)
    }
    return make(bytes: ByteBuffer(bytes: data), status, type: type)
  }

  /// Responds with existing JSON.
  static func make(
    bytes: ByteBuffer, _ status: HTTPResponse.Status = .ok,
    type: String = json
  ) -> Response {
    Response(
      status: status,
      headers: [
        .contentType: type, .contentLength: String(bytes.readableBytes),
        .xContentTypeOptions: "nosniff",
      ],
      body: ResponseBody(byteBuffer: bytes))
  }
}
