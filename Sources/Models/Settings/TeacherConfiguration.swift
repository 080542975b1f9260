import Storage

/// The runs whose scores a training learns from, in addition to the documents' labels.
public struct TeacherConfiguration: Codable, Hashable, Sendable {
  /// The folders of the runs, as absolute paths; the teacher's scores are the mean of theirs.
  public var runs: [String]
  /// The weight of the teacher's loss, `DistillationLoss`; that of the labels' loss is 1 minus it.
  public var weight: Double
  /// The number of labels that the teacher lists for each document.
  public var listLength: Int

  /// Describes a teacher.
  public init(runs: [String], weight: Double = 0.9, listLength: Int = 50) {
    self.runs = runs
    self.weight = weight
    self.listLength = listLength
  }

  static let settings: [Setting] = [
    Setting(
      "runs", "Folders of the runs. Relative paths start at the folder of this file.",
      .value(of: [String].self, "a list of folders, such as [\"runs/first\"]"),
      null: "named on the command line", isDerived: true),
    Setting(
      "weight", "Weight of the teacher's loss; the labels' loss has the rest.", .share,
      .teacher("teacher-weight")),
    Setting("listLength", "Labels that the teacher lists for each document.", .count),
  ]
}
