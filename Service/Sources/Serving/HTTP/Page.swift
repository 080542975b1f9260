/// The page at `/`: a single file that only contacts the service itself.
enum Page {
  static let html = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Decant</title>
    <style>
    \#(style)
    </style>
    </head>
    <body>
    <header>
      <h1 id="title" dir="auto">Decant</h1>
      <p class="about" id="about">&nbsp;</p>
    </header>
    <main>
      <form id="question" novalidate>
        <label for="text">Text to label</label>
        <textarea id="text" dir="auto" autofocus aria-describedby="keys" placeholder="For example: a text editor for programmers"></textarea>
        <div class="row">
          <button class="main">Rank labels</button>
          <label for="k">Number of labels</label><input id="k" type="number" min="1" max="100" value="10">
          <span class="about" id="keys">Ctrl+Enter ranks</span>
        </div>
      </form>
      <div id="message" role="status"></div>
      <section id="ranking" aria-labelledby="ranking-title" hidden>
        <h2 id="ranking-title">Labels</h2>
        <ol id="labels"></ol>
        <form class="row" id="missing" novalidate>
          <label for="more">Missing label</label>
          <input id="more" dir="auto" list="known" autocomplete="off">
          <datalist id="known"></datalist>
          <button>Add it</button>
          <button class="main" id="keep" type="button">Send verdicts</button>
        </form>
      </section>
      <section id="similar" aria-labelledby="similar-title" hidden>
        <h2 id="similar-title">Similar documents</h2>
        <ol id="documents"></ol>
      </section>
      <details>
        <summary>Add a new label</summary>
        <form id="new" novalidate>
          <p class="about">A label needs only a description; it is ranked from then on.</p>
          <div class="row"><label for="label-id">Name</label><input id="label-id" dir="auto" maxlength="200" autocomplete="off"></div>
          <div class="row"><label for="label-text">Description</label><input id="label-text" dir="auto" autocomplete="off"></div>
          <div class="row"><button>Add label</button></div>
        </form>
        <section id="added" aria-labelledby="added-title" hidden>
          <h2 id="added-title">Added in this tab</h2>
          <ul id="undo"></ul>
        </section>
      </details>
      <details id="access">
        <summary>Access</summary>
        <form id="identity" novalidate>
          <p class="about" id="token-note">Needed if the service requires a token. It stays in this tab.</p>
          <div class="row"><label for="token">Token</label><input id="token" type="password" autocomplete="off" aria-describedby="token-note"><button>Use token</button></div>
        </form>
      </details>
    </main>
    <footer class="about">API: <a href="/openapi.json">openapi.json</a></footer>
    <script>
    \#(script)
    </script>
    </body>
    </html>

    """#
}
