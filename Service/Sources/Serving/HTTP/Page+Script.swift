extension Page {
  /// Names and texts only enter the page as text nodes and properties, never as markup.
  static let script = #"""
    "use strict";
    const $ = id => document.getElementById(id);
    let model = {}, verdicts = new Map(), lines = new Map(), shown = "", questions = 0, searches = 0, isWatching = false;

    // The service.
    class Failure extends Error { constructor(message, status) { super(message); this.status = status; } }
    async function call(method, path, body) {
      const headers = {}, token = $("token").value.trim();
      if (body !== undefined) headers["Content-Type"] = "application/json";
      // Fields of a header are bytes; the service reads them as UTF-8.
      if (token) headers["Authorization"] = "Bearer " + String.fromCharCode(...new TextEncoder().encode(token));
      let answer, content;
      try {
        answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(30000) });
        content = await answer.json();
      } catch {
        if (answer && answer.status !== 200) throw new Failure("The service answered with the status " + answer.status + ".", answer.status);
        watch();
        throw new Failure("The service does not answer. The page waits for it; your text stays here.", 0);
      }
      if (answer.status === 401) {
        $("access").open = true;
        throw new Failure(token ? "The service does not accept the token. Change it under Access." : "The service needs a token. Enter it under Access.", 401);
      }
      if (!answer.ok) throw new Failure(sentence(content.error?.message ?? "the service answered with the status " + answer.status), answer.status);
      return content;
    }
    function watch() {
      if (isWatching) return;
      isWatching = true;
      const look = async () => {
        try {
          if ((await fetch("/healthz", { signal: AbortSignal.timeout(5000) })).ok) {
            isWatching = false;
            say("The service answers again.");
            return trying(about);
          }
        } catch { /* It is still away. */ }
        setTimeout(look, 2000);
      };
      setTimeout(look, 2000);
    }

    // Texts.
    const plural = (count, noun) => count.toLocaleString("en") + " " + noun + (count === 1 ? "" : "s");
    const sentence = text => text.slice(0, 1).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
    function short(text, length) {
      const line = text.replace(/\s+/g, " ").trim(), characters = Array.from(line.slice(0, 2 * length + 2));
      return characters.length > length ? characters.slice(0, length - 1).join("") + "…" : line;
    }
    function caption(id, text) {
      const line = text.trim().split("\n")[0];
      return short(line.startsWith(id + ":") ? line.slice(id.length + 1) : line, 80);
    }

    // Elements.
    function element(tag, kind, ...parts) {
      const result = document.createElement(tag);
      if (kind) result.className = kind;
      result.append(...parts);
      return result;
    }
    /// A name of any direction within a sentence.
    const quoted = name => element("bdi", "", name);
    function name(id, text) {
      const title = text ? caption(id, text) : "", result = element("span", "name", title || id);
      result.dir = "auto";
      if (title && title !== id) result.append(" ", element("small", "id", quoted(id)));
      return result;
    }
    function say(...parts) { $("message").className = ""; $("message").replaceChildren(...parts); }
    function complain(...parts) { say(...parts); $("message").className = "bad"; }
    async function trying(work) { try { await work(); } catch (error) { complain(error.message); } }
    /// One run of `work` at a time: a second click must not send the same twice.
    function once(work) {
      let isBusy = false;
      return async event => {
        event?.preventDefault();
        if (isBusy) return;
        isBusy = true;
        await trying(work);
        isBusy = false;
      };
    }
    /// Whether a field has text; if not, asks for it.
    function has(field, what) {
      if (field.value.trim()) return true;
      field.focus();
      complain("Type " + what + " first.");
      return false;
    }

    // Labels of a text.
    function addLine(label, text, share, score) {
      const fill = element("span"), yes = element("button", "yes", "✓"), no = element("button", "no", "✗");
      fill.style.width = Math.round(100 * share) + "%";
      const mark = () => { for (const [button, value] of [[yes, true], [no, false]]) button.setAttribute("aria-pressed", verdicts.get(label) === value); };
      const press = value => { if (verdicts.get(label) === value) verdicts.delete(label); else verdicts.set(label, value); mark(); };
      for (const [button, value, title] of [[yes, true, "right"], [no, false, "wrong"]]) {
        button.title = title;
        button.setAttribute("aria-label", title + ": " + label);
        button.onclick = () => press(value);
      }
      mark();
      const item = element("li", "", name(label, text), element("span", "bar", fill), element("span", "score", score), element("span", "verdict", yes, no));
      $("labels").append(item);
      lines.set(label, { item, mark });
    }
    function removeLine(label) {
      lines.get(label)?.item.remove();
      lines.delete(label);
      verdicts.delete(label);
    }
    function show(labels) {
      for (const label of [...lines.keys()]) removeLine(label);
      for (const l of labels) {
        const isCalibrated = l.probability !== undefined;
        addLine(l.id, l.text, isCalibrated ? l.probability : Math.exp(l.score - labels[0].score), isCalibrated ? (100 * l.probability).toFixed(1) + " %" : l.score.toFixed(2));
      }
      $("ranking").hidden = false;
    }
    function showSimilar(documents) {
      $("documents").replaceChildren(...documents.map(d => {
        const text = element("span", "document", short(d.text, 300), " ", element("small", "id", quoted(d.id)));
        text.dir = "auto";
        return element("li", "", text, element("span", "score", d.similarity.toFixed(3)));
      }));
      $("similar").hidden = documents.length === 0;
    }
    async function rank() {
      const text = $("text").value, question = ++questions;
      if (!has($("text"), "a text")) return;
      const k = $("k").value = Math.min(100, Math.max(1, Math.round($("k").value) || 10));
      say("Ranking …");
      if (!model.name) await about();
      const begun = performance.now(), answer = await call("POST", "/v1/predict", { text, k });
      // A later question has its own answer.
      if (question !== questions) return;
      if (answer.known === false) say("Nothing known: the model knows no word of this text.");
      else say(plural(answer.labels.length, "label") + " in " + Math.round(performance.now() - begun) + " ms");
      shown = text;
      show(answer.labels);
      showSimilar([]);
      if (!model.hasDocuments) return;
      const similar = await call("POST", "/v1/similar", { text, k: 5 });
      if (question === questions) showSimilar(similar.documents);
    }
    async function keep() {
      if (!verdicts.size) return complain("Mark at least one label as right or wrong first.");
      const of = value => [...verdicts].filter(v => v[1] === value).map(v => v[0]);
      const receipt = await call("POST", "/v1/feedback", { text: shown, accepted: of(true), rejected: of(false) });
      say("Thank you: " + plural(receipt.verdicts, "verdict") + " saved.");
    }
    async function addMissing() {
      if (!has($("more"), "a label")) return;
      const id = $("more").value.trim(), label = await call("GET", "/v1/labels/" + encodeURIComponent(id));
      if (!lines.has(label.id)) addLine(label.id, label.text, 0, "added");
      verdicts.set(label.id, true);
      lines.get(label.id).mark();
      $("more").value = "";
      say(quoted(label.id), " is marked as right.");
    }
    async function suggest() {
      const search = ++searches, found = await call("GET", "/v1/labels?limit=20&query=" + encodeURIComponent($("more").value));
      if (search !== searches) return;
      $("known").replaceChildren(...found.labels.map(l => {
        const option = element("option");
        option.value = l.id;
        if (l.text) option.label = caption(l.id, l.text);
        return option;
      }));
    }

    // New labels.
    async function addLabel() {
      if (!has($("label-id"), "a name") || !has($("label-text"), "a description")) return;
      const label = await call("POST", "/v1/labels", { id: $("label-id").value.trim(), text: $("label-text").value });
      const button = element("button", "", "Undo"), item = element("li", "", name(label.id), button);
      button.setAttribute("aria-label", "Undo: " + label.id);
      button.onclick = once(() => removeLabel(label, item));
      $("undo").append(item);
      $("added").hidden = false;
      $("label-id").value = $("label-text").value = "";
      await about();
      say("Label ", quoted(label.id), " added. It can be undone below.");
    }
    async function removeLabel(label, item) {
      let verdictCount = 0;
      try {
        verdictCount = (await call("DELETE", "/v1/labels/" + encodeURIComponent(label.id))).verdicts;
      } catch (error) {
        // Another client may have removed it.
        if (error.status !== 404) throw error;
      }
      item.remove();
      $("added").hidden = !$("undo").children.length;
      removeLine(label.id);
      $("label-id").value = label.id;
      $("label-text").value = label.text;
      $("label-id").focus();
      await about();
      say("Label ", quoted(label.id), " removed" + (verdictCount ? " with " + plural(verdictCount, "verdict") : "") + ".");
    }

    async function about() {
      model = await call("GET", "/v1/model");
      $("title").textContent = model.name;
      document.title = model.name + " · Decant";
      $("about").replaceChildren(plural(model.labels, "label") + ", trained on ", quoted(model.trainedOn), model.isCalibrated ? ", with probabilities" : "");
    }
    async function useToken() { await about(); say($("token").value.trim() ? "The service accepts the token." : ""); }

    // A new question replaces one that is not answered yet.
    $("question").onsubmit = event => { event.preventDefault(); trying(rank); };
    $("text").onkeydown = event => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); trying(rank); } };
    $("missing").onsubmit = once(addMissing);
    $("more").oninput = () => trying(suggest);
    $("more").onkeydown = event => { if (event.key === "Escape") $("more").value = ""; };
    $("keep").onclick = once(keep);
    $("new").onsubmit = once(addLabel);
    $("identity").onsubmit = once(useToken);
    for (const details of document.querySelectorAll("details"))
      details.onkeydown = event => {
        if (event.key !== "Escape") return;
        details.open = false;
        details.querySelector("summary").focus();
      };
    trying(about);
    """#
}
