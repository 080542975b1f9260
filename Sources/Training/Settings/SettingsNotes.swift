import Datasets
import Learning

/// What is said about one key of a configuration.
struct SettingsNote {
  /// The key with those it lies in, such as `loop.epochs`.
  var path: String
  /// What it does.
  var text: String
  /// Where its default comes from.
  var origin: String
  /// The words it may be, where it is one of some.
  var choices: [String]
  /// What `null` means, where that is not simply none.
  var usual: String?

  init(
    _ path: String, _ text: String, origin: String = "ours", choices: [String] = [],
    usual: String? = nil
  ) {
    self.path = path
    self.text = text
    self.origin = origin
    self.choices = choices
    self.usual = usual
  }

  /// What `SettingsFile.template(dataset:)` explains at its beginning.
  private static let tuned = "ours, tuned"
  private static let bert = "Devlin et al. 2019, appendix A"

  /// Every key, in the order of a new file.
  static let all: [SettingsNote] =
    [
      SettingsNote(
        "dataset", "The data set, a folder or a file; a path beside this file, or absolute.",
        origin: "named on the command line where it is null"),
      SettingsNote(
        "badLines", "What becomes of lines of the data set that cannot be used.",
        choices: ["refuse", "skip"]),
      SettingsNote(
        "feedback", "Verdicts on a model's answers, taken into train: from decant serve.",
        origin: "none"),
      SettingsNote("seed", "Names the random numbers of the run."),
      SettingsNote(
        "threads", "Threads to compute with; results repeat for one number of them.",
        usual: "one for each processor that may be used"),
    ] + features + model + transformer + loss + negatives + optimization + loop

  private static let features = [
    SettingsNote("features", "Which features of a text a bag is made of."),
    SettingsNote("features.families", "The kinds of features.", origin: tuned),
    SettingsNote(
      "features.families.unit", "What is counted.",
      choices: TextFeatures.Family.Unit.allCases.map(\.rawValue)),
    SettingsNote(
      "features.families.scope", "Where.",
      choices: TextFeatures.Family.Scope.allCases.map(\.rawValue)),
    SettingsNote("features.families.lengths", "Lengths of runs of characters, from and to."),
    SettingsNote("features.families.weight", "The length of this family's part of a bag."),
    SettingsNote(
      "features.maximumWordCount",
      "A text is cut after this many words, or characters where words have no spaces between them."),
    SettingsNote(
      "features.minimumDocumentCount", "A feature is kept when so many training texts have it."),
    SettingsNote(
      "features.maximumFeatureCount", "The most features kept, the frequent ones first.",
      origin: "no limit"),
  ]

  private static let model = [
    SettingsNote("model", "What is learnt."),
    SettingsNote("model.encoder", "The embedding of a bag."),
    SettingsNote("model.encoder.dimension", "Length of the embeddings.", origin: tuned),
    SettingsNote(
      "model.encoder.hiddenDimensions", "Widths of hidden layers behind the table of features.",
      origin: tuned),
    SettingsNote(
      "model.encoder.isNormalized", "Whether embeddings have unit length.", origin: tuned),
    SettingsNote(
      "model.encoder.initialScale", "Standard deviation of the first values.", origin: tuned),
    SettingsNote(
      "model.labels", "Where label vectors come from: learnt, their texts, or both.",
      origin: tuned, choices: DualEncoder.LabelSource.allCases.map(\.rawValue)),
    SettingsNote("model.hasBias", "Whether each label has a bias.", origin: tuned),
    SettingsNote(
      "model.learnsTemperature", "Whether the temperature is learnt, from the loss's on."),
    SettingsNote(
      "model.sharesEncoder", "Whether label texts have the documents' encoder.",
      origin: "Gupta et al. 2024"),
    SettingsNote(
      "model.wide", "Weights for pairs of a feature and a label, beside the embeddings.",
      origin: "none"),
    SettingsNote(
      "model.wide.method", "How those are moved; sgd is for sparse features of few documents.",
      choices: ["adagrad", "sgd"]),
    SettingsNote(
      "model.wide.learningRate", "Their learning rate.", usual: "0.3 for adagrad, 100 for sgd"),
    SettingsNote(
      "model.wide.maximumDocumentShare", "Features in a larger share of the documents have none."),
    SettingsNote(
      "model.wide.minimumPairCount", "Documents that must have both; 0 takes all pairs."),
  ]

  private static let transformer = [
    SettingsNote(
      "transformer", "A pretrained transformer that embeds texts beside or instead of bags.",
      origin: "none"),
    SettingsNote(
      "transformer.checkpoint", "Its folder, as model hubs publish it.", origin: "must be named"),
    SettingsNote(
      "transformer.isFineTuned", "Whether it is trained too; else each text is encoded once."),
    SettingsNote("transformer.isBesideBags", "Whether there are bags as well."),
    SettingsNote(
      "transformer.maximumLength", "Tokens after which a text is cut off.",
      usual: "as a sentence encoder's folder says, else 128"),
    SettingsNote(
      "transformer.pooling", "How tokens' vectors become a text's.",
      origin: "as the checkpoint says", choices: TransformerEncoder.Pooling.allCases.map(\.rawValue)
    ),
    SettingsNote("transformer.tower", "What lies between it and the embeddings."),
    SettingsNote(
      "transformer.tower.hiddenDimension", "Width of a hidden layer; null for none.",
      origin: tuned),
    SettingsNote(
      "transformer.tower.dropout", "Share of numbers dropped there in training.", origin: tuned),
    SettingsNote("transformer.projectionLearningRate", "Adam's learning rate there."),
    SettingsNote("transformer.tuning", "How the transformer is moved where it is fine-tuned."),
    SettingsNote("transformer.tuning.learningRate", "Adam's learning rate.", origin: bert),
    SettingsNote("transformer.tuning.weightDecay", "Adam's weight decay.", origin: bert),
    SettingsNote(
      "transformer.tuning.warmup", "Share of the steps in which the rate rises.",
      origin: "BERT's code"),
    SettingsNote(
      "transformer.tuning.gradientLimit", "Joint length that gradients are cut to.",
      origin: "BERT's code"),
    SettingsNote(
      "transformer.tuning.dropout", "Share of numbers dropped in it in training.", origin: bert),
    SettingsNote(
      "transformer.tuning.pieceTokenCount", "Tokens whose gradient is computed together."),
  ]

  private static let loss =
    [SettingsNote("loss", "What is minimised: one loss, with its settings.")]
    + [
      ("decoupledSoftmax", "Each positive against the negatives (Gupta et al. 2024)."),
      ("infoNCE", "Each positive against all labels (van den Oord et al. 2018)."),
      ("binaryCrossEntropy", "Each label on its own."),
      ("softTopK", "The positives among the first K (Gupta et al. 2024)."),
      ("squaredHinge", "Each label on its own, with a margin."),
      ("mlcd", "Positives and negatives against the score 0."),
      ("zLoss", "Positives against mean and deviation of all scores (de Brébisson, Vincent 2016)."),
    ].flatMap { name, text in
      [
        SettingsNote("loss.\(name)", text),
        SettingsNote(
          "loss.\(name).temperature", "What scores are divided by.",
          origin: "the code of Gupta et al. 2024",
          usual: "1, or 0.05 for embeddings of unit length"),
        SettingsNote(
          "loss.\(name).blockSize", "Labels that are scored at a time.",
          origin: "about a million scores"),
      ]
    } + [
      SettingsNote(
        "loss.softTopK.places",
        "K: {\"atLeast\": {\"_0\": 5}}, {\"fixed\": {\"_0\": 5}} or "
          + "{\"positives\": {}}.", origin: "5 in the code of Gupta et al. 2024"),
      SettingsNote(
        "loss.softTopK.sharpness", "How hard the threshold is.",
        origin: "the code of Gupta et al. 2024"),
      SettingsNote("loss.zLoss.sharpness", "How hard the comparison is, the paper's a."),
      SettingsNote("loss.zLoss.target", "The score aimed at, the paper's b."),
    ]

  private static let negatives = [
    SettingsNote(
      "negatives", "Which labels a step looks at and how batches are made.",
      origin: "all labels, batches at random"),
    SettingsNote(
      "negatives.labels", "The labels of a step: all, or a pool of some.",
      choices: NegativeConfiguration.Labels.allCases.map(\.rawValue)),
    SettingsNote("negatives.pool", "What a pool is made of beside the batch's positives."),
    SettingsNote("negatives.pool.hardNegatives", "Hard negatives a document."),
    SettingsNote("negatives.pool.uniformNegatives", "Labels drawn evenly, once a batch."),
    SettingsNote(
      "negatives.pool.positiveLimit", "How many positives of a document bring themselves in.",
      origin: "all"),
    SettingsNote("negatives.pool.multiple", "The pool is filled up to a multiple of this."),
    SettingsNote("negatives.isLazy", "Whether a step moves the vectors of the pool's labels only."),
    SettingsNote(
      "negatives.shortlist", "Hard negatives kept for a document, of which a step draws.",
      origin: "as many as a step takes"),
    SettingsNote(
      "negatives.filter", "What is left out of the shortlists as probably right.", origin: "nothing"
    ),
    SettingsNote(
      "negatives.filter.margin", "Added to the positive's score.", origin: "Gu et al. 2025"),
    SettingsNote(
      "negatives.filter.share", "The positive's score is multiplied by this.",
      origin: "Gu et al. 2025"),
    SettingsNote(
      "negatives.filter.anchor", "Which positive draws the line.",
      choices: FalseNegativeFilter.Anchor.allCases.map(\.rawValue)),
    SettingsNote(
      "negatives.search", "How hard negatives and neighbours are searched for.",
      choices: NegativeConfiguration.Search.allCases.map(\.rawValue)),
    SettingsNote("negatives.probes", "Clusters that a document looks into."),
    SettingsNote("negatives.firstSearch", "Epochs before the first search."),
    SettingsNote("negatives.refreshEvery", "Epochs between searches."),
    SettingsNote(
      "negatives.refreshSteps", "Steps between searches, instead of epochs.", origin: "epochs"),
    SettingsNote(
      "negatives.batches", "How documents are put together.",
      choices: NegativeConfiguration.Batches.allCases.map(\.rawValue)),
    SettingsNote("negatives.clusterSize", "Documents of a cluster at first."),
    SettingsNote("negatives.doubleEvery", "Epochs until clusters double."),
    SettingsNote("negatives.neighbours", "Neighbours a document brings into its batch."),
  ]

  private static let optimization = [
    SettingsNote("optimization", "How parameters are moved."),
    SettingsNote("optimization.batchSize", "Documents of a step.", origin: tuned),
    SettingsNote(
      "optimization.tableLearningRate", "Adagrad's learning rate, for the table of features.",
      origin: tuned),
    SettingsNote(
      "optimization.learningRate", "Adam's learning rate, for everything else.", origin: tuned),
    SettingsNote("optimization.weightDecay", "Adam's weight decay, decoupled.", origin: tuned),
    SettingsNote(
      "optimization.featureDropout", "Share of a document's features that a step leaves out.",
      origin: tuned),
    SettingsNote(
      "optimization.warmup", "Share of the steps in which the rates rise from 0.", origin: tuned),
  ]

  private static let loop = [
    SettingsNote("loop", "How long, and what is kept on the way."),
    SettingsNote("loop.epochs", "Passes over the data, at most.", origin: tuned),
    SettingsNote(
      "loop.patience",
      "Hold out a validation part; stop after so many epochs without a better one.",
      origin: "nothing is held out"),
    SettingsNote("loop.checkpointInterval", "Seconds between checkpoints."),
  ]
}
