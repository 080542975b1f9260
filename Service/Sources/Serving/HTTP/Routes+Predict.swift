import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import Torch

extension Routes {
  /// Handles `POST /v1/predict`.
  func predict(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let body = try await request.json(PredictRequest.self, upTo: settings.maximumBodySize)
    guard 1...settings.maximumTexts ~= body.texts.count else {
      throw Refusal.invalid(
        "\"texts\" has \(body.texts.count) elements; expected 1 to \(settings.maximumTexts)")
    }
    try check(k: body.k)
    if let threshold = body.threshold {
      guard 0...1 ~= threshold else {
        throw Refusal.invalid("\"threshold\" is \(threshold); expected 0 to 1")
      }
      guard model.description.isCalibrated else { throw Self.notCalibrated }
    }
    var rankings = try await thread.rank(body.texts, k: body.k)
    if let threshold = body.threshold {
      // The model may have been replaced since the check.
      rankings = try rankings.map { labels in
        try labels.filter { label in
          guard let probability = label.probability else { throw Self.notCalibrated }
          return probability >= threshold
        }
      }
    }
    observation.textsRanked.increment(by: body.texts.count)
    let answers = rankings.map(Prediction.init(labels:))
    return body.isSingle
      ? JSONResponse.make(answers[0]) : JSONResponse.make(Predictions(predictions: answers))
  }

  /// Handles `POST /v1/similar`.
  func similar(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let body = try await request.json(SimilarRequest.self, upTo: settings.maximumBodySize)
    try check(k: body.k)
    guard model.description.hasDocuments else {
      throw Refusal(
        .notFound, "no_documents",
        "the service has no documents; start it with --documents and a data set")
    }
    return JSONResponse.make(
      SimilarDocuments(
        documents: try await thread.perform { try $0.similar(to: body.text, k: body.k) }))
  }

  private static let notCalibrated = Refusal(
    .unprocessableContent, "not_calibrated",
    "\"threshold\" needs probabilities, which this model lacks; run decant calibrate on it")

  private func check(k: Int) throws {
    guard 1...settings.maximumLabels ~= k else {
      throw Refusal.invalid("\"k\" is \(k); expected 1 to \(settings.maximumLabels)")
    }
  }
}
