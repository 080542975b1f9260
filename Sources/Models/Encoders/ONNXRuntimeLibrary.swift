import COnnx

/// The ONNX Runtime library that this process uses, loaded with the first ONNX encoder.
public enum ONNXRuntimeLibrary {
  private static let failure: String? = co_load(nil).map { String(cString: $0) }

  /// Loads the library now.
  ///
  /// - Throws: `ONNXRuntimeError`, which says how to install it, if there is none.
  public static func load() throws(ONNXRuntimeError) {
    if let failure { throw ONNXRuntimeError(message: failure, isMissingLibrary: true) }
  }

  /// The library's version, such as "1.32.0", and its path.
  ///
  /// - Throws: `ONNXRuntimeError` if the library is missing.
  public static var version: (number: String, path: String) {
    get throws(ONNXRuntimeError) {
      try load()
      return (String(cString: co_library_version()), String(cString: co_library_path()))
    }
  }
}

/// ONNX Runtime failed or is missing.
public struct ONNXRuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The library's message, or that of its loader.
  public var message: String
  /// Whether the library is missing.
  public var isMissingLibrary: Bool

  /// Creates an error.
  public init(message: String, isMissingLibrary: Bool = false) {
    self.message = message
    self.isMissingLibrary = isMissingLibrary
  }

  /// The library's message.
  public var description: String { message }
}
