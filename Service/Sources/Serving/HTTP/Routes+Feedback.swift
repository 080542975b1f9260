import Foundation
import HTTPTypes
import Hummingbird
import Models
import NIOCore

extension Routes {
  /// Handles `POST /v1/feedback`.
  func addFeedback(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let feedback = try await request.json(FeedbackRequest.self, upTo: settings.maximumBodySize)
      .feedback
    let count = feedback.labels.count + feedback.rejected.count
    guard count > 0,
      max(feedback.labels.count, feedback.rejected.count) <= settings.maximumLabels
    else {
      throw Refusal.invalid(
        "\"accepted\" and \"rejected\" have \(count) labels; expected 1 or more, and in each "
          + "\(settings.maximumLabels) at most")
    }
    try await store([feedback], in: run)
    return JSONResponse.make(FeedbackReceipt(verdicts: count), .created)
  }

  /// Stores all feedback or none.
  ///
  /// - Throws: `Refusal`, also for an empty text and for labels that the run does not have.
  func store(_ feedback: [ServiceStore.Feedback], in run: ServedRun) async throws {
    for one in feedback {
      guard !one.text.isBlank else {
        throw Refusal.invalid("\"text\" is empty; expected the text that was labelled")
      }
      try check(one.text, "text", upTo: settings.maximumFeedbackText, "--maximum-feedback-text")
      let labels = one.labels + one.rejected
      if let twice = Dictionary(grouping: labels, by: \.self).first(where: { $1.count > 1 })?.key {
        throw Refusal(
          .unprocessableContent, "label_twice",
          "the label \"\(twice.prefix(200))\" is named twice")
      }
    }
    let catalogue = run.catalogue
    try await keeping {
      // Checked where the store writes: no verdict may follow the removal of its label.
      try await run.store.add(feedback) { labels in
        if let unknown = catalogue.firstUnknown(in: labels) { throw Self.noSuchLabel(unknown) }
      }
    }
    observation.countVerdicts(
      feedback.reduce(0) { $0 + $1.labels.count + $1.rejected.count }, on: run.name)
  }

  /// Handles `GET /v1/feedback`, in the format of `decant train --feedback`.
  func feedback(_ request: Request, _ context: ServiceContext, _ run: ServedRun) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "application/jsonl; charset=utf-8", .xContentTypeOptions: "nosniff",
      ],
      body: ResponseBody(asyncSequence: FeedbackLines(store: run.store)))
  }
}
