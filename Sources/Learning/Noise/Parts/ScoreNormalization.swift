import Torch

/// The scale of class scores in the losses that are robust to the label distribution.
public enum ScoreNormalization: String, Codable, CaseIterable, Sendable {
  /// Scores as they are, as in the papers' theory.
  case none
  /// Scores divided by the mean of their magnitudes, for each example.
  case magnitude
  /// Softplus of the scores, divided by their mean, for each example.
  case softplus

  /// The scaled scores, `[N, C]`.
  func callAsFunction(_ scores: Tensor) -> Tensor {
    switch self {
    case .none: return scores
    case .magnitude:
      let scale = scores.magnitude().mean(along: 1, keepingDimensions: true)
      return scores / scale.clamped(from: 1e-12)
    case .softplus:
      let positive = scores.softplus()
      return positive / positive.mean(along: 1, keepingDimensions: true).clamped(from: 1e-12)
    }
  }
}

extension ClassScores {
  /// sₖ + c [k ≠ y] − s_y of the scaled scores s, `[N, C]`.
  func margins(of scaled: Tensor, margin: Double) -> Tensor {
    scaled - own(scaled).expandingDimension(at: 1) + margin * (1 - oneHot)
  }
}
