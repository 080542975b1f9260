import Foundation
import Storage

/// Removes the checksums from a run's record; versions before checksums wrote records of this form.
public func unseal(_ run: String) throws {
  let path = run + "/run.json"
  var record = try JSONSerialization.jsonObject(with: contents(path)) as? [String: Any] ?? [:]
  record["seal"] = nil
  let data = try JSONSerialization.data(withJSONObject: record)
  try writeAtomically(String(decoding: data, as: UTF8.self), to: path)
}
