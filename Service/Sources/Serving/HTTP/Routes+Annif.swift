import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The REST interface of Annif: a run is a project, and its labels are the vocabulary.
///
/// - Source: National Library of Finland, Annif 1.4, `annif/openapi/annif.yaml`.
///   <https://github.com/NatLibFi/Annif>
extension Routes {
  var annifRows: [Row] {
    let limits = ["limit", "threshold", "language"]
    return [
      (
        "/v1", [get(form: .annif) { _, _ in JSONResponse.make(AnnifService()) }]
      ),
      (
        "/v1/projects",
        [
          get(form: .annif) { _, _ in
            JSONResponse.make(["projects": runs.all.map(AnnifProject.init)])
          }
        ]
      ),
      (
        "/v1/vocabs",
        [
          get(form: .annif) { _, _ in
            JSONResponse.make(["vocabs": runs.all.map(AnnifVocabulary.init)])
          }
        ]
      ),
      (
        "/v1/projects/{project}",
        [get(form: .annif, onProject { JSONResponse.make(AnnifProject($2)) })]
      ),
      ("/v1/projects/{project}/suggest", [post(form: .annif, onProject(suggest))]),
      (
        "/v1/projects/{project}/suggest-batch",
        [post(parameters: limits, form: .annif, onProject(suggestBatch))]
      ),
      ("/v1/projects/{project}/learn", [post(form: .annif, onProject(learn))]),
    ]
  }

  private func onProject(_ handler: @escaping RunHandler) -> Handler {
    { [runs] request, context in
      let name = context.decoded("project") ?? ""
      guard let run = runs[name] else {
        throw Refusal(
          .notFound, "no_such_project",
          "Project '\(name.prefix(200))' not found; the projects are \(runs.list)")
      }
      return try await handler(request, context, run)
    }
  }

  /// Handles `POST /v1/projects/{project}/suggest`.
  private func suggest(_ request: Request, _ context: ServiceContext, _ run: ServedRun)
    async throws -> Response
  {
    let form = try await request.form(upTo: settings.maximumBodySize)
    let known = ["text", "limit", "threshold", "language"]
    if let strange = form.keys.first(where: { !known.contains($0) && !$0.hasPrefix("metadata_") }) {
      throw Refusal.invalid(
        "there is no field \"\(strange.prefix(80))\"; the fields are \(known.joined(separator: ", "))"
      )
    }
    guard let given = form["text"] else {
      throw Refusal.invalid("\"text\" is missing", parameter: "text")
    }
    guard let text = RequestText.clean(given) else {
      throw Refusal.invalid("\"text\": \(RequestText.fault)", parameter: "text")
    }
    let choice = try AnnifChoice(atMost: settings.maximumLabels) { form[$0] }
    return JSONResponse.make(try await suggestions(for: [text], choice, by: run)[0])
  }

  /// Handles `POST /v1/projects/{project}/suggest-batch`.
  private func suggestBatch(_ request: Request, _ context: ServiceContext, _ run: ServedRun)
    async throws -> Response
  {
    let query = request.uri.queryParameters
    let choice = try AnnifChoice(atMost: settings.maximumLabels) { query[$0[...]].map(String.init) }
    let documents = try await request.json(AnnifBatch.self, upTo: settings.maximumBodySize)
      .documents
    guard documents.count <= settings.maximumTexts else {
      throw Refusal.invalid(
        "\"documents\" has \(documents.count) elements; expected at most \(settings.maximumTexts)")
    }
    let answers = try await suggestions(for: documents.map(\.text.value), choice, by: run)
    return JSONResponse.make(
      zip(documents, answers).map {
        AnnifDocumentSuggestions(document: $0.id, results: $1.results)
      })
  }

  private func suggestions(for texts: [String], _ choice: AnnifChoice, by run: ServedRun)
    async throws -> [AnnifSuggestions]
  {
    guard choice.limit > 0, !texts.isEmpty else {
      return texts.map { _ in AnnifSuggestions(results: []) }
    }
    let rankings = try await run.thread.rank(texts, k: choice.limit)
    observation.countRanked(texts.count, by: run.name)
    return rankings.map { ranking in
      let best = ranking.labels.first?.score ?? 0
      return AnnifSuggestions(
        results: !ranking.isKnown
          ? []
          : ranking.labels.compactMap { label in
            // Clients expect 0 to 1.
            let score = label.probability ?? exp(label.score - best)
            guard score >= choice.threshold else { return nil }
            return .init(
              uri: label.id, label: run.catalogue[label.id]?.text ?? label.id, score: score)
          })
    }
  }

  /// Handles `POST /v1/projects/{project}/learn`: stores the subjects as accepted labels.
  private func learn(_ request: Request, _ context: ServiceContext, _ run: ServedRun) async throws
    -> Response
  {
    let documents = try await request.json(
      [AnnifIndexedDocument].self, upTo: settings.maximumBodySize)
    let feedback = try documents.enumerated().map { index, document in
      var seen: Set<String> = []
      let labels = document.subjects.map(\.uri.value).filter { seen.insert($0).inserted }
      guard 1...settings.maximumLabels ~= labels.count else {
        throw Refusal.invalid(
          "document \(index) has \(labels.count) subjects; expected 1 to \(settings.maximumLabels)")
      }
      return ServiceStore.Feedback(text: document.text.value, labels: labels, rejected: [])
    }
    try await store(feedback, in: run)
    return Response(status: .noContent)
  }
}

/// The limits of suggestions.
private struct AnnifChoice {
  var limit: Int
  var threshold: Double

  /// - Parameters:
  ///   - most: the largest limit.
  ///   - value: the text of a field or parameter.
  init(atMost most: Int, _ value: (String) -> String?) throws {
    func number<Number: LosslessStringConvertible & Comparable>(
      _ name: String, _ usual: Number, _ range: ClosedRange<Number>
    ) throws -> Number {
      guard let text = value(name) else { return usual }
      guard let number = Number(text), range ~= number else {
        throw Refusal.invalid(
          "\"\(name)\" is \"\(text.prefix(80))\"; expected \(range.lowerBound) to "
            + "\(range.upperBound)", parameter: name)
      }
      return number
    }
    limit = try number("limit", 10, 0...most)
    threshold = try number("threshold", 0, 0...1)
    if let language = value("language"), language != AnnifVocabulary.language {
      throw Refusal.invalid(
        "language \"\(language.prefix(80))\" not supported by vocabulary; expected "
          + AnnifVocabulary.language, parameter: "language")
    }
  }
}

/// `GET /v1`.
private struct AnnifService: Encodable {
  var title = "Decant with Annif's REST interface"
  var version = OpenAPI.version
}

/// A run as a project.
private struct AnnifProject: Encodable {
  enum CodingKeys: String, CodingKey {
    case name, language, backend, vocab
    case id = "project_id"
    case vocabularyLanguage = "vocab_language"
    case isTrained = "is_trained"
    case modified = "modification_time"
  }
  var id: String
  var name: String
  var language = AnnifVocabulary.language
  var backend = ["backend_id": "decant"]
  var vocab: AnnifVocabulary
  var vocabularyLanguage = AnnifVocabulary.language
  var isTrained = true
  var modified: Date

  init(_ run: ServedRun) {
    id = run.name
    name = run.name
    vocab = AnnifVocabulary(run)
    modified = run.model.description.trained
  }
}

/// A run's labels as a vocabulary.
private struct AnnifVocabulary: Encodable {
  enum CodingKeys: String, CodingKey {
    case languages, size, loaded
    case id = "vocab_id"
  }
  /// The code of an undetermined language (BCP 47): a run does not know the language of its labels.
  static let language = "und"
  var id: String
  var languages = [language]
  var size: Int
  var loaded = true

  init(_ run: ServedRun) {
    id = run.name
    size = run.catalogue.count
  }
}

/// The answer of `suggest`.
private struct AnnifSuggestions: Encodable {
  struct Subject: Encodable {
    enum Key: CodingKey { case uri, label, notation, score }
    var uri: String
    var label: String
    var score: Double

    // Annif's answers have "notation": null rather than nothing.
    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(uri, forKey: .uri)
      try values.encode(label, forKey: .label)
      try values.encodeNil(forKey: .notation)
      try values.encode(score, forKey: .score)
    }
  }

  var results: [Subject]
}

/// An element of the answer of `suggest-batch`.
private struct AnnifDocumentSuggestions: Encodable {
  enum Key: String, CodingKey {
    case results
    case document = "document_id"
  }
  var document: String?
  var results: [AnnifSuggestions.Subject]

  // A document without a name has null in Annif's answers.
  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(document, forKey: .document)
    try values.encode(results, forKey: .results)
  }
}

/// The body of `suggest-batch`.
private struct AnnifBatch: Decodable {
  struct Document: Decodable {
    enum CodingKeys: String, CodingKey {
      case text
      case id = "document_id"
    }
    var text: RequestText
    var id: String?
  }
  var documents: [Document]
}

/// An element of the body of `learn`.
private struct AnnifIndexedDocument: Decodable {
  struct Subject: Decodable { var uri: RequestName }
  var text: RequestText
  var subjects: [Subject]
}
