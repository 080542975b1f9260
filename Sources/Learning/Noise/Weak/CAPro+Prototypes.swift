public import Torch

extension CAPro {
  /// The rows whose texts are the nearest to the definition of their class, ascending.
  ///
  /// - Parameters:
  ///   - texts: `[N, T]`, an embedding of each example's text.
  ///   - definitions: `[C, T]`, an embedding of each class's definition.
  ///   - classes: the given class of each example.
  public func selected(texts: Tensor, definitions: Tensor, classes: [Int]) throws -> [Int] {
    let cosines = try withoutGradients {
      try checked {
        let own = definitions.normalized().gathered(rows: Tensor(classes).moved(to: texts.device))
        return (texts.normalized() * own).sum(along: 1).doubles()
      }
    }
    let members = Dictionary(grouping: classes.indices) { classes[$0] }
    return members.values.flatMap { rows in
      rows.sorted { (-cosines[$0], $0) < (-cosines[$1], $1) }.prefix(selection)
    }.sorted()
  }

  /// The unit mean of each class's embeddings, `[C, D]`; 0 for a class without any.
  public func prototypes(
    embeddings: Tensor, classes: [Int], classCount: Int
  ) throws -> Tensor {
    try withoutGradients {
      try checked {
        Tensor.zeros(
          [classCount, embeddings.size(along: 1)], dtype: embeddings.dtype,
          device: embeddings.device
        ).addingRows(embeddings.normalized(), at: Tensor(classes).moved(to: embeddings.device))
          .normalized()
      }
    }
  }

  /// The prototypes after a batch of kept examples, in order.
  public func updated(_ prototypes: Tensor, embeddings: Tensor, classes: [Int]) throws -> Tensor {
    try withoutGradients {
      try checked {
        // Of k examples of a class the i-th keeps m^(k − i).
        var later = [Double](repeating: 1, count: prototypes.size(along: 0))
        var weights: [Double] = []
        for name in classes.reversed() {
          weights.append((1 - momentum) * later[name])
          later[name] *= momentum
        }
        func column(_ numbers: [Double]) -> Tensor {
          Tensor(numbers, shape: [numbers.count, 1]).converted(to: prototypes.dtype)
            .moved(to: prototypes.device)
        }
        return (prototypes * column(later)).addingRows(
          embeddings.normalized() * column(weights.reversed()),
          at: Tensor(classes).moved(to: prototypes.device)
        ).normalized()
      }
    }
  }
}
