/// A type whose results depend on other types.
protocol Dependent: SendableMetatype {
  /// The types that determine the results, without those that one of these already names.
  ///
  /// A change in one of their files makes results stale.
  static var uses: [Any.Type] { get }
}
