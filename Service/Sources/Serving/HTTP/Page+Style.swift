extension Page {
  /// Texts have a contrast of 4.5 : 1 or more, edges of controls and the focus ring 3 : 1.
  static let style = """
    :root {
      color-scheme: light dark; --line: #8884; --soft: #8882; --edge: #767676; --muted: #595959;
      --good: #1a7f37; --bad: #b3261e; --alarm: #b3261e; --accent: #2563cc; --link: #1d5fd0;
    }
    @media (prefers-color-scheme: dark) { :root { --edge: #8f8f8f; --muted: #a8a8a8; --alarm: #ff8a80; --link: #7aa7ff } }
    * { box-sizing: border-box }
    html { scroll-padding: 4rem 0; background: Canvas; color: CanvasText }
    body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 2rem 1rem 4rem; overflow-wrap: anywhere }
    h1 { font-size: 1.4rem; margin: 0 }
    h2 { font-size: 1.1rem; margin: 1.2rem 0 0 }
    header .about { margin-bottom: 1.2rem }
    footer { margin-top: 1.5rem }
    .about { color: var(--muted); margin: 0; font-size: .9rem }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
    textarea, input, button { font: inherit; border: 1px solid var(--edge); border-radius: .5rem; background: Field; color: FieldText; max-width: 100% }
    textarea { display: block; width: 100%; min-height: 7rem; padding: .7rem; resize: vertical }
    input { padding: .4rem .6rem }
    #k { width: 5rem }
    #label-text { flex: 1; min-width: 14rem }
    button { padding: .4rem .9rem; background: var(--soft); color: inherit; cursor: pointer }
    button.main { background: var(--accent); border-color: var(--accent); color: #fff }
    .row { display: flex; gap: .6rem; align-items: center; margin: .6rem 0; flex-wrap: wrap }
    ol, ul { list-style: none; margin: .6rem 0 1rem; padding: 0 }
    li { display: grid; grid-template-columns: minmax(9rem, 16rem) 1fr 4.2rem auto; gap: .3rem .8rem; align-items: center; padding: .35rem 0; border-bottom: 1px solid var(--line) }
    #documents li, #undo li { grid-template-columns: 1fr auto }
    .name, .document { min-width: 0 }
    .name { font-weight: 600 }
    .id { color: var(--muted); font-weight: 400 }
    .bar { height: .6rem; border-radius: .3rem; background: var(--soft); overflow: hidden }
    .bar span { display: block; height: 100%; background: var(--link) }
    .score { text-align: right; font-variant-numeric: tabular-nums }
    .verdict { display: flex; gap: .3rem }
    .verdict button { padding: .1rem .6rem }
    .verdict button[aria-pressed=true] { color: #fff }
    .verdict .yes[aria-pressed=true] { background: var(--good) }
    .verdict .no[aria-pressed=true] { background: var(--bad) }
    #message { position: sticky; top: 0; min-height: 1.5rem; background: Canvas }
    #message.bad { color: var(--alarm) }
    a { color: var(--link) }
    ::placeholder { color: var(--muted); opacity: 1 }
    details { margin-top: 1.5rem; border-top: 1px solid var(--line); padding-top: .8rem }
    summary { cursor: pointer }
    @media (max-width: 34rem) {
      #labels li { grid-template-columns: 1fr 4.2rem auto }
      #labels .bar { grid-area: 2 / 1 / auto / -1 }
    }
    """
}
