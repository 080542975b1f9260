public import Storage

extension MappedArray where Element: TensorScalar {
  /// Keeps the array's memory alive as long as a tensor uses it.
  private final class Owner {
    let array: MappedArray
    init(_ array: MappedArray) { self.array = array }
  }

  /// The elements as a vector that shares their memory; it must not be written to.
  public func tensor() -> Tensor {
    let owner = Owner(self)
    return withUnsafeBufferPointer { elements in
      do throws(TorchError) {
        // The storage is immutable and never moves, so the address outlives this closure.
        return try Tensor(
          borrowing: elements.baseAddress!, shape: [count], dtype: Element.dtype, owner: owner)
      } catch {
        refuse(error)
        return .placeholder
      }
    }
  }
}
