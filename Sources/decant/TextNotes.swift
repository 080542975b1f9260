import Datasets
import Training

/// Says once what a reader of answers should know of the texts.
final class TextNotes {
  /// What stands below a text that the model knows nothing of.
  static let unknown = "  no known word: nothing in this text can tell labels apart"

  private var saidUnknown = false
  private var saidCut = false

  /// Says of the first text of each kind what is the matter with it, on standard error.
  func say(isKnown: Bool, isCut: Bool, by model: TrainedModel) {
    if !isKnown, !saidUnknown {
      saidUnknown = true
      StandardStreams.note("there are texts without a word that the model knows")
    }
    if isCut, !saidCut {
      saidCut = true
      let limit = model.configuration.features.maximumWordCount
      StandardStreams.note(
        "there are texts of more than \(limit) words; what follows them is cut off (the model was "
          + "trained with features.maximumWordCount \(limit))")
    }
  }
}
