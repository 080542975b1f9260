import ArgumentParser
import Models

/// `--dimensions` of the commands that use the embeddings of a run.
struct DimensionsOption: ParsableArguments {
  @Option(
    name: .customLong("dimensions"),
    help: ArgumentHelp(
      """
      Use only the first of the run's dimensions, this many; best for a run that was trained with \
      --nested (default: all).
      """, visibility: .rare))
  var count: Int?

  /// The model cut to as many dimensions, with a note if it was not trained for that.
  ///
  /// - Parameter quiet: leaves the note to another process.
  func applied(to model: TrainedModel, quiet: Bool = false) throws -> TrainedModel {
    guard let count else { return model }
    let result = try model.truncated(to: count)
    guard !quiet else { return result }
    for note in result.truncationNotes { StandardStreams.note(note) }
    return result
  }
}
