import Evaluation

/// A claim of a paper, with the test of whether it holds here.
///
/// Every arm runs under every condition with every seed; the first arm is the baseline. Free
/// settings are tuned beforehand, for the baseline as for the others: by the first measure, on a
/// held-out part of the training data, with separate seeds.
protocol Experiment: Dependent {
  /// A method.
  associatedtype Arm: Named
  /// A value of the variable that differs between runs.
  associatedtype Condition: Named
  /// The free hyperparameters of an arm.
  associatedtype Setting: Named = NoSetting

  /// The name on the command line.
  static var name: String { get }
  /// The claim, in one sentence.
  static var claim: String { get }
  /// The paper: authors, title, venue, link.
  static var paper: String { get }
  /// The data and the amount of training.
  static var data: String { get }
  /// The variable that differs between conditions, such as "batch size".
  static var conditionName: String { get }
  /// The conditions.
  static var conditions: [Condition] { get }
  /// The methods compared, baseline first.
  static var arms: [Arm] { get }
  /// The measures with their units; the first one is plotted, and larger is better.
  static var measures: [String] { get }

  /// The setting tuned for every arm, such as "temperature".
  static var settingName: String { get }
  /// The candidate settings; a single one means nothing is tuned.
  static func settings(of arm: Arm) -> [Setting]
  /// The conditions used for tuning, by the mean over them.
  static var choiceConditions: [Condition] { get }
  /// The number of seeds used for tuning.
  static var choiceSeeds: Int { get }

  /// Reads the training data, and the evaluation data of `options.part`.
  init(_ options: ExperimentOptions) throws

  /// One run.
  ///
  /// - Returns: one value per measure.
  func run(arm: Arm, condition: Condition, setting: Setting, seed: UInt64) throws -> [Double]

  /// The distribution of scores in training, by arm; empty by default.
  var heaps: [Arm: SimilarityHistogram] { get }

  /// The verdict on the claim, from the numbers.
  static func verdict(_ record: Results<Self>) -> Verdict
}

extension Experiment {
  static var settingName: String { "setting" }
  static var choiceConditions: [Condition] { conditions }
  static var choiceSeeds: Int { 2 }
  var heaps: [Arm: SimilarityHistogram] { [:] }

  /// The verdict on a stored result; nil if its arms, conditions or measures differ.
  static func verdict(onStored record: ExperimentRecord) -> Verdict? {
    record.arms == arms.map(\.name) && record.conditions == conditions.map(\.name)
      && record.measures == measures ? verdict(Results(record)) : nil
  }
}

extension Experiment where Arm: CaseIterable {
  static var arms: [Arm] { Array(Arm.allCases) }
}

extension Experiment where Condition: CaseIterable {
  static var conditions: [Condition] { Array(Condition.allCases) }
}

extension Experiment where Setting == NoSetting {
  static func settings(of arm: Arm) -> [NoSetting] { [.none] }
}

/// The options of an experiment.
struct ExperimentOptions {
  /// The folder of data sets.
  var data = "data"
  /// The part to evaluate on.
  var part = Part.test
  /// The number of seeds.
  var seeds = 3
  /// The number of threads.
  var threads = 1
  /// Whether to run only as a smoke test: one seed, little training, nothing stored.
  var isQuick = false

  /// A part of the data to evaluate on.
  enum Part: Hashable {
    /// Held out of the training data, for tuning settings.
    case choice
    /// The test data, for results.
    case test
  }

  /// `count`, or a small part of it in a quick run.
  func budget(_ count: Int) -> Int { isQuick ? max(1, count / 20) : count }
}
