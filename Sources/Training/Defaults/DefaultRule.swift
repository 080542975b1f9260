import Datasets
import Models
import Storage

/// A default for data of a certain kind.
struct DefaultRule {
  /// The path of the setting; `loss.temperature` stands for that of the loss in force.
  var setting: String
  var value: JSONValue
  var reason: String

  init(_ setting: String, _ value: JSONValue, _ reason: String) {
    (self.setting, self.value, self.reason) = (setting, value, reason)
  }

  private func path(in draft: SettingsDraft) -> String {
    setting == "loss.temperature" ? draft.temperaturePath ?? setting : setting
  }

  /// Whether the user left the setting open.
  func isOpen(in draft: SettingsDraft) -> Bool { !draft.isChosen(path(in: draft)) }

  /// Stores the default unless the user chose the setting; nil if nothing changes.
  func apply(to draft: inout SettingsDraft) -> ChosenDefault? {
    let path = path(in: draft)
    guard isOpen(in: draft), draft.values[path] != value else { return nil }
    draft.suggest(value, for: path)
    return ChosenDefault(setting: path, value: value.json, reason: reason)
  }
}

extension DefaultRule {
  /// The rules that hold for a data set.
  static func rules(for profile: DataProfile) -> [DefaultRule] {
    sizeRules(for: profile)
      + (profile.hasTexts ? textRules(for: profile) : featureRules(for: profile))
  }

  private static func sizeRules(for profile: DataProfile) -> [DefaultRule] {
    guard profile.documents < DataProfile.fewDocuments else { return [] }
    return [
      DefaultRule(
        "features.minimumDocumentCount", .number("1"),
        "fewer than \(DataProfile.fewDocuments) documents")
    ]
  }

  private static func textRules(for profile: DataProfile) -> [DefaultRule] {
    var rules: [DefaultRule] = []
    func families(_ families: [TextFeatures.Family], _ reason: String) {
      rules.append(DefaultRule("features.families", JSONValue(encoding: families), reason))
    }
    if profile.namedShare < 0.95 {
      if profile.medianWords <= DataProfile.shortLength, profile.rareWordShare >= 0.05 {
        families(DefaultFamilies.shortTexts, "short texts with many rare words")
      } else if profile.multilineShare >= 0.5,
        profile.documentsPerLabel >= DataProfile.manyDocuments
      {
        // Pairs double the cost of a training; with fewer documents they gain less than chance.
        families(
          DefaultFamilies.paragraphs,
          "texts of several lines, at least 1,000 documents a label")
      } else if profile.multilineShare >= 0.5,
        profile.documents * profile.medianWords <= DataProfile.fewWords
      {
        families(
          DefaultFamilies.wholeTexts, "texts of several lines, about a million words at most")
      } else {
        families(DefaultFamilies.plain, "first lines do not begin with a name")
      }
    }
    if profile.documents < 500 {
      rules.append(DefaultRule("loop.epochs", .number("20"), "fewer than 500 documents"))
    } else if profile.documents < 3000 {
      rules.append(
        DefaultRule("optimization.batchSize", .number("32"), "fewer than 3,000 documents"))
    }
    return rules
  }

  private static func featureRules(for profile: DataProfile) -> [DefaultRule] {
    guard profile.documents < 5000 else {
      guard profile.features <= DataProfile.narrowWidth else { return [] }
      let reason = "features of at least 5,000 documents, at most 2,000 different ones"
      return [
        DefaultRule("model.encoder.hiddenDimensions", .array([.init(.number("512"))]), reason),
        DefaultRule("optimization.featureDropout", .number("0.2"), reason),
      ]
    }
    return perceptron(
      epochs: profile.documents < DataProfile.fewFeatures ? 20 : 10, batchSize: 32,
      "features of fewer than 5,000 documents")
  }

  /// A memory of documents.
  static func memory(_ memory: DocumentMemoryConfiguration) -> [DefaultRule] {
    let reason = "better in a pilot"
    return [
      DefaultRule("memory.neighbours", .number("\(memory.neighbours)"), reason),
      DefaultRule("memory.temperature", .number("\(memory.temperature)"), reason),
      DefaultRule("memory.weight", .number("\(memory.weight)"), reason),
    ]
  }

  /// A hidden layer, with the dropout and the learning rate that keep it from overfitting.
  fileprivate static func perceptron(
    epochs: Int, batchSize: Int, dropout: String = "0.5", learningRate: String = "0.002",
    _ reason: String
  ) -> [DefaultRule] {
    [
      DefaultRule("loop.epochs", .number("\(epochs)"), reason),
      DefaultRule("optimization.batchSize", .number("\(batchSize)"), reason),
      DefaultRule("optimization.featureDropout", .number(dropout), reason),
      DefaultRule("optimization.learningRate", .number(learningRate), reason),
      DefaultRule("model.encoder.hiddenDimensions", .array([.init(.number("512"))]), reason),
    ]
  }
}

/// Settings that replace the defaults if a pilot finds them better.
struct DefaultCandidate {
  var name: String
  var rules: [DefaultRule]
  /// How much better, in points of the pilot's score.
  ///
  /// A sample has fewer documents a label than all data, which favours label texts and unit length.
  var margin: Double
  /// The score from which on the settings before it are good enough to leave it out.
  var limit = Double.infinity
  /// Whether it is tried only if the candidate before it won.
  var builds = false

  private static let reason = "better in a pilot"

  /// A weight for every pair of a feature and a label, and next to no embedding.
  static var linear: [DefaultRule] {
    [
      DefaultRule("loss", .string("binaryCrossEntropy"), reason),
      DefaultRule("model.wide.method", .string("sgd"), reason),
      DefaultRule("model.wide.learningRate", .number("100"), reason),
      DefaultRule("model.wide.maximumDocumentShare", .number("1"), reason),
      DefaultRule("model.wide.minimumPairCount", .number("0"), reason),
      DefaultRule("model.encoder.hiddenDimensions", .array([]), reason),
      DefaultRule("model.encoder.initialScale", .number("0.01"), reason),
      DefaultRule("optimization.featureDropout", .number("0.3"), reason),
      DefaultRule("optimization.learningRate", .number("0.002"), reason),
      DefaultRule("optimization.tableLearningRate", .number("0.003"), reason),
    ]
  }

  /// A weight for each pair of a feature and a label that co-occur, and embeddings without a hidden
  /// layer.
  private static var wide: [DefaultRule] {
    [
      DefaultRule("loop.epochs", .number("10"), reason),
      DefaultRule("model.wide.method", .string("sgd"), reason),
      DefaultRule("model.wide.learningRate", .number("100"), reason),
      DefaultRule("model.wide.maximumDocumentShare", .number("1"), reason),
      DefaultRule("model.encoder.hiddenDimensions", .array([]), reason),
      DefaultRule("optimization.batchSize", .number("32"), reason),
      DefaultRule("optimization.featureDropout", .number("0.3"), reason),
      DefaultRule("optimization.learningRate", .number("0.002"), reason),
      DefaultRule("optimization.tableLearningRate", .number("0.003"), reason),
    ]
  }

  /// The candidates for a data set; each is compared with the best before it.
  static func candidates(for profile: DataProfile) -> [DefaultCandidate] {
    guard profile.hasTexts else {
      if profile.documents < DataProfile.fewFeatures {
        // Words add up, measurements have to be combined.
        guard profile.featureShare < DataProfile.denseShare else { return [] }
        return [DefaultCandidate(name: "a linear model", rules: linear, margin: 1)]
      }
      var candidates: [DefaultCandidate] = []
      if profile.featureShare < DataProfile.denseShare {
        candidates.append(
          DefaultCandidate(name: "linear weights with embeddings", rules: wide, margin: 1))
      }
      if profile.documents >= 5000 {
        candidates.append(
          DefaultCandidate(
            name: "a hidden layer with more dropout",
            rules: DefaultRule.perceptron(
              epochs: 8, batchSize: 128, dropout: "0.4", learningRate: "0.005", reason),
            margin: 0.5))
      }
      return candidates
    }
    var candidates: [DefaultCandidate] = []
    if profile.labelTextShare > 0.5, profile.documentsPerLabel < 25 {
      var texts = [DefaultRule("model.labels", .string("both"), reason)]
      // Long label texts are encoded in every step: larger batches have fewer steps.
      if profile.medianLabelWords > 20 {
        texts.append(DefaultRule("optimization.batchSize", .number("512"), reason))
      }
      let bounded = [
        DefaultRule("model.labels", .string("both"), reason),
        DefaultRule("model.encoder.isNormalized", .boolean(true), reason),
        DefaultRule("loss.temperature", .number("0.085"), reason),
        DefaultRule("optimization.batchSize", .number("512"), reason),
        DefaultRule("optimization.tableLearningRate", .number("0.06"), reason),
      ]
      candidates += [
        DefaultCandidate(name: "label texts", rules: texts, margin: 1),
        DefaultCandidate(
          name: "label texts and unit length", rules: bounded, margin: 1, builds: true),
      ]
    }
    // Noisy labels are soon learnt by heart; where most held-out labels are found, few are noisy.
    if profile.documents >= 4000 {
      candidates.append(
        DefaultCandidate(
          name: "2 epochs", rules: [DefaultRule("loop.epochs", .number("2"), reason)],
          margin: 0.5, limit: 75))
    }
    return candidates
  }
}
