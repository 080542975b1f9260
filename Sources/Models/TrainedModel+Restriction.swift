import Storage

/// Labels to rank, and labels to leave out.
public struct LabelRestriction: Hashable, Sendable {
  /// The only labels to rank; nil for all.
  public var only: Set<String>?
  /// Labels that are not ranked.
  public var except: Set<String>

  /// Creates a restriction; by default of nothing.
  public init(only: Set<String>? = nil, except: Set<String> = []) {
    self.only = only
    self.except = except
  }

  /// Whether all labels are ranked.
  public var isEmpty: Bool { only == nil && except.isEmpty }

  /// Whether a label is ranked.
  public func allows(_ label: String) -> Bool {
    only?.contains(label) ?? true && !except.contains(label)
  }
}

extension TrainedModel {
  /// The same model that ranks only some of its labels.
  ///
  /// The scores and probabilities of these labels stay as they are. A restriction costs one byte per
  /// label.
  ///
  /// - Throws: `ValueError` if no label is left.
  public func restricted(to restriction: LabelRestriction) throws -> TrainedModel {
    var result = self
    result.candidates = nil
    guard !restriction.isEmpty else { return result }
    let candidates = labelIDs.map(restriction.allows)
    guard candidates.contains(true) else {
      throw ValueError(
        "labels", reason: "none of the model's \(labelIDs.count) labels is left to rank",
        expected: "at least one")
    }
    result.candidates = candidates
    return result
  }
}
