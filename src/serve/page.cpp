#include "page.hpp"

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr const char* kHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tundish</title>
<style>
  :root { color-scheme: light dark; --line: #8885; --accent: #c2571a; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0 0 .2rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 1rem 0; }
  dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
  #drop { display: block; border: 2px dashed var(--line); border-radius: .6rem; padding: 2rem 1rem; text-align: center; cursor: pointer; }
  #drop.over, #drop:focus-within { border-color: var(--accent); }
  #drop input { position: absolute; opacity: 0; width: 1px; height: 1px; }
  #result { display: flex; gap: 1.2rem; margin-top: 1.2rem; align-items: flex-start; flex-wrap: wrap; }
  #shown { width: 10rem; image-rendering: pixelated; border-radius: .3rem; }
  ol { list-style: none; margin: 0; padding: 0; flex: 1; min-width: 16rem; }
  li { display: grid; grid-template-columns: 8rem 1fr 5rem; gap: .6rem; align-items: center; }
  li b { font-weight: 500; overflow-wrap: anywhere; } li span { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  .bar { height: .7rem; border-radius: .3rem; background: var(--accent); min-width: 1px; }
  .error { color: #b00020; } code { font-size: .9em; }
</style>
</head>
<body>
<h1>tundish</h1>
)html";

constexpr const char* kForm = R"html(
<label id="drop"><input id="file" type="file" accept="image/*">Drop an image here, or click to choose one</label>
<div id="result" aria-live="polite"></div>
<p><code>curl -H 'Content-Type: image/png' --data-binary @image.png http://<span id="host">localhost:8080</span>/invocations</code></p>
<script>
const drop = document.getElementById('drop'), result = document.getElementById('result');
document.getElementById('host').textContent = location.host;
function element(name, text) { const made = document.createElement(name); made.textContent = text ?? ''; return made; }
function showError(message) { const p = element('p', message); p.className = 'error'; result.replaceChildren(p); }
function row(label, probability) {
  const item = element('li'), bar = element('div'), track = element('div');
  bar.className = 'bar'; bar.style.width = (100 * probability) + '%'; track.append(bar);
  item.append(element('b', label), track, element('span', (100 * probability).toFixed(1) + ' %'));
  return item;
}
async function classify(file) {
  const begin = performance.now();
  try {
    const reply = await fetch('invocations', { method: 'POST', body: file,
      headers: { 'Content-Type': file.type || 'application/octet-stream', 'Accept': 'application/json;verbose' } });
    const answer = await reply.json(), milliseconds = performance.now() - begin;
    if (!reply.ok) return showError(answer.message);
    const list = element('ol'), image = element('img');
    answer.labels.map((label, i) => [label, answer.probabilities[i]]).sort((a, b) => b[1] - a[1]).slice(0, 5)
      .forEach(([label, probability]) => list.append(row(label, probability)));
    list.append(element('p', 'answered in ' + milliseconds.toFixed(1) + ' ms'));
    image.id = 'shown'; image.alt = file.name; image.src = URL.createObjectURL(file);
    result.replaceChildren(image, list);
  } catch (problem) { showError('no answer from the server: ' + problem.message); }
}
document.getElementById('file').addEventListener('change', event => { if (event.target.files[0]) classify(event.target.files[0]); });
for (const kind of ['dragenter', 'dragover']) drop.addEventListener(kind, event => { event.preventDefault(); drop.classList.add('over'); });
for (const kind of ['dragleave', 'drop']) drop.addEventListener(kind, () => drop.classList.remove('over'));
drop.addEventListener('drop', event => { event.preventDefault(); if (event.dataTransfer.files[0]) classify(event.dataTransfer.files[0]); });
</script>
)html";

// Looked at once a second, because nobody tells a page when the model is there.
constexpr const char* kWait = R"html(
<p>This page shows its form as soon as the model is ready.</p>
<script>
async function look() {
  try { if ((await fetch('ping')).ok) return location.reload(); } catch { /* the server may come back */ }
  setTimeout(look, 1000);
}
setTimeout(look, 1000);
</script>
)html";

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : value) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string row(const char* name, const std::string& value) {
    return text("<dt>", name, "</dt><dd>", escaped(value), "</dd>\n");
}

std::string shown_classes(const std::vector<std::string>& names) {
    constexpr std::size_t kMost = 30;
    const std::vector<std::string> first(names.begin(),
                                         names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMost)));
    return text(names.size(), ": ", join(first, ", "), names.size() > kMost ? ", ..." : "");
}

}  // namespace

std::string page_html(ServeState state, const std::string& reason, const ClassifierFacts* facts) {
    std::string html = kHead;
    html += "<dl>\n" + row("state", reason.empty() ? to_text(state) : text(to_text(state), ": ", reason));
    if (facts != nullptr) {
        html += row("model", facts->architecture.empty() ? "TorchScript" : facts->architecture);
        html += row("images", text(to_text(facts->input), " (channels x height x width); others are resized"));
        html += row("classes", shown_classes(facts->class_names));
        html += row("engine", text(facts->precision, ", ", facts->engine));
    }
    html += "</dl>\n";
    if (facts != nullptr) html += kForm;
    if (facts == nullptr && state == ServeState::starting) html += kWait;
    return html + "</body>\n</html>\n";
}

}  // namespace tundish
