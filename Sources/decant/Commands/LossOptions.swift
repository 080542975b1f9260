import ArgumentParser
import Learning
import Training

/// The options of `decant train` that say what is minimised.
struct LossOptions: ParsableArguments {
  enum Name: String, ExpressibleByArgument, CaseIterable {
    case decoupledSoftmax = "decoupled-softmax"
    case infoNCE = "infonce"
    case binaryCrossEntropy = "bce"
    case softTopK = "soft-top-k"
    case squaredHinge = "squared-hinge"
    case mlcd
    case zLoss = "z-loss"

    /// The loss with its usual settings.
    var loss: TrainingLoss {
      switch self {
      case .decoupledSoftmax: .decoupledSoftmax(.init())
      case .infoNCE: .infoNCE(.init())
      case .binaryCrossEntropy: .binaryCrossEntropy(.init())
      case .softTopK: .softTopK(.init())
      case .squaredHinge: .squaredHinge(.init())
      case .mlcd: .mlcd(.init())
      case .zLoss: .zLoss(.init())
      }
    }

    init(of loss: TrainingLoss) {
      self =
        switch loss {
        case .decoupledSoftmax: .decoupledSoftmax
        case .infoNCE: .infoNCE
        case .binaryCrossEntropy: .binaryCrossEntropy
        case .softTopK: .softTopK
        case .squaredHinge: .squaredHinge
        case .mlcd: .mlcd
        case .zLoss: .zLoss
        }
    }
  }

  /// A number of places, as many as a document has labels, or the larger of the two.
  struct Places: ExpressibleByArgument {
    var places: SoftTopKLoss.Places

    init?(argument: String) {
      if argument == "labels" {
        places = .positives
      } else if let count = Int(argument), count > 0 {
        places = .fixed(count)
      } else if argument.hasSuffix("+"), let count = Int(argument.dropLast()), count > 0 {
        places = .atLeast(count)
      } else {
        return nil
      }
    }
  }

  @Option(help: "What is minimised (default: decoupled-softmax).")
  var loss: Name?

  @Option(help: "What scores are divided by (default: 1, or 0.05 for embeddings of unit length).")
  var temperature: Double?

  @Flag(inversion: .prefixedNo, help: "Whether the temperature is learnt (default: no).")
  var learnTemperature: Bool?

  @Option(
    help: ArgumentHelp(
      """
      K of soft-top-k: a number; \"labels\" for as many as a document has; a number and a plus for \
      the larger of the two (default: 5+).
      """,
      valueName: "places"))
  var topKPlaces: Places?

  @Option(
    help: ArgumentHelp(
      "How hard the threshold of soft-top-k is (default: 2).", valueName: "sharpness"))
  var topKSharpness: Double?

  func validate() throws {
    for (name, value) in [("temperature", temperature), ("top-k-sharpness", topKSharpness)] {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("--\(name) is \(value); it must be greater than 0.")
      }
    }
  }

  /// These options over `current`.
  ///
  /// - Parameters:
  ///   - usualTemperature: that of a new run whose options name none; nil keeps the current one.
  /// - Throws: `ValidationError` when an option belongs to another loss.
  func applied(to current: TrainingLoss, usualTemperature: Double?) throws -> TrainingLoss {
    var result = current
    if let loss, loss != Name(of: current) {
      result = loss.loss.with(temperature: current.temperature)
    }
    if let temperature = temperature ?? usualTemperature {
      result = result.with(temperature: temperature)
    }
    guard topKPlaces != nil || topKSharpness != nil else { return result }
    guard case .softTopK(var search) = result else {
      throw ValidationError("--top-k-places and --top-k-sharpness belong to --loss soft-top-k.")
    }
    if let topKPlaces { search.places = topKPlaces.places }
    if let topKSharpness { search.sharpness = topKSharpness }
    return .softTopK(search)
  }
}
