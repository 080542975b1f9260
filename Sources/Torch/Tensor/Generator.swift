internal import CTorch

/// A seeded source of random numbers.
///
/// Everything random in Decant takes a generator. There is no hidden global state, so a result
/// depends only on the arguments. A generator is locked during each draw; several threads that
/// share one must arrange the order of their draws themselves.
public final class Generator: @unchecked Sendable {
  let pointer: ct_generator
  /// The device whose operators draw from it.
  public let device: Device

  /// Creates a generator that yields the same numbers for the same seed and device.
  ///
  /// - Throws: `TorchError` when the device does not exist.
  public init(seed: UInt64, device: Device) throws(TorchError) {
    try Runtime.load()
    var made: ct_generator?
    let kind = device.kind == .rehearsal ? Device.Kind.cpu : device.kind
    try TorchError.check(
      ct_generator_new(kind.rawValue, Int32(device.index ?? -1), seed, &made))
    pointer = made!
    self.device = device
  }

  /// Creates a CPU generator; it yields the same numbers as PyTorch for the same seed.
  ///
  /// Ends the process without libtorch; see `Runtime`.
  public convenience init(seed: UInt64) {
    Runtime.require()
    do {
      try self.init(seed: seed, device: .cpu)
    } catch {
      fatalError(error.message)
    }
  }

  deinit { ct_generator_release(pointer) }

  /// The generator's position in its sequence, as opaque bytes; setting it returns to that
  /// position.
  public var state: Tensor {
    get {
      var result: ct_tensor?
      let code = withExtendedLifetime(self) { ct_generator_state(pointer, &result) }
      guard code == 0, let result else {
        refuse(TorchError.last(code))
        return .placeholder
      }
      return Tensor(owned: result)
    }
    set {
      let code = withExtendedLifetime((self, newValue)) {
        ct_generator_set_state(pointer, newValue.pointer)
      }
      if code != 0 { refuse(TorchError.last(code)) }
    }
  }
}
