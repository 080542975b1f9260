import Datasets
import Extreme
import Models
import Storage

/// A setting, or several that belong together, with values to try.
struct TuningMove {
  /// The name in tables.
  var name: String
  /// Each alternative: values by path.
  ///
  /// `loss` is the name of a loss, `loss.temperature` the temperature of the loss in force; null
  /// leaves a setting's group out.
  var alternatives: [[(path: String, value: JSONValue)]]

  private init(_ name: String, _ alternatives: [[(path: String, value: JSONValue)]]) {
    (self.name, self.alternatives) = (name, alternatives)
  }

  private init(_ path: String, numbers: [String]) {
    self.init(
      path.split(separator: ".").last.map(String.init) ?? path,
      numbers.map { [(path, .number($0))] })
  }

  /// The most labels for which every pair of a feature and a label may have a weight: 100,000
  /// features then take 80 MB.
  private static let linearLabels = 200

  /// Settings of the training of a linear model of texts.
  private static let small: [(path: String, value: JSONValue)] = [
    ("model.encoder.dimension", .number("8")), ("optimization.batchSize", .number("32")),
    ("loop.epochs", .number("10")),
  ]

  /// The settings worth a search, those that usually matter most first.
  static func all(for profile: DataProfile) -> [TuningMove] {
    func bounded(_ isNormalized: Bool, _ temperature: String) -> [(path: String, value: JSONValue)]
    {
      [
        ("model.encoder.isNormalized", .boolean(isNormalized)),
        ("loss.temperature", .number(temperature)),
      ]
    }
    var moves = [
      TuningMove(
        "bounds of the scores",
        [bounded(true, "0.085"), bounded(true, "0.05"), bounded(false, "1"), bounded(false, "4")])
    ]
    if profile.hasTexts, profile.labelTextShare > 0 {
      moves.append(
        TuningMove(
          "labels", ["free", "both"].map { [("model.labels", .string($0))] }))
    }
    if profile.hasTexts {
      let families = [
        TextFeatures.Configuration.standardFamilies, DefaultFamilies.plain,
        DefaultFamilies.paragraphs,
        DefaultFamilies.shortTexts, DefaultFamilies.wholeTexts,
      ]
      moves.append(
        TuningMove(
          "features", families.map { [("features.families", JSONValue(encoding: $0))] }))
    } else {
      moves.append(
        TuningMove(
          "hidden layer",
          [[], [.init(.number("512"))]].map { (widths: [JSONValue.Element]) in
            [("model.encoder.hiddenDimensions", .array(widths))]
          }))
    }
    if profile.labels <= linearLabels {
      moves.append(
        TuningMove("linear model", [DefaultCandidate.linear.map { ($0.setting, $0.value) } + small])
      )
    }
    moves += [
      TuningMove(
        "loss",
        ["decoupledSoftmax", "infoNCE", "binaryCrossEntropy"].map { [("loss", .string($0))] }),
      TuningMove(
        "wide model",
        [.null, .string("adagrad")].map { [("model.wide.method", $0)] }),
      TuningMove("loop.epochs", numbers: ["1", "2", "3", "5", "10", "20"]),
      TuningMove("optimization.batchSize", numbers: ["32", "128", "512"]),
      TuningMove("optimization.learningRate", numbers: ["0.002", "0.01", "0.02", "0.04"]),
      TuningMove("optimization.tableLearningRate", numbers: ["0.03", "0.045", "0.06", "0.09"]),
      TuningMove("optimization.featureDropout", numbers: ["0.1", "0.2", "0.3", "0.5"]),
      TuningMove("optimization.weightDecay", numbers: ["0", "0.1"]),
      TuningMove("model.encoder.dimension", numbers: ["64", "128", "256"]),
    ]
    return moves
  }
}
