/// The area under the ROC curve, by ranks; ties count half.
func rankedArea(_ scored: [(score: Double, isPositive: Bool)]) -> Double {
  let sorted = scored.sorted { $0.score < $1.score }
  var (sum, start) = (0.0, 0)
  while start < sorted.count {
    let end = sorted[start...].firstIndex { $0.score > sorted[start].score } ?? sorted.count
    let rank = Double(start + end + 1) / 2
    sum += rank * Double(sorted[start..<end].count { $0.isPositive })
    start = end
  }
  let positives = Double(sorted.count { $0.isPositive })
  return (sum - positives * (positives + 1) / 2)
    / (positives * (Double(sorted.count) - positives))
}
