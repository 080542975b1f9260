internal import CTorch

extension SparsePlaces {
  /// The weighted sums of a matrix's rows, `[U, H · D]`.
  ///
  /// - Parameters:
  ///   - dense: `[V, H · D]`.
  ///   - weights: `[E, H]`, or `[E]` for one head; 1 if nil.
  /// - Returns: a row for each row of the sparse matrix; 0 where it has no entry.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes agree; one dtype.
  /// - Complexity: O(E · H · D) time; memory of the result.
  public func sums(of dense: Tensor, weights: Tensor? = nil) throws -> Tensor {
    precondition(
      dense.dimensionCount == 2 && dense.size(along: 0) == columnCount,
      "rows of shape \(dense.shape) for \(columnCount) columns")
    guard let weights else {
      let function = CustomFunction<Void>("SparseSums", isTwiceDifferentiable: true) { inputs in
        ([try self.computedSums(of: inputs[0], weights: nil, heads: 1)], ())
      } backward: { _, gradients in
        [try gradients[0].map { try transposed.sums(of: $0) }]
      }
      return try function(dense)[0]
    }
    let byHead = perHead(weights)
    let heads = byHead.size(along: 1)
    precondition(
      heads > 0 && dense.size(along: 1) % heads == 0,
      "rows of \(dense.size(along: 1)) numbers for \(heads) heads")
    let function = CustomFunction<Void>("SparseSums", isTwiceDifferentiable: true) { inputs in
      ([try self.computedSums(of: inputs[0], weights: inputs[1], heads: heads)], ())
    } backward: { context, gradients in
      guard let gradient = gradients[0] else { return [nil, nil] }
      return [
        context.needsGradient[0]
          ? try transposed.sums(of: gradient, weights: context.inputs[1]) : nil,
        context.needsGradient[1]
          ? try products(gradient, context.inputs[0], heads: heads) : nil,
      ]
    }
    return try function(dense, byHead)[0]
  }

  /// The sums of the entries' own numbers over each row, `[U, H]`.
  ///
  /// - Parameter values: `[E, H]`, or `[E]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: a row for each entry.
  public func rowSums(of values: Tensor) throws -> Tensor {
    let function = CustomFunction<Void>("SparseRowSums", isTwiceDifferentiable: true) { inputs in
      ([try self.computedRowSums(of: inputs[0])], ())
    } backward: { _, gradients in
      [try gradients[0].map { try spread($0) }]
    }
    return try function(perHead(values))[0]
  }

  /// The number of its row at each entry, `[E, H]`.
  ///
  /// - Parameter rowValues: `[U, H]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: a row for each row of the sparse matrix.
  public func spread(_ rowValues: Tensor) throws -> Tensor {
    precondition(
      rowValues.dimensionCount == 2 && rowValues.size(along: 0) == rowCount,
      "\(rowValues.shape) for \(rowCount) rows")
    let function = CustomFunction<Void>("SparseSpread", isTwiceDifferentiable: true) { inputs in
      ([inputs[0].gathered(rows: rows)], ())
    } backward: { _, gradients in
      [try gradients[0].map { try rowSums(of: $0) }]
    }
    return try function(rowValues)[0]
  }

  /// The inner product of a row of `left` with a row of `right` for each entry, `[E, H]`.
  ///
  /// - Parameters:
  ///   - left: `[U, H · D]`.
  ///   - right: `[V, H · D]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes agree; one dtype.
  /// - Complexity: O(E · H · D) time; memory of the result.
  public func products(_ left: Tensor, _ right: Tensor, heads: Int = 1) throws -> Tensor {
    precondition(
      left.dimensionCount == 2 && right.dimensionCount == 2 && left.size(along: 0) == rowCount
        && right.size(along: 0) == columnCount && left.size(along: 1) == right.size(along: 1)
        && heads > 0 && left.size(along: 1) % heads == 0,
      "\(left.shape) and \(right.shape) for \(rowCount) × \(columnCount) and \(heads) heads")
    let function = CustomFunction<Void>("SparseProducts", isTwiceDifferentiable: true) { inputs in
      ([try self.computedProducts(inputs[0], inputs[1], heads: heads)], ())
    } backward: { context, gradients in
      guard let gradient = gradients[0] else { return [nil, nil] }
      return [
        context.needsGradient[0] ? try sums(of: context.inputs[1], weights: gradient) : nil,
        context.needsGradient[1]
          ? try transposed.sums(of: context.inputs[0], weights: gradient) : nil,
      ]
    }
    return try function(left, right)[0]
  }

  /// The softmax of the entries' scores over each row and for each head, `[E, H]`.
  ///
  /// - Parameter scores: `[E, H]`, or `[E]`. A row whose scores are all −∞ has shares of 0.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: a row for each entry.
  public func softmax(_ scores: Tensor) throws -> Tensor {
    let function = CustomFunction<Void>("SparseSoftmax", isTwiceDifferentiable: true) { inputs in
      ([try self.computedSoftmax(inputs[0])], ())
    } backward: { context, gradients in
      guard let gradient = gradients[0] else { return [nil] }
      // Computed again, so that the gradient can be differentiated.
      let shares = try softmax(context.inputs[0])
      let weighted = shares * gradient
      return [weighted - shares * (try spread(rowSums(of: weighted)))]
    }
    return try function(perHead(scores))[0]
  }

  private func perHead(_ values: Tensor) -> Tensor {
    precondition(
      (1...2).contains(values.dimensionCount) && values.size(along: 0) == entryCount,
      "\(values.shape) for \(entryCount) entries")
    return values.dimensionCount == 2 ? values : values.expandingDimension(at: 1)
  }
}

// The computations, without gradients.
extension SparsePlaces {
  private static func hasKernels(_ tensor: Tensor) -> Bool {
    tensor.device.kind == .cpu && (tensor.dtype == .float32 || tensor.dtype == .float64)
  }

  private func callKernel(
    _ inputs: [Tensor?], _ result: Tensor,
    _ kernel: (UnsafePointer<ct_places>, [ct_tensor?], ct_tensor) -> Int32
  ) throws -> Tensor {
    try throwRefusal()
    let inputs = inputs.map { $0?.contiguous() }
    let code = withExtendedLifetime((inputs, byRow)) {
      var places = ct_places(
        offsets: byRow.offsets.pointer, columns: byRow.columns.pointer,
        order: byRow.order?.pointer, column_count: Int64(columnCount))
      return kernel(&places, inputs.map { $0?.pointer }, result.pointer)
    }
    try TorchError.check(code)
    return result
  }

  func computedSums(of dense: Tensor, weights: Tensor?, heads: Int) throws -> Tensor {
    let width = dense.size(along: 1)
    guard Self.hasKernels(dense) else {
      let messages = dense.gathered(rows: columns)
      let weighted =
        weights.map {
          (messages.reshaped([entryCount, heads, width / heads])
            * $0.expandingDimension(at: 2)).reshaped([entryCount, width])
        } ?? messages
      return Tensor.zeros([rowCount, width], dtype: dense.dtype, device: dense.device)
        .addingRows(weighted, at: rows)
    }
    return try callKernel(
      [weights, dense], .uninitialized([rowCount, width], dtype: dense.dtype)
    ) { ct_sparse_sums($0, Int64(heads), $1[0], $1[1], $2) }
  }

  func computedRowSums(of values: Tensor) throws -> Tensor {
    let heads = values.size(along: 1)
    guard Self.hasKernels(values) else {
      return Tensor.zeros([rowCount, heads], dtype: values.dtype, device: values.device)
        .addingRows(values, at: rows)
    }
    return try callKernel([values], .uninitialized([rowCount, heads], dtype: values.dtype)) {
      ct_sparse_sums($0, Int64(heads), $1[0], nil, $2)
    }
  }

  func computedProducts(_ left: Tensor, _ right: Tensor, heads: Int) throws -> Tensor {
    guard Self.hasKernels(left) else {
      let shape = [entryCount, heads, left.size(along: 1) / heads]
      return
        (left.gathered(rows: rows).reshaped(shape)
        * right.gathered(rows: columns).reshaped(shape)).sum(along: 2)
    }
    return try callKernel(
      [left, right], .uninitialized([entryCount, heads], dtype: left.dtype)
    ) { ct_sparse_products($0, $1[0], $1[1], $2) }
  }

  func computedSoftmax(_ scores: Tensor) throws -> Tensor {
    guard Self.hasKernels(scores) else {
      let peaks = Tensor.full(
        [rowCount, scores.size(along: 1)], -.infinity, dtype: scores.dtype, device: scores.device
      ).maximum(withRows: scores, at: rows)
      let shifted = (scores - peaks.gathered(rows: rows)).replacing(
        where: scores.isEqual(to: -.infinity), with: -.infinity)
      let powers = shifted.exp()
      let totals = Tensor.zeros(like: peaks).addingRows(powers, at: rows)
      let shares = powers / totals.gathered(rows: rows)
      return shares.replacing(where: powers.isEqual(to: 0), with: 0)
    }
    return try callKernel(
      [scores], .uninitialized(scores.shape, dtype: scores.dtype)
    ) { ct_sparse_softmax($0, $1[0], $2) }
  }
}
