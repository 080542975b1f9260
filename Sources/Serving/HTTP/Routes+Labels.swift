import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Torch
import Training

extension Routes {
  /// Answers `GET /v1/labels?query=&limit=`.
  func labels(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let query = request.uri.queryParameters
    for (name, _) in query where name != "query" && name != "limit" {
      throw Refusal.invalid(
        "there is no parameter \"\(name.prefix(80))\"; the parameters are limit, query")
    }
    let text = query["limit"].map(String.init) ?? "20"
    guard let limit = Int(text), 1...settings.maximumLabels ~= limit else {
      throw Refusal.invalid(
        "\"limit\" is \"\(text.prefix(80))\"; expected 1 to \(settings.maximumLabels)")
    }
    let (found, total) = catalogue.search(String(query["query"] ?? ""), limit: limit)
    return JSONResponse.make(LabelList(labels: found, total: total))
  }

  /// Answers `GET /v1/labels/{id}`.
  func label(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let id = context.parameters.get("id").flatMap { $0.removingPercentEncoding } ?? ""
    guard let entry = catalogue[id] else {
      throw Refusal(.notFound, "no_such_label", "there is no label \"\(id.prefix(200))\"")
    }
    return JSONResponse.make(entry)
  }

  /// Answers `POST /v1/labels`.
  func addLabel(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let label = try await request.json(AddLabelRequest.self, upTo: settings.maximumBodySize).label
    guard 1...200 ~= label.id.utf8.count, !label.id.contains(where: \.isNewline) else {
      throw Refusal.invalid(
        "\"id\" has \(label.id.utf8.count) bytes; expected one line of 1 to 200")
    }
    guard label.text.contains(where: { !$0.isWhitespace }) else {
      throw Refusal.invalid("\"text\" is empty; expected what the label means")
    }
    try await additions.run {
      guard catalogue[label.id] == nil else {
        throw Refusal(.conflict, "label_exists", "there is a label \"\(label.id)\" already")
      }
      do {
        // The model may refuse it, so it is asked first; only what is on the disk is then served.
        _ = try await thread.perform { _ = try $0.adding(label) }
        try await store.add(label)
        try await thread.perform { $0 = try $0.adding(label) }
      } catch let error as InputError {
        throw Refusal(.unprocessableContent, "unusable", error.reason)
      }
      catalogue.add(.init(id: label.id, text: label.text, documents: nil))
    }
    context.logger.info("label added", metadata: ["label": "\(label.id)"])
    var response = JSONResponse.make(
      LabelCatalogue.Entry(id: label.id, text: label.text, documents: nil), .created)
    if let path = label.id.addingPercentEncoding(withAllowedCharacters: .alphanumerics) {
      response.headers[.location] = "/v1/labels/\(path)"
    }
    return response
  }
}
