public import Torch

/// The type of the scores of a training step; sums of scores are float32 or longer in any case.
public enum ScorePrecision: String, Codable, Hashable, Sendable, CaseIterable {
  /// Single precision.
  case float32
  /// Half the memory, and faster where the processor or the GPU multiplies it.
  case bfloat16

  /// The type of the tensors.
  public var dtype: DType { self == .float32 ? .float32 : .bfloat16 }
}
