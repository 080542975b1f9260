import Foundation
import HTTPTypes
import Hummingbird

extension HTTPResponse.Status {
  /// 507: there is no room to store the data (RFC 4918, section 11.5).
  static let insufficientStorage = Self(code: 507, reasonPhrase: "Insufficient Storage")
}

/// An error response, whose form depends on the path; see `ErrorForm`.
struct Refusal: Error {
  /// The HTTP status.
  var status: HTTPResponse.Status
  /// The error code for programs.
  var code: String
  /// The message for people.
  var message: String
  /// The key or parameter of the request that is wrong, if it is one.
  var parameter: String?
  /// Additional header fields.
  var headers: HTTPFields = [:]

  /// An internal error, with as much detail as clients may see.
  init(_ error: any Error) {
    switch error {
    case let refusal as Refusal: self = refusal
    case let error as ModelThread.Refusal:
      let (code, message) =
        switch error {
        case .full: ("overloaded", "too many requests are waiting; try again shortly")
        case .late: ("timed_out", "the request waited too long for its turn; try again shortly")
        case .stopped: ("shutting_down", "the service is shutting down")
        case .changed: ("run_changed", "the run is being replaced; try again shortly")
        }
      self.init(.serviceUnavailable, code, message, headers: [.retryAfter: "1"])
    case let error as HTTPError:
      self.init(
        error.status, error.status == .contentTooLarge ? "too_large" : "bad_request",
        error.body ?? error.status.reasonPhrase, headers: error.headers)
    default:
      self.init(.internalServerError, "internal", "the service failed to answer; its log says why")
    }
  }

  init(
    _ status: HTTPResponse.Status, _ code: String, _ message: String, parameter: String? = nil,
    headers: HTTPFields = [:]
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.parameter = parameter
    self.headers = headers
  }

  /// The response to an invalid value.
  ///
  /// - Parameter parameter: the key or parameter with the value, if it is one.
  static func invalid(_ message: String, parameter: String? = nil) -> Refusal {
    Refusal(.badRequest, "invalid", message, parameter: parameter)
  }
}
