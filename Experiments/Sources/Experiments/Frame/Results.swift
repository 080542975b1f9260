/// The numbers of an experiment's record, by its arms and conditions.
struct Results<Tried: Experiment> {
  private let record: ExperimentRecord

  init(_ record: ExperimentRecord) { self.record = record }

  /// The seeds, ascending.
  var seeds: [UInt64] { record.seeds }

  /// The values of one measure, by ascending seed.
  func values(_ arm: Tried.Arm, _ condition: Tried.Condition, measure: Int = 0) -> [Double] {
    record.values(arm.name, condition.name, measure: measure)
  }

  /// Their mean and spread.
  func spread(
    _ arm: Tried.Arm, _ condition: Tried.Condition, measure: Int = 0
  ) -> ExperimentRecord.Spread {
    record.spread(arm.name, condition.name, measure: measure)
  }

  /// How much better an arm is than another, seed by seed.
  func gain(
    _ arm: Tried.Arm, over other: Tried.Arm, _ condition: Tried.Condition, measure: Int = 0
  ) -> PairedGain {
    record.gain(arm.name, over: other.name, condition.name, measure: measure)
  }

  /// How much better an arm is under one condition than under another, seed by seed.
  func gain(
    of arm: Tried.Arm, _ condition: Tried.Condition, over other: Tried.Condition, measure: Int = 0
  ) -> PairedGain {
    let pairs = zip(
      values(arm, condition, measure: measure), values(arm, other, measure: measure))
    return PairedGain(pairs.map { $0 - $1 })
  }

  /// How much less an arm varies between conditions than another, from best to worst, seed by seed.
  func steadiness(_ arm: Tried.Arm, over other: Tried.Arm, measure: Int = 0) -> PairedGain {
    record.steadiness(arm.name, over: other.name, measure: measure)
  }
}
