import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Training

extension Routes {
  /// Answers `POST /v1/feedback`.
  func addFeedback(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let feedback = try await request.json(FeedbackRequest.self, upTo: settings.maximumBodySize)
      .feedback
    guard feedback.text.contains(where: { !$0.isWhitespace }) else {
      throw Refusal.invalid("\"text\" is empty; expected the text that was labelled")
    }
    let all = feedback.labels + feedback.rejected
    guard 1...settings.maximumLabels ~= all.count else {
      throw Refusal.invalid(
        "\"accepted\" and \"rejected\" have \(all.count) labels; expected 1 to "
          + "\(settings.maximumLabels)")
    }
    if let twice = Dictionary(grouping: all, by: \.self).first(where: { $1.count > 1 })?.key {
      throw Refusal.invalid("the label \"\(twice.prefix(200))\" is named twice")
    }
    if let unknown = catalogue.firstUnknown(in: all) {
      throw Refusal(
        .unprocessableContent, "no_such_label", "there is no label \"\(unknown.prefix(200))\"")
    }
    try await store.add(feedback)
    observation.verdicts.increment(by: all.count)
    return JSONResponse.make(FeedbackReceipt(verdicts: all.count), .created)
  }

  /// Answers `GET /v1/feedback` with what `decant train --feedback` reads.
  func feedback(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let store = store
    let lines = try await Self.offTheLoop {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      var lines = ByteBuffer()
      for label in try store.labels() {
        lines.writeBytes(try encoder.encode(["label": label.id, "text": label.text]))
        lines.writeInteger(UInt8(ascii: "\n"))
      }
      try store.forEachFeedback { feedback in
        lines.writeBytes(try encoder.encode(feedback))
        lines.writeInteger(UInt8(ascii: "\n"))
      }
      return lines
    }
    return JSONResponse.make(bytes: lines, type: "application/jsonl; charset=utf-8")
  }

  /// Runs what blocks for long where it holds nobody up.
  private static func offTheLoop<R: Sendable>(_ body: @escaping @Sendable () throws -> R)
    async throws -> R
  {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
  }
}
