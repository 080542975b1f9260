import Models
import Storage
package import Torch

/// The device that a training computes on.
package enum TrainingDevice {
  /// Opens a device: loads libtorch's part for it, and looks whether it is there.
  ///
  /// A program calls this before its first tensor: libtorch decides once whether it has CUDA.
  ///
  /// - Parameter device: nil for the CPU.
  /// - Throws: `TorchError` of kind `library` if libtorch has no CUDA or the machine no device;
  ///   `ValueError` if there is no device of this number.
  @discardableResult
  package static func opened(_ device: Device?) throws -> Device {
    try Runtime.load()
    guard let device, device.kind == .cuda else {
      guard device?.kind != .rehearsal || isRehearsed else {
        throw ValueError("--device", reason: "it is rehearsal", expected: "cpu or cuda")
      }
      return device ?? .cpu
    }
    do {
      try Runtime.loadCUDA()
    } catch {
      throw TorchError(
        kind: .library,
        message: "\(device): libtorch \(Runtime.torchVersion) has no CUDA here "
          + "(\(error.message)); set DECANT_TORCH to a torch with CUDA and run Scripts/setup, or "
          + "train without --device")
    }
    let count = Runtime.cudaDeviceCount
    guard count > 0 else {
      throw TorchError(
        kind: .library,
        message:
          "\(device): libtorch \(Runtime.torchVersion) has CUDA but finds no device; look at "
          + "nvidia-smi and CUDA_VISIBLE_DEVICES, or train without --device")
    }
    guard device.index ?? 0 < count else {
      throw ValueError(
        "--device", reason: "it is \(device), and there are \(counted(count, "CUDA device"))",
        expected: "cuda:0\(count > 1 ? " to cuda:\(count - 1)" : "")")
    }
    return device
  }

  /// Whether a test has registered its device.
  private static var isRehearsed: Bool {
    (try? checked { Tensor.zeros([1], device: .rehearsal) }) != nil
  }
}
