import ArgumentParser
import Evaluation

/// The literature's constants for the weight of rare labels in PSP.
enum PropensityName: String, ExpressibleByArgument, CaseIterable {
  case standard, wikipedia, amazon

  var value: InversePropensity {
    switch self {
    case .standard: .standard
    case .wikipedia: .wikipedia
    case .amazon: .amazon
    }
  }
}
