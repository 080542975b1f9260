import Datasets
import Extreme
import Storage

extension TextFeatures {
  static let settings: [Setting] = [
    Setting(
      "families", "The families of features.", .groups, from: .tuned,
      members: [
        Setting("unit", "Unit that is counted.", .one(of: Family.Unit.self)),
        Setting("scope", "Part of the text.", .one(of: Family.Scope.self)),
        Setting(
          "lengths", "Shortest and longest run of characters.",
          .value(of: ClosedRange<Int>.self, "[from, to]")),
        Setting("weight", "Length of this family's part of the bag.", .anyNumber),
      ]),
    Setting(
      "maximumWordCount",
      "Words after which a text is cut off; in scripts without spaces, characters.",
      .integer(.min ... .max)),
    Setting(
      "minimumDocumentCount", "Training texts that must contain a feature for it to be kept.",
      .integer(.min ... .max)),
    Setting(
      "maximumFeatureCount", "Features at most; the most frequent are kept.",
      .integer(.min ... .max), null: "no limit"),
  ]
}

extension DualEncoder {
  static let settings: [Setting] = [
    Setting("encoder", "The encoder of bags.", members: BagEncoder.settings),
    Setting(
      "labels",
      "Source of the label vectors: learned freely, encoded from the label texts, or the sum of both.",
      .one(of: LabelSource.self), .model("labels"), from: .tuned),
    Setting("hasBias", "Whether each label has a bias.", .boolean, from: .tuned),
    Setting(
      "learnsTemperature", "Learn the softmax temperature, starting from the loss's.", .boolean,
      .init(.loss, "learn-temperature", .onOff)),
    Setting(
      "sharesEncoder", "Whether label texts share the documents' encoder.", .boolean,
      .model("towers", .value(words: [("shared", .boolean(true)), ("separate", .boolean(false))])),
      from: "Gupta et al. 2024"),
    Setting(
      "wide", "Add a linear weight for every (feature, label) pair that co-occurs in training.",
      .group, .wide("wide", .onOff), null: "none", addedBy: "--wide", members: SparseLinear.settings
    ),
  ]
}

extension BagEncoder {
  static let settings: [Setting] = [
    Setting("dimension", "Embedding dimension.", .size, .steps("dimension"), from: .tuned),
    Setting(
      "hiddenDimensions",
      "Widths of hidden layers on top of the feature table; for up to a few thousand features.",
      .integers(1...Int.max), .model("bag-hidden", .value(words: [("0", .array([]))])), from: .tuned
    ),
    Setting(
      "isNormalized", "Scale embeddings to unit length.", .boolean, .model("normalized", .onOff),
      from: .tuned),
    Setting(
      "initialScale", "Standard deviation of the initial weights.", .notNegative,
      .model("initial-scale"), from: .tuned),
  ]
}

extension SparseLinear {
  static let settings: [Setting] = [
    Setting(
      "method", "Optimizer of the linear weights; sgd suits sparse features of few documents.",
      .one(of: Method.self), .wide("wide-optimizer")),
    Setting(
      "learningRate", "Learning rate of the linear weights.", .positive,
      .wide("wide-learning-rate"), null: "0.3 for adagrad, 100 for sgd", isDerived: true),
    Setting(
      "maximumDocumentShare", "Features in a larger share of the documents get no linear weights.",
      .share, .wide("wide-maximum-share")),
    Setting(
      "minimumPairCount",
      "Documents in which a pair must occur; 0 takes every pair, for few labels.",
      .countOrNone, .wide("wide-minimum-count")),
  ]
}
