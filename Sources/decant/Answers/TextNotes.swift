import Datasets
import Models

/// Notes about the texts, each printed once.
final class TextNotes {
  /// The line below a text of which the model knows no feature.
  static let unknown = "  nothing known: the model knows no word of this text"

  private var saidUnknown = false
  private var saidCut = false

  /// Notes the first unknown text and the first cut text on standard error.
  func say(isKnown: Bool, isCut: Bool, by model: TrainedModel) {
    if !isKnown, !saidUnknown {
      saidUnknown = true
      StandardStreams.note("some texts contain no word that the model knows")
    }
    if isCut, !saidCut {
      saidCut = true
      let limit = model.configuration.features.maximumWordCount
      StandardStreams.note(
        "some texts have more than \(limit) words; the rest is cut off (the model was trained with "
          + "features.maximumWordCount \(limit))")
    }
  }
}
