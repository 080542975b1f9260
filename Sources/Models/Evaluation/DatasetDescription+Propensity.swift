import Datasets
package import Evaluation

extension DatasetDescription {
  /// The propensity model of rare labels: the data set's, else the standard one.
  package var inversePropensity: InversePropensity {
    propensity.map { InversePropensity(exponent: $0.a, offset: $0.b) } ?? .standard
  }
}
