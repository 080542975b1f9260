import Foundation
package import Torch

extension Tensor {
  /// cos(θ + m) for cosines cos θ: cos θ cos m − sin θ sin m.
  ///
  /// sin θ has gradient 0 below 1e-6, because the true one is infinite at 0.
  package func cosines(ofAnglesEnlargedBy margin: Double) -> Tensor {
    let sine = (1 - squared()).clamped(from: 1e-12).squareRoot()
    return self * cos(margin) - sine * sin(margin)
  }
}
