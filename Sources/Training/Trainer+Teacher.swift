import Datasets
import Models
import Storage

extension Trainer {
  /// The documents to learn from, and the teacher's scores of them; those of a training without a
  /// teacher are the labelled ones.
  ///
  /// The scores are kept in the run's folder until the end, so that a resumed run learns from the same.
  func taught(
    _ training: Split, of dataset: Dataset, progress: ProgressBar?
  ) throws -> (split: Split, teacher: TeacherScores?) {
    guard let settings = configuration.teacher else { return (training, nil) }
    let unlabelled = dataset.documentsInNoPart
    let split = training.adding(unlabelled: unlabelled)
    if folder.has(folder.teacher) {
      let kept = try CSRFile.read(folder.teacher)
      if kept.rowCount == split.count, kept.columnCount == dataset.labels.count,
        kept.values?.allSatisfy(\.isFinite) ?? false
      {
        return (split, TeacherScores(scores: kept, unlabelledCount: unlabelled.count))
      }
    }
    progress?.line(
      "the teacher scores \(counted(split.count, "document")), \(unlabelled.count) of them in no part "
        + "of the data set")
    let teacher = try TeacherScores(
      settings, of: split, unlabelledCount: unlabelled.count, in: dataset,
      at: configuration.dataset, threads: configuration.threads, file: folder.configuration)
    try CSRFile.write(teacher.scores, to: folder.teacher)
    return (split, teacher)
  }
}
