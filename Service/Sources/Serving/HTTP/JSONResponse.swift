import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Responses in JSON.
enum JSONResponse {
  /// Encodes `body`; if that fails, responds with an internal error.
  static func make(_ body: some Encodable, _ status: HTTPResponse.Status = .ok) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(body) else {
      return make(
        bytes: ByteBuffer(
          string: #"{"error":{"code":"internal","message":"the answer has no JSON form"}}"#),
        .internalServerError)
    }
    return make(bytes: ByteBuffer(bytes: data), status)
  }

  /// Responds with existing JSON.
  static func make(
    bytes: ByteBuffer, _ status: HTTPResponse.Status = .ok,
    type: String = "application/json; charset=utf-8"
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
