import Storage

/// Texts with their labels, in a single file or in one for each part.
///
/// The basic format has one `{"text", "labels": […], "id"?, "weights": […]?}` per line; `DataFormat` has
/// the others. A single label may be written without brackets, and its key may be `"label"` instead of
/// `"labels"`; names may be integers; `null` means none.
///
/// The `SplitBucket` of each text determines its split: a fifth for testing, 8 % for validation (a
/// part of train). Equal texts are in the same split, and a record keeps its split when others are
/// added or removed. Labels are those of train, in the order of first use; a test record without
/// any of them is left out. `readWhole` leaves nothing out. Without `"id"`, a record
/// is named by its line number.
///
/// `DataReading` chooses another split: by the values of a column, by time, or by files. Every record of
/// a named test file is a test document.
///
/// Texts and names are read in Normalization Form C. A label that a record has in two normal forms
/// counts once, with its first weight; an exact repetition is rejected.
public enum LabelledTextFile {
  /// Reads the file at `path`, and those that `reading` names.
  ///
  /// - Throws: `FileError` when one cannot be read; `InputError` with the position of the first bad
  ///   line if bad lines are refused, when it is not clear which columns are meant, or when no record
  ///   of train has a label.
  public static func read(
    _ path: String, _ reading: DataReading = DataReading(), badLines: BadLinePolicy = .refuse
  ) throws -> Dataset {
    try LabelledRecords(path, reading, badLines: badLines).dataset()
  }

  /// Reads a file that is not trained on: `test` has all records with all their labels, `train` is
  /// empty.
  ///
  /// - Throws: the errors of `read`; `InputError` when no record has a label.
  public static func readWhole(
    _ path: String, _ reading: DataReading = DataReading(), badLines: BadLinePolicy = .refuse
  ) throws -> Dataset {
    try LabelledRecords(path, reading.ofOneFile, badLines: badLines).whole()
  }
}
