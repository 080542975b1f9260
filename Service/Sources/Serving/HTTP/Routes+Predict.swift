import Foundation
import HTTPTypes
import Hummingbird
import Models
import Torch

extension Routes {
  /// Handles `POST /v1/predict`.
  func predict(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let body = try await request.json(PredictRequest.self, upTo: settings.maximumBodySize)
    guard 1...settings.maximumTexts ~= body.texts.count else {
      throw Refusal.invalid(
        "\"texts\" has \(body.texts.count) elements; expected 1 to \(settings.maximumTexts)")
    }
    let isTuned = body.threshold == .tuned
    let k = body.k ?? (isTuned ? settings.maximumLabels : 5)
    try check(k: k)
    guard body.threshold == nil || run.model.description.isCalibrated else {
      throw Self.notCalibrated
    }
    try check(body.restriction, of: run)
    var rankings: [RankedText]
    do {
      rankings = try await run.thread.rank(
        body.texts, k: k, restriction: body.restriction, isTuned: isTuned)
    } catch is Engine.NotCalibrated {
      // The model has been replaced since the check.
      throw Self.notCalibrated
    }
    if case .atLeast(let threshold) = body.threshold {
      for row in rankings.indices {
        rankings[row].labels = try rankings[row].labels.filter { label in
          guard let probability = label.probability else { throw Self.notCalibrated }
          return probability >= threshold
        }
      }
    }
    observation.countRanked(body.texts.count, by: run.name)
    let answers = rankings.map {
      Prediction(labels: $0.labels, known: $0.isKnown ? nil : false)
    }
    return body.isSingle
      ? JSONResponse.make(answers[0]) : JSONResponse.make(Predictions(predictions: answers))
  }

  /// Handles `POST /v1/similar`.
  func similar(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let body = try await request.json(SimilarRequest.self, upTo: settings.maximumBodySize)
    try check(k: body.k)
    guard run.model.description.hasDocuments else {
      throw Refusal(
        .notFound, "no_documents",
        "the service has no documents; start it with --documents and a data set")
    }
    return JSONResponse.make(
      SimilarDocuments(
        documents: try await run.thread.read { try $0.similar(to: body.text, k: body.k) }))
  }

  private func check(_ restriction: LabelRestriction, of run: ServedRun) throws {
    let (only, except) = (restriction.only, restriction.except)
    if let unknown = run.catalogue.firstUnknown(in: except.union(only ?? []).sorted()) {
      throw Self.noSuchLabel(unknown)
    }
    guard only.map({ $0.subtracting(except).count }) ?? (run.catalogue.count - except.count) > 0
    else {
      throw Refusal.invalid("\"only\" and \"except\" leave no label; expected at least one")
    }
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
