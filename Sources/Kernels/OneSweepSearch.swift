import Foundation
import Torch

/// A search for thresholds tᵢ with Σⱼ σ(α (sᵢⱼ + tᵢ)) = K that looks at all labels once.
///
/// The sweep needs a cutoff a little below −tᵢ. It keeps the scores above it, about a hundred per
/// query, and four sums over the others, whose sigmoids are nearly exponentials: from both, Σ σ is
/// known for every t. The cutoffs come from first guesses of the thresholds, or from the largest
/// scores of one tile of labels in 16.
struct OneSweepSearch {
  /// `[B]`, float64: K; 0 in rows without a threshold.
  let places: Tensor
  /// α > 0.
  let sharpness: Double
  /// `[B]`, float64: first guesses, NaN for none.
  let start: Tensor?

  /// The most scores that are wanted above a cutoff; the number kept for each.
  private static let mostWanted = 512.0
  private static let room = 4.0
  /// α times the distance of a cutoff from a guess: σ is 0.03 there, and 0.08 if the guess is wrong
  /// by 1 / α.
  private static let margin = 3.5
  private static let fewestTiles = 32
  private static let longestStride = 16

  /// `[B]`: how many scores to have above the cutoff.
  ///
  /// The last of them has σ < K / 8K, wherever the others are.
  private var wanted: Tensor { places * 8 + 64 }

  /// The number of scores that are kept of a row.
  var limit: Int { Int(min(Self.mostWanted, wanted.maximum().scalar) * Self.room) }

  /// Whether the scores above the cutoffs are few among the labels, in most rows.
  func suits(labelCount: Int) -> Bool {
    let most = min(Self.mostWanted, Double(labelCount) / 8)
    return wanted.isGreater(than: most).converted(to: .float64).mean().scalar < 0.25
  }

  /// The cutoffs: `[B]`, float32 numbers in float64.
  ///
  /// - Parameters:
  ///   - tileCount: the number of tiles that the labels have.
  ///   - peaks: the maxima of 64 parts of the scores in every n-th tile, `[64, B]`.
  func cutoffs(tileCount: Int, peaks: (_ stride: Int) -> Tensor) -> Tensor {
    let guessed = start.map { -$0 - Self.margin / sharpness }
    let isGuessed = guessed?.isFinite()
    let cutoffs: Tensor
    if let guessed, let isGuessed {
      cutoffs =
        isGuessed.allTrue()
        ? guessed
        : guessed.replacing(where: isGuessed.logicalNot(), with: 0)
          + sampled(tileCount, peaks).replacing(where: isGuessed, with: 0)
    } else {
      cutoffs = sampled(tileCount, peaks)
    }
    let rounded = cutoffs.converted(to: .float32).converted(to: .float64)
    // Far above all scores: the sweep then tells nothing about this row.
    return rounded.replacing(where: rounded.isFinite().logicalNot(), with: 1e30)
  }

  private func sampled(_ tileCount: Int, _ peaks: (_ stride: Int) -> Tensor) -> Tensor {
    let stride = max(1, min(Self.longestStride, tileCount / Self.fewestTiles))
    let sorted = peaks(stride).sorted(along: 0, descending: true).values
    // m scores thrown into n parts leave n e^(−m / n) of them empty.
    let parts = Double(sorted.size(along: 0))
    let filled = ((wanted * (-1 / Double(stride) / parts)).exp() * -parts + parts)
    let last = (filled - 0.5).maximum(.zeros(like: filled)).converted(to: .int64)
    return sorted.gathered(at: last.expandingDimension(at: 0), along: 0)[0]
  }
}
