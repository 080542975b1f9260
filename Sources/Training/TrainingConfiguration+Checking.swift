import Learning
import Torch

extension TrainingConfiguration {
  /// Refuses settings that no training could have been begun with.
  ///
  /// - Parameter file: where the settings were read, for the message.
  /// - Throws: `InputError` with the name and the value of the first such setting.
  func check(file: String) throws {
    guard let fault = firstFault else { return }
    throw InputError(
      file: file, reason: "\(fault.name) is \(fault.value)", expected: fault.expected)
  }

  /// A setting outside its range.
  struct Fault {
    var name: String
    var value: Double
    var expected: String
  }

  /// More threads are asked for by a damaged file, not by a machine.
  private static let mostThreads = 4096

  /// The first setting outside its range.
  var firstFault: Fault? {
    let wide = model.wide ?? .init()
    let counts = [
      ("threads", threads), ("loop.epochs", loop.epochs), ("loop.patience", loop.patience ?? 1),
      ("optimization.batchSize", optimization.batchSize),
      ("model.encoder.dimension", model.encoder.dimension),
      ("model.encoder.hiddenDimensions", model.encoder.hiddenDimensions.min() ?? 1),
    ]
    for (name, value) in counts + (negatives?.counts ?? []) where value < 1 {
      return Fault(name: name, value: Double(value), expected: "at least 1")
    }
    // Products of two of them are still whole numbers.
    for (name, value) in counts + (negatives?.counts ?? []) where value > Int(Int32.max) {
      return Fault(name: name, value: Double(value), expected: "at most \(Int32.max)")
    }
    if threads > Self.mostThreads {
      return Fault(name: "threads", value: Double(threads), expected: "at most \(Self.mostThreads)")
    }
    if wide.minimumPairCount < 0 {
      return Fault(
        name: "model.wide.minimumPairCount", value: Double(wide.minimumPairCount),
        expected: "at least 0")
    }
    let rates = [
      ("model.wide.learningRate", wide.learningRate),
      ("loss.temperature", loss.temperature),
      ("optimization.learningRate", optimization.learningRate),
      ("optimization.tableLearningRate", optimization.tableLearningRate),
    ]
    for (name, value) in rates where value <= 0 {
      return Fault(name: name, value: value, expected: "more than 0")
    }
    // Numbers of 32 bits must hold them and what they are divided by.
    for (name, value) in rates where !(1e-30...1e30 ~= value) {
      return Fault(name: name, value: value, expected: "1e-30 to 1e30")
    }
    let sizes = [
      ("model.encoder.initialScale", model.encoder.initialScale),
      ("optimization.weightDecay", optimization.weightDecay),
    ]
    for (name, value) in sizes where !(0...1e30 ~= value) {
      return Fault(name: name, value: value, expected: "0 to 1e30")
    }
    let dropout = optimization.featureDropout
    if !(0..<1 ~= dropout) {
      return Fault(
        name: "optimization.featureDropout", value: dropout, expected: "at least 0, less than 1")
    }
    if !(0...1 ~= wide.maximumDocumentShare) {
      return Fault(
        name: "model.wide.maximumDocumentShare", value: wide.maximumDocumentShare,
        expected: "0 to 1")
    }
    let warmup = optimization.warmup
    if !(0...1 ~= warmup) {
      return Fault(name: "optimization.warmup", value: warmup, expected: "0 to 1")
    }
    return transformer?.firstFault.map {
      Fault(name: $0.name, value: $0.value, expected: $0.expected)
    }
  }
}
