import Datasets
import Storage

extension NearCopies {
  /// A line about the copies; nil if there are none.
  var note: String? {
    documentCount == 0
      ? nil
      : "near-copies: \(counted(documentCount, "training document")) in "
        + "\(counted(groupCount, "group")); a group stays on one side of the held-out split"
  }
}
