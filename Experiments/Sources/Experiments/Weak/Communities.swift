import Storage
import Torch

/// The communities of UCI's Communities and Crime, with the rate of violent crimes in 0 … 1.
struct Communities: Dependent {
  let rows: [[Float]]
  let targets: [Double]
  static var uses: [Any.Type] { [] }

  init(_ options: ExperimentOptions) throws {
    let name = "tabular/communities.data.xz"
    let text = try DataFolder(path: options.data).unpackedText(
      name, origin: "UCI's communities.data, packed with xz")
    // The first five columns identify the community.
    let table = text.split(separator: "\n").map { line in
      line.split(separator: ",").dropFirst(5).map { Double($0) ?? .nan }
    }
    guard let width = table.first?.count, width > 1, table.allSatisfy({ $0.count == width }) else {
      throw InputError(file: name, reason: "rows of different lengths", expected: "a table")
    }
    let whole = (0..<(width - 1)).filter { column in table.allSatisfy { $0[column].isFinite } }
    rows = table.map { row in whole.map { Float(row[$0]) } }
    targets = table.map { $0[width - 1] }
  }

  /// Rows to learn from and rows to judge by: the test part is the same for all seeds.
  func split(
    taught: Int, part: ExperimentOptions.Part, using random: inout SplitMix64
  ) -> (taught: [Int], held: [Int]) {
    var fixed = SplitMix64(0)
    let mixed = rows.indices.shuffled(using: &fixed)
    let order = mixed.dropFirst(600).shuffled(using: &random)
    return (
      Array(order.suffix(taught)),
      part == .test ? Array(mixed.prefix(600)) : Array(order.prefix(300))
    )
  }

  /// Inputs with mean 0 and deviation 1 among the first rows.
  func standardized(_ taught: [Int], _ held: [Int]) -> (Tensor, Tensor) {
    let inputs = Tensor(rows: taught.map { rows[$0] })
    let mean = inputs.mean(along: 0)
    let deviation = inputs.variance(along: 0).squareRoot().clamped(from: 1e-6)
    return (
      (inputs - mean) / deviation, (Tensor(rows: held.map { rows[$0] }) - mean) / deviation
    )
  }
}
