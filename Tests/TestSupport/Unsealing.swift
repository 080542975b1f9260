import Foundation
import Torch

/// Takes the check sums out of a run's record, as runs of versions before there were any look.
public func unseal(_ run: String) throws {
  let path = run + "/run.json"
  var record = try JSONSerialization.jsonObject(with: contents(path)) as? [String: Any] ?? [:]
  record["seal"] = nil
  let data = try JSONSerialization.data(withJSONObject: record)
  try writeAtomically(String(decoding: data, as: UTF8.self), to: path)
}
