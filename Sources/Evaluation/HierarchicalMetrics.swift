public import Storage

/// Precision, recall and F1 of predicted labels together with the labels above them.
///
/// A predicted label that is wrong counts in part if it shares ancestors with a true one. With Pᵢ the
/// predicted labels of document i and Tᵢ its true labels, each with all labels above it:
///
///     hP = Σᵢ |Pᵢ ∩ Tᵢ| / Σᵢ |Pᵢ|
///     hR = Σᵢ |Pᵢ ∩ Tᵢ| / Σᵢ |Tᵢ|
///     hF = 2 hP hR / (hP + hR)
///
/// 0 / 0 is 0. Documents without true labels are left out.
///
/// - Paper: Kiritchenko, Matwin, Nock, Famili. Learning and Evaluation in the Presence of Class
///   Hierarchies: Application to Text Categorization. Canadian AI 2006, section 3.
///   <https://doi.org/10.1007/11766247_34>. Kosmopoulos, Partalas, Gaussier, Paliouras, Androutsopoulos.
///   Evaluation measures for hierarchical classification. DMKD 2015, section 3.2.2.
///   <https://arxiv.org/abs/1306.6802>
/// - Units: percent, over all documents together.
/// - Departures: the papers leave out a root that all labels share; a vocabulary has none unless a
///   label is above all others, which then counts.
public struct HierarchicalMetrics: Codable, Hashable, Sendable {
  /// In percent.
  public var precision, recall, f1: Double

  /// Compares decisions with the true labels.
  ///
  /// - Parameters:
  ///   - predicted: returns the predicted labels of a document.
  ///   - truth: `[documents, labels]`.
  ///   - parents: `[nodes, nodes]`; the labels directly above each node, without cycles. Nodes begin
  ///     with the labels of a model; later columns of `truth` that are not nodes have no parents.
  /// - Complexity: O(labels of a document · ancestors) time and O(ancestors of a document) memory.
  public init<Labels: Sequence<Int32>>(
    predicted: (Int) -> Labels, truth: CSRMatrix, parents: CSRMatrix
  ) {
    var (common, given, wanted) = (0, 0, 0)
    for row in 0..<truth.rowCount where !truth.entries(ofRow: row).isEmpty {
      let right = Self.closure(of: truth.columns(ofRow: row), parents)
      let decided = Self.closure(of: predicted(row), parents)
      common += right.intersection(decided).count
      given += decided.count
      wanted += right.count
    }
    func percent(_ a: Int, of b: Int) -> Double { b > 0 ? 100 * Double(a) / Double(b) : 0 }
    precision = percent(common, of: given)
    recall = percent(common, of: wanted)
    f1 = percent(2 * common, of: given + wanted)
  }

  /// Labels with all nodes above them.
  private static func closure(of labels: some Sequence<Int32>, _ parents: CSRMatrix) -> Set<Int32> {
    var nodes: Set<Int32> = []
    var open = Array(labels)
    while let node = open.popLast() {
      guard nodes.insert(node).inserted, Int(node) < parents.rowCount else { continue }
      open.append(contentsOf: parents.columns(ofRow: Int(node)))
    }
    return nodes
  }
}
