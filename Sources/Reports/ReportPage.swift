/// The frame of a report page: a single file without network access or scripts.
struct ReportPage {
  var title: String
  var subtitle: Markup
  /// Headings with their content.
  var sections: [(id: String, title: String, content: Markup)]

  func html() -> String {
    let links = sections.map { section -> Markup in
      "<a href=\"#\(section.id)\">\(section.title)</a>"
    }
    let parts = sections.map { section -> Markup in
      "<section id=\"\(section.id)\"><h2>\(section.title)</h2>\n\(section.content)</section>\n"
    }
    // The policy blocks anything that a hostile text could inject if escaping failed.
    let page: Markup = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <meta name="color-scheme" content="light dark">
      <title>\(title)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <header><h1>\(title)</h1><p class="about">\(subtitle)</p></header>
      <nav>\(links.joined())</nav>
      <main>
      \(parts.joined())</main>
      </body>
      </html>

      """
    return page.html
  }

  private static let style: Markup = """
    :root { color-scheme: light dark; --ink: #1c2128; --soft: #5c6570; --line: #d5dae0; --paper: #fff; --panel: #f5f7f9; --good: #1a7f37; --bad: #b3261e; --rest: #aab2bd; --c0: #2f6fde; --c1: #d1681d; --c2: #16865a; --c3: #b83280; --c4: #7a52c7; --c5: #0b8299; --c6: #9a7500; --c7: #b23b33 }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa5b1; --line: #363d47; --paper: #15191f; --panel: #1e242c; --good: #4cc26b; --bad: #ff8a80; --rest: #5a6470; --c0: #6ea3ff; --c1: #f29a55; --c2: #46c993; --c3: #f27cbb; --c4: #b394f4; --c5: #45c4dc; --c6: #d9b840; --c7: #f2827a } }
    * { box-sizing: border-box }
    body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 2rem 1.2rem 4rem; color: var(--ink); background: var(--paper) }
    h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere }
    h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line) }
    h3 { font-size: 1rem; margin: 1.4rem 0 .4rem }
    p { margin: .4rem 0; max-width: 46rem }
    .about, figcaption, .note { color: var(--soft) }
    nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem }
    a { color: var(--c0) }
    .cards { display: flex; flex-wrap: wrap; gap: .7rem; margin: .8rem 0 }
    .cards div { background: var(--panel); border-radius: .5rem; padding: .6rem .9rem; min-width: 7rem }
    .cards b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums }
    .cards span { color: var(--soft); font-size: .85rem }
    :focus-visible { outline: 3px solid var(--c0); outline-offset: 2px }
    .scroll { overflow-x: auto }
    table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums }
    th, td { text-align: right; padding: .22rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top }
    th { font-weight: 600; color: var(--soft); white-space: nowrap }
    th.t, td.t { text-align: left; overflow-wrap: anywhere; unicode-bidi: isolate }
    svg { max-width: 100%; height: auto; display: block }
    figure { margin: .8rem 0 }
    .pair { display: flex; flex-wrap: wrap; gap: 1rem }
    .pair > * { flex: 1 1 24rem; min-width: 0 }
    text { fill: var(--soft); font: 12px system-ui, sans-serif }
    text.name { font-size: 13px; fill: var(--ink) }
    text.sign { font-size: 13px; font-weight: 600; fill: var(--ink); stroke: var(--paper); stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }
    .grid { stroke: var(--line); fill: none }
    .axis { stroke: var(--soft); fill: none }
    .mark { stroke: var(--soft); fill: none; stroke-dasharray: 5 4 }
    .line { fill: none; stroke: var(--c); stroke-width: 2 }
    .dot { fill: none; stroke: var(--c); stroke-width: 7; stroke-linecap: round }
    .map { background: var(--panel); border-radius: .5rem }
    .map .dot { stroke-width: 5; opacity: .75 }
    .map .dot.rest { opacity: .55 }
    path.sign { fill: var(--c); stroke: var(--paper); stroke-width: 1.5 }
    path.sign.rest { fill: var(--soft); opacity: .8 }
    rect, circle { fill: var(--c) }
    circle { fill-opacity: .75 }
    .faint { opacity: .45 }
    .rest { --c: var(--rest) }
    .c0 { --c: var(--c0) } .c1 { --c: var(--c1) } .c2 { --c: var(--c2) } .c3 { --c: var(--c3) }
    .c4 { --c: var(--c4) } .c5 { --c: var(--c5) } .c6 { --c: var(--c6) } .c7 { --c: var(--c7) }
    .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .9rem }
    .legend span { overflow-wrap: anywhere; unicode-bidi: isolate }
    .legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .4rem; background: var(--c); margin-right: .4rem }
    article { background: var(--panel); border-radius: .5rem; padding: .7rem .9rem; margin: .7rem 0; overflow-wrap: anywhere }
    article h4 { margin: 0; font-size: .95rem; unicode-bidi: isolate }
    article h4 .id { color: var(--soft); font-weight: 400; font-size: .85rem; margin-left: .3rem }
    article .text { color: var(--soft); unicode-bidi: isolate }
    .chips { display: flex; flex-wrap: wrap; gap: .3rem; margin: .3rem 0 0; align-items: baseline }
    .chips > span { border: 1px solid var(--line); border-radius: .6rem; padding: 0 .5rem; font-size: .88rem; unicode-bidi: isolate }
    .chips > b { font-weight: 500; color: var(--soft); font-size: .85rem; min-width: 5.5rem }
    .yes { color: var(--good) } .no { color: var(--bad) }
    summary { cursor: pointer; color: var(--soft) }
    @media print { nav { display: none } }
    """
}
