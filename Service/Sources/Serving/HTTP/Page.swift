/// The page at `/`: a single file that only contacts the service itself.
enum Page {
  static let html = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Decant</title>
    <style>
      :root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #1a7f37; --bad: #b3261e; --accent: #2563cc; --muted: #595959; --alarm: #b3261e; --link: #1d5fd0 }
      @media (prefers-color-scheme: dark) { :root { --muted: #a8a8a8; --alarm: #ff8a80; --link: #7aa7ff } }
      * { box-sizing: border-box }
      body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 2rem 1rem 4rem }
      h1 { font-size: 1.4rem; margin: 0 }
      .about { color: var(--muted); margin: 0 0 1.2rem; font-size: .9rem }
      textarea { width: 100%; min-height: 7rem; padding: .7rem; font: inherit; border: 1px solid var(--line); border-radius: .5rem; resize: vertical; background: Field; color: FieldText }
      .row { display: flex; gap: .6rem; align-items: center; margin: .6rem 0; flex-wrap: wrap }
      button { font: inherit; padding: .4rem .9rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--soft); color: inherit; cursor: pointer }
      button.main { background: var(--accent); border-color: var(--accent); color: #fff }
      button:disabled { opacity: .5; cursor: default }
      input { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .5rem; background: Field; color: FieldText }
      ol { list-style: none; margin: 1rem 0; padding: 0 }
      li { display: grid; grid-template-columns: minmax(9rem, 16rem) 1fr 4.2rem auto; gap: .8rem; align-items: center; padding: .35rem 0; border-bottom: 1px solid var(--line) }
      .name { overflow-wrap: break-word; min-width: 0; font-weight: 600 }
      .document { overflow-wrap: anywhere; min-width: 0 }
      .id { color: var(--muted); font-weight: 400 }
      .bar { height: .6rem; border-radius: .3rem; background: var(--soft); overflow: hidden }
      .bar span { display: block; height: 100%; background: var(--accent) }
      .score { text-align: right; font-variant-numeric: tabular-nums }
      .verdict { display: flex; gap: .3rem }
      .verdict button { padding: .1rem .6rem }
      .verdict button[aria-pressed=true].yes { background: var(--good); color: #fff }
      .verdict button[aria-pressed=true].no { background: var(--bad); color: #fff }
      #message { min-height: 1.5rem }
      #message.bad { color: var(--alarm) }
      a { color: var(--link) }
      ::placeholder { color: var(--muted); opacity: 1 }
      details { margin-top: 1.5rem; border-top: 1px solid var(--line); padding-top: .8rem }
      summary { cursor: pointer }
      @media (max-width: 34rem) { li { grid-template-columns: 1fr 4.2rem auto } .bar { display: none } }
    </style>
    </head>
    <body>
    <h1 id="title">Decant</h1>
    <p class="about" id="about">&nbsp;</p>
    <label for="text">Text to label</label>
    <textarea id="text" autofocus placeholder="For example: a text editor for programmers"></textarea>
    <div class="row">
      <button class="main" id="go">Rank labels</button>
      <label for="k">Number of labels</label><input id="k" type="number" min="1" max="100" value="10" style="width:5rem">
      <span class="about" style="margin:0">Ctrl+Enter</span>
    </div>
    <div id="message" role="status" aria-live="polite"></div>
    <ol id="labels"></ol>
    <div class="row" id="send" hidden>
      <label for="more">Missing label</label>
      <input id="more" list="known" autocomplete="off">
      <datalist id="known"></datalist>
      <button id="addmissing">Add it</button>
      <button class="main" id="keep">Send verdicts</button>
    </div>
    <section id="similar" hidden><h2 style="font-size:1.1rem">Similar documents</h2><ol id="documents"></ol></section>
    <details><summary>Add a new label</summary>
      <p class="about">A label needs only a description; it is ranked from then on.</p>
      <div class="row"><label for="labelid">Name</label><input id="labelid" maxlength="200"></div>
      <div class="row"><label for="labeltext">Description</label><input id="labeltext" style="flex:1;min-width:14rem"><button id="newlabel">Add label</button></div>
    </details>
    <details><summary>Access</summary>
      <p class="about">Needed if the service requires a token. It stays in this tab.</p>
      <div class="row"><label for="token">Token</label><input id="token" type="password" autocomplete="off"></div>
    </details>
    <p class="about" style="margin-top:1.5rem">API: <a href="/openapi.json">openapi.json</a></p>
    <script>
    "use strict";
    const $ = id => document.getElementById(id);
    let model = {}, verdicts = new Map(), shown = "";
    async function call(method, path, body) {
      const headers = {};
      if (body !== undefined) headers["Content-Type"] = "application/json";
      if ($("token").value) headers["Authorization"] = "Bearer " + $("token").value;
      let answer;
      try { answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }); }
      catch { throw new Error("the service does not answer"); }
      const content = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(content.error ? content.error.message : "the service answered " + answer.status);
      return content;
    }
    function say(text, isBad) { $("message").textContent = text; $("message").className = isBad ? "bad" : ""; }
    async function trying(work) { try { await work(); } catch (error) { say(error.message, true); } }
    function element(tag, kind, text) { const e = document.createElement(tag); if (kind) e.className = kind; if (text !== undefined) e.textContent = text; return e; }
    function button(kind, text, title, label) {
      const b = element("button", kind, text);
      b.title = title; b.setAttribute("aria-label", title + ": " + label); b.setAttribute("aria-pressed", "false");
      return b;
    }
    function short(text, length) { const line = text.replace(/\\s+/g, " ").trim(); return line.length > length ? line.slice(0, length - 1) + "…" : line; }
    function caption(id, text) {
      const line = text.trim().split("\\n")[0];
      return short(line.startsWith(id + ":") ? line.slice(id.length + 1) : line, 80);
    }
    function name(id, text) {
      const shown = text ? caption(id, text) : "", span = element("span", "name", shown || id);
      if (shown && shown !== id) span.append(" ", element("small", "id", id));
      return span;
    }
    function row(label, text, share, score) {
      const li = element("li");
      li.dataset.label = label;
      li.append(name(label, text));
      const bar = element("span", "bar"), fill = element("span");
      fill.style.width = Math.round(100 * share) + "%"; bar.append(fill); li.append(bar);
      li.append(element("span", "score", score));
      const verdict = element("span", "verdict"), yes = button("yes", "✓", "right", label), no = button("no", "✗", "wrong", label);
      const press = value => {
        if (verdicts.get(label) === value) verdicts.delete(label); else verdicts.set(label, value);
        yes.setAttribute("aria-pressed", verdicts.get(label) === true);
        no.setAttribute("aria-pressed", verdicts.get(label) === false);
      };
      yes.onclick = () => press(true); no.onclick = () => press(false);
      verdict.append(yes, no); li.append(verdict);
      return { li, press };
    }
    function show(labels) {
      verdicts = new Map();
      const best = labels.length ? labels[0].score : 0;
      $("labels").replaceChildren(...labels.map(l => row(l.id, l.text, l.probability !== undefined ? l.probability : Math.exp(l.score - best),
        l.probability !== undefined ? (100 * l.probability).toFixed(1) + " %" : l.score.toFixed(2)).li));
      $("send").hidden = labels.length === 0;
    }
    async function rank() {
      const text = $("text").value;
      if (!text.trim()) return say("Type a text first.", true);
      say("…");
      const k = Math.min(100, Math.max(1, Number($("k").value) || 10));
      const begun = performance.now();
      const answer = await call("POST", "/v1/predict", { text, k });
      if (answer.known === false) say("Nothing known: the model knows no word of this text.");
      else say(answer.labels.length + " labels in " + Math.round(performance.now() - begun) + " ms");
      shown = text; show(answer.labels);
      if (model.hasDocuments) {
        const similar = await call("POST", "/v1/similar", { text, k: 5 });
        $("similar").hidden = false;
        $("documents").replaceChildren(...similar.documents.map(d => { const li = element("li"); li.style.gridTemplateColumns = "1fr 4.2rem"; const text = element("span", "document", short(d.text, 300)); text.append(" ", element("small", "id", d.id)); li.append(text, element("span", "score", d.similarity.toFixed(3))); return li; }));
      }
    }
    async function keep() {
      if (!verdicts.size) return say("Mark at least one label as right or wrong first.", true);
      const of = value => [...verdicts].filter(v => v[1] === value).map(v => v[0]);
      const receipt = await call("POST", "/v1/feedback", { text: shown, accepted: of(true), rejected: of(false) });
      say("Thank you: " + receipt.verdicts + (receipt.verdicts === 1 ? " verdict" : " verdicts") + " saved.");
    }
    async function addMissing() {
      const id = $("more").value.trim();
      if (!id) return;
      const known = await call("GET", "/v1/labels/" + encodeURIComponent(id));
      let own = [...$("labels").children].find(li => li.dataset.label === id);
      if (!own) { const made = row(id, known.text, 0, "added"); $("labels").append(made.li); made.press(true); }
      $("more").value = ""; say("");
    }
    async function suggest() {
      const found = await call("GET", "/v1/labels?limit=20&query=" + encodeURIComponent($("more").value));
      $("known").replaceChildren(...found.labels.map(l => { const o = document.createElement("option"); o.value = l.id; if (l.text) o.label = caption(l.id, l.text); return o; }));
    }
    async function newLabel() {
      const added = await call("POST", "/v1/labels", { id: $("labelid").value.trim(), text: $("labeltext").value });
      $("labelid").value = $("labeltext").value = ""; say("Label " + added.id + " added."); await about();
    }
    async function about() {
      model = await call("GET", "/v1/model");
      $("title").textContent = model.name;
      $("about").textContent = model.labels.toLocaleString("en") + " labels, trained on " + model.trainedOn + (model.isCalibrated ? ", with probabilities" : "");
    }
    $("go").onclick = () => trying(rank); $("keep").onclick = () => trying(keep);
    $("addmissing").onclick = () => trying(addMissing); $("newlabel").onclick = () => trying(newLabel);
    $("more").oninput = () => trying(suggest); $("token").onchange = () => trying(about);
    $("text").onkeydown = e => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); trying(rank); } };
    $("more").onkeydown = e => { if (e.key === "Enter") trying(addMissing); };
    trying(about);
    </script>
    </body>
    </html>

    """
}
