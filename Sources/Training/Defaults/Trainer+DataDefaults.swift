import Datasets
import Models

extension Trainer {
  /// This trainer; one with settings if they follow from the data.
  ///
  /// A run that is resumed or finished keeps its settings.
  ///
  /// - Parameters:
  ///   - report: receives a line about each pilot.
  ///   - isInterrupted: checked before each step of a pilot.
  func settled(
    resuming: Bool = false, reporting report: (String) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws -> Trainer {
    guard followsData, let dataset else { return self }
    if resuming || folder.isComplete, folder.has(folder.configuration) {
      return Trainer(
        try folder.readConfiguration(), folder: folder, decantVersion: decantVersion,
        dataset: dataset)
    }
    return try withoutActuallyEscaping(report) { report in
      try withoutActuallyEscaping(isInterrupted) { isInterrupted in
        let begun = ResourceUsage.now()
        let defaults = DataDefaults(
          dataset, decantVersion: decantVersion, reporting: report, isInterrupted: isInterrupted)
        var draft = SettingsDraft()
        let chosen = try defaults.choose(in: &draft) { try $0.completed() }
        let choice = DataChoice(
          defaults: chosen, pilotCPUSeconds: ResourceUsage.now().cpuSeconds - begun.cpuSeconds)
        return Trainer(
          try draft.completed(), folder: folder, decantVersion: decantVersion, choice: choice,
          dataset: dataset, features: defaults.features)
      }
    }
  }
}
