import Foundation
import Models

/// `POST /v1/predict`: either `text` or `texts`.
struct PredictRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable { case text, texts, k, threshold, only, except }
  var texts: [String]
  var isSingle: Bool
  /// The most labels of a text; nil for the usual number.
  var k: Int?
  var threshold: RequestThreshold?
  var restriction: LabelRestriction

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    func names(_ key: Key) throws -> Set<String>? {
      try values.given([RequestName].self, forKey: key).map { Set($0.map(\.value)) }
    }
    restriction = LabelRestriction(only: try names(.only), except: try names(.except) ?? [])
    let text = try values.given(RequestText.self, forKey: .text)
    let many = try values.given([RequestText].self, forKey: .texts)
    guard (text == nil) != (many == nil) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: text == nil
            ? "\"text\" or \"texts\" is missing" : "both \"text\" and \"texts\" are given"))
    }
    texts = (many ?? [text].compactMap(\.self)).map(\.value)
    isSingle = many == nil
    k = try values.wholeNumber(forKey: .k)
    threshold = try values.given(RequestThreshold.self, forKey: .threshold)
  }
}

/// The lowest probability of the labels in an answer.
enum RequestThreshold: Decodable, Equatable {
  /// The thresholds of the calibration.
  case tuned
  case atLeast(Double)

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let number = try? value.decode(Double.self) {
      guard 0...1 ~= number else { throw Self.fault("it is \(number)", in: value) }
      self = .atLeast(number)
    } else if let word = try? value.decode(String.self) {
      guard word == "tuned" else { throw Self.fault("it is \"\(word.prefix(80))\"", in: value) }
      self = .tuned
    } else {
      throw Self.fault("it is neither a number nor a string", in: value)
    }
  }

  private static func fault(_ reason: String, in value: any SingleValueDecodingContainer)
    -> DecodingError
  {
    .dataCorruptedError(
      in: value, debugDescription: "\(reason); expected 0 to 1, or \"tuned\"")
  }
}

/// The prediction for one text.
struct Prediction: Encodable {
  var labels: [RankedLabel]
  /// False if the model recognises nothing in the text, else nil.
  var known: Bool?
}

/// The predictions for several texts, in order.
struct Predictions: Encodable {
  var predictions: [Prediction]
}

/// `POST /v1/similar`.
struct SimilarRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable { case text, k }
  var text: String
  var k: Int

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    text = try values.decode(RequestText.self, forKey: .text).value
    k = try values.wholeNumber(forKey: .k) ?? 5
  }
}

/// Documents similar to a text.
struct SimilarDocuments: Encodable {
  var documents: [SimilarDocument]
}

/// `POST /v1/labels`.
struct AddLabelRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable { case id, text }
  /// The maximum length of a label's name, in characters (Unicode code points).
  static let maximumName = 200
  var label: TrainedModel.NewLabel

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    label = .init(
      id: try values.decode(RequestName.self, forKey: .id).value,
      text: try values.decode(RequestText.self, forKey: .text).value)
  }
}

/// A removed label.
struct RemovedLabel: Encodable {
  var id: String
  /// The number of verdicts on it, which were removed too.
  var verdicts: Int
}

/// Some labels.
struct LabelList: Encodable {
  var labels: [LabelCatalogue.Entry]
  /// The total number of matches.
  var total: Int
}

/// `POST /v1/feedback`.
struct FeedbackRequest: StrictBody {
  enum Key: String, CodingKey, CaseIterable { case text, accepted, rejected }
  var feedback: ServiceStore.Feedback

  init(from decoder: any Decoder) throws {
    let values = try Self.container(decoder)
    func names(_ key: Key) throws -> [String] {
      try values.given([RequestName].self, forKey: key)?.map(\.value) ?? []
    }
    feedback = .init(
      text: try values.decode(RequestText.self, forKey: .text).value,
      labels: try names(.accepted), rejected: try names(.rejected))
  }
}

/// The number of stored verdicts.
struct FeedbackReceipt: Encodable {
  var verdicts: Int
}

/// `GET /v1/runs`.
struct RunList: Encodable {
  var runs: [ModelDescription]
}

/// `GET /v1/model`.
struct ModelDescription: Encodable {
  /// The name by which the run is served.
  var name: String
  var labels: Int
  var dimension: Int
  /// The data set's name, without its location.
  var trainedOn: String
  /// When its training ended.
  var trained: Date
  var isCalibrated: Bool
  var hasDocuments: Bool
}

/// `GET /readyz`.
struct ReadyState: Encodable {
  var status: String
  var runs: [String: Health.RunState]
}

/// `GET /healthz`.
struct Health: Encodable {
  var status = "ok"
  /// Whether each run's folder still contains its served model.
  var run: RunState
  /// The same for each run by name.
  var runs: [String: RunState]

  init(_ runs: [String: RunState]) {
    self.runs = runs
    run = runs.values.contains(.changed) ? .changed : .current
  }

  /// The state of a run's folder since its model was opened.
  enum RunState: String, Encodable {
    /// It contains the served model.
    case current
    /// It contains something else, which cannot be opened (yet).
    case changed
  }
}
