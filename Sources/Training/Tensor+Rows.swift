import Torch

extension Tensor {
  /// Replaces the rows with these indices, in place, by those of `source`.
  func replaceRows(_ indices: [Int64], by source: Tensor) throws {
    _ = try Ops.indexCopyInPlace.results(
      [
        .tensor(self), .int(0), .tensor(Tensor(indices).moved(to: device)),
        .tensor(source.moved(to: device)),
      ])
  }

  private enum Ops {
    static let indexCopyInPlace = Op("aten::index_copy_")
  }
}
