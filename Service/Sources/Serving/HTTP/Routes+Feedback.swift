import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import Models
import NIOCore

extension Routes {
  /// Handles `POST /v1/feedback`.
  func addFeedback(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let feedback = try await request.json(FeedbackRequest.self, upTo: settings.maximumBodySize)
      .feedback
    guard !feedback.text.isBlank else {
      throw Refusal.invalid("\"text\" is empty; expected the text that was labelled")
    }
    try check(feedback.text, "text", upTo: settings.maximumFeedbackText, "--maximum-feedback-text")
    let all = feedback.labels + feedback.rejected
    guard !all.isEmpty,
      max(feedback.labels.count, feedback.rejected.count) <= settings.maximumLabels
    else {
      throw Refusal.invalid(
        "\"accepted\" and \"rejected\" have \(all.count) labels; expected 1 or more, and in each "
          + "\(settings.maximumLabels) at most")
    }
    if let twice = Dictionary(grouping: all, by: \.self).first(where: { $1.count > 1 })?.key {
      throw Refusal(
        .unprocessableContent, "label_twice",
        "the label \"\(twice.prefix(200))\" is named twice")
    }
    if let unknown = catalogue.firstUnknown(in: all) {
      throw Refusal(
        .unprocessableContent, "no_such_label", "there is no label \"\(unknown.prefix(200))\"")
    }
    try await keeping { try await store.add(feedback) }
    observation.verdicts.increment(by: all.count)
    return JSONResponse.make(FeedbackReceipt(verdicts: all.count), .created)
  }

  /// Handles `GET /v1/feedback`, in the format of `decant train --feedback`.
  func feedback(_ request: Request, _ context: ServiceContext) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "application/jsonl; charset=utf-8", .xContentTypeOptions: "nosniff",
      ],
      body: ResponseBody(asyncSequence: FeedbackLines(store: store)))
  }
}
