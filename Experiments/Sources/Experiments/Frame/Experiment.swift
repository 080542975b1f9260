import Evaluation

/// A claim of a paper, and what it takes to see whether it holds here.
///
/// Every arm is run under every condition with every seed; the first arm is the baseline. What an
/// arm leaves open is chosen before, for the baseline as for the others: by the first measure, on a
/// part held out of what is learned from, with other seeds.
protocol Experiment: SendableMetatype {
  /// What it is called on the command line.
  static var name: String { get }
  /// The claim, in a sentence.
  static var claim: String { get }
  /// Whose claim: authors, title, venue, link.
  static var paper: String { get }
  /// What it is tried on, and with how much training.
  static var data: String { get }
  /// The file of the experiment, `#fileID`.
  static var file: String { get }
  /// The files whose change makes results stale, from the root of the repository.
  static var sources: [String] { get }
  /// What differs between conditions, such as "batch size".
  static var conditionName: String { get }
  /// The conditions.
  static var conditions: [String] { get }
  /// What is compared, the baseline first.
  static var arms: [String] { get }
  /// What is measured, with its unit; the first one is plotted and the larger, the better.
  static var measures: [String] { get }

  /// What is chosen for every arm, such as "temperature".
  static var settingName: String { get }
  /// What there is to choose from; one for nothing to choose.
  static func settings(of arm: String) -> [String]
  /// The conditions that a choice is made under, by the mean over them.
  static var choiceConditions: [String] { get }
  /// The number of seeds that a choice is made by.
  static var choiceSeeds: Int { get }

  /// Reads the data: those to learn from, and those of `options.part` to judge by.
  init(_ options: ExperimentOptions) throws

  /// One run.
  ///
  /// - Returns: a value a measure.
  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double]

  /// How scores were spread in training, by arm; nothing by default.
  var heaps: [String: SimilarityHistogram] { get }

  /// What the numbers say about the claim.
  static func verdict(_ record: ExperimentRecord) -> Verdict
}

extension Experiment {
  static var settingName: String { "setting" }
  static func settings(of arm: String) -> [String] { [""] }
  static var choiceConditions: [String] { conditions }
  static var choiceSeeds: Int { 2 }
  var heaps: [String: SimilarityHistogram] { [:] }

  /// The verdict on a result; none where it is one of other arms, conditions or measures.
  static func verdict(onStored record: ExperimentRecord) -> Verdict? {
    record.arms == arms && record.conditions == conditions && record.measures == measures
      ? verdict(record) : nil
  }
}

/// How an experiment is to be run.
struct ExperimentOptions {
  /// The folder of data sets.
  var data = "data"
  /// What to judge by.
  var part = Part.test
  /// The number of seeds.
  var seeds = 3
  /// The number of threads.
  var threads = 1
  /// Whether only to see that it runs: one seed, little training, nothing stored.
  var isQuick = false

  /// A part of the data to judge by.
  enum Part: Hashable {
    /// Held out of what is learned from, to choose settings by.
    case choice
    /// What results are taken on.
    case test
  }

  /// `count`, or a small part of it in a quick run.
  func budget(_ count: Int) -> Int { isQuick ? max(1, count / 20) : count }
}
