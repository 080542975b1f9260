import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Models
import Storage

extension Routes {
  /// The largest offset into the labels.
  static let maximumOffset = 1_000_000_000

  /// Handles `GET /v1/labels?query=&offset=&limit=`.
  func labels(_ request: Request, _ context: ServiceContext, _ run: ServedRun) throws -> Response {
    let query = request.uri.queryParameters
    func number(_ name: String, _ usual: Int, _ range: ClosedRange<Int>) throws -> Int {
      guard let text = query[name[...]].map(String.init) else { return usual }
      guard let number = Int(text), range ~= number else {
        throw Refusal.invalid(
          "\"\(name)\" is \"\(text.prefix(80))\"; expected \(range.lowerBound) to "
            + "\(range.upperBound)")
      }
      return number
    }
    let most = settings.maximumLabels
    let (found, total) = run.catalogue.search(
      String(query["query"] ?? "").normalizedToNFC,
      offset: try number("offset", 0, 0...Self.maximumOffset),
      limit: try number("limit", min(20, most), 1...most))
    return JSONResponse.make(LabelList(labels: found, total: total))
  }

  /// Handles `GET /v1/labels/{id}`.
  func label(_ request: Request, _ context: ServiceContext, _ run: ServedRun) throws -> Response {
    let id = context.decoded("id") ?? ""
    guard let entry = run.catalogue[id] else { throw Self.noSuchLabel(id, .notFound) }
    return JSONResponse.make(entry)
  }

  /// Handles `POST /v1/labels`.
  func addLabel(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let label = try await request.json(AddLabelRequest.self, upTo: settings.maximumBodySize).label
    let length = label.id.unicodeScalars.count
    guard 1...AddLabelRequest.maximumName ~= length else {
      throw Refusal.invalid(
        "\"id\" has \(length) characters; expected 1 to \(AddLabelRequest.maximumName)")
    }
    if let character = label.id.firstOffTheLine() {
      throw Refusal.invalid(
        "\"id\" contains the character \(character); expected one line without tabs")
    }
    guard !label.text.isBlank else {
      throw Refusal.invalid("\"text\" is empty; expected a description of the label")
    }
    try check(label.text, "text", upTo: settings.maximumLabelText, "--maximum-label-text")
    try await run.labelChanges.run {
      guard run.catalogue[label.id] == nil else {
        throw Refusal(.conflict, "label_exists", "there is a label \"\(label.id)\" already")
      }
      guard run.catalogue.addedCount < settings.maximumAddedLabels else {
        throw Refusal(
          .insufficientStorage, "too_many_labels",
          "\(settings.maximumAddedLabels) labels were added, the maximum; "
            + "--maximum-added-labels allows more")
      }
      do {
        // The model may reject the label, so it is tried first; only stored labels are served.
        _ = try await run.thread.perform { _ = try $0.adding([label]) }
        try await keeping { try await run.store.add(label) }
        // Now that it is stored, a full queue must not keep it from being served.
        try await run.thread.perform(isPatient: true) { $0 = try $0.adding([label]) }
      } catch let error as InputError {
        throw Refusal(.unprocessableContent, "unusable", error.reason)
      }
      run.catalogue.add(.init(id: label.id, text: label.text, documents: nil))
    }
    context.logger.info(
      "label added", metadata: ["label": "\(label.id)", "run": "\(run.name)"])
    var response = JSONResponse.make(
      LabelCatalogue.Entry(id: label.id, text: label.text, documents: nil), .created)
    if let path = label.id.addingPercentEncoding(withAllowedCharacters: .alphanumerics) {
      response.headers[.location] = "\(request.uri.path)/\(path)"
    }
    return response
  }

  /// Handles `DELETE /v1/labels/{id}`: undoes `POST /v1/labels`.
  func removeLabel(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let id = context.decoded("id") ?? ""
    let verdicts = try await run.labelChanges.run {
      let entry = run.catalogue[id]
      guard entry?.documents == nil else {
        throw Refusal(
          .conflict, "label_trained",
          "the model was trained on the label \"\(id.prefix(200))\"; only a label that was added "
            + "while serving can be removed")
      }
      let verdicts = try await keeping {
        try await run.store.removeLabel(id) { run.catalogue.remove(id) }
      }
      guard let verdicts else { throw Self.noSuchLabel(id, .notFound) }
      if entry != nil {
        try await run.thread.perform(isPatient: true) { $0 = try $0.removing(id) }
      }
      return verdicts
    }
    context.logger.info(
      "label removed",
      metadata: ["label": "\(id)", "run": "\(run.name)", "verdicts": "\(verdicts)"])
    return JSONResponse.make(RemovedLabel(id: id, verdicts: verdicts))
  }

  /// The refusal of a name that no label has.
  static func noSuchLabel(
    _ id: String, _ status: HTTPResponse.Status = .unprocessableContent
  ) -> Refusal {
    Refusal(status, "no_such_label", "there is no label \"\(id.prefix(200))\"")
  }
}
