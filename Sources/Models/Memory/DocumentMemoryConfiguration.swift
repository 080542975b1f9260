/// The settings of a `DocumentMemory`.
public struct DocumentMemoryConfiguration: Codable, Hashable, Sendable {
  /// K: the number of neighbours.
  ///
  /// At the default temperature, farther neighbours have next to no weight.
  public var neighbours: Int
  /// τ: the temperature of the neighbours' weights.
  public var temperature: Double
  /// λ: the weight of the memory in the score.
  ///
  /// The defaults of τ and λ are those that never lost on seven held-out parts; see
  /// `Benchmarks/results/memory.md`.
  public var weight: Double

  /// Describes a memory.
  public init(neighbours: Int = 64, temperature: Double = 0.05, weight: Double = 1) {
    self.neighbours = neighbours
    self.temperature = temperature
    self.weight = weight
  }

  static let settings: [Setting] = [
    Setting("neighbours", "Nearest training documents.", .count, .model("memory-neighbours")),
    Setting(
      "temperature", "Softmax temperature of the neighbours' cosines.", .positive,
      .model("memory-temperature")),
    Setting(
      "weight", "Weight of the neighbours' labels in the score.", .notNegative,
      .model("memory-weight")),
  ]
}
