extension Markup {
  /// A table that scrolls sideways where it is wider than the window, also by keyboard.
  ///
  /// - Parameter title: its name for screen readers, unlike that of any other table of the page.
  static func table(_ title: String, _ rows: Markup) -> Markup {
    """
    <div class="scroll" role="region" aria-label="\(title)" tabindex="0"><table>\(rows)</table></div>

    """
  }
}
