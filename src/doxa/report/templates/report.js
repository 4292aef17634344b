// The page's only script: a browser for all answers, and, where the page is served, how far the run is.
// What models wrote reaches the page as text nodes and nothing else.
"use strict";
(() => {
const HEIGHT = 88;      // pixels of an entry of the list; the style sheet says the same in rem
const SPARE = 6;        // entries that are drawn above and below what is on screen
const TYPING = 250;     // milliseconds without a key before a search starts
const ASKED = 2000;     // milliseconds between questions of how far the run is
const FIELDS = ["fact", "metric", "readout", "persona", "condition", "judge", "verdict"];
const LEFT_OUT = "(left out of this page, which would have grown too large)";
const FORMULA = /^[=+\-@\t\r]/;

const at = (id) => document.getElementById(id);

function made(tag, content = "", properties = {}) {
  const element = document.createElement(tag);
  element.textContent = content;
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  return element;
}

async function unpacked(element) {
  const bytes = Uint8Array.from(atob(element.textContent), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// The rows, with the texts and the scored calls that come with them chunk by chunk.
class Rows {
  constructor(index, chunks, scored) {
    Object.assign(this, index);
    this.count = this.columns.item.length;
    this.chunks = chunks;
    this.scored = scored;
    this.loaded = new Map();
  }

  name(field, row) { return this.names[field][this.columns[field][row]]; }
  shown(field, row) { const name = this.name(field, row); return this.titles[name] ?? name; }
  item(row) { return this.items[this.columns.item[row]]; }
  score(row) { return this.columns.score[row]; }

  id(row) {
    const named = ["fact", "metric", "readout", "persona", "condition"].map((field) => this.name(field, row));
    const judge = this.name("judge", row);
    return [...named, this.item(row).id, this.columns.sample[row], ...(judge ? [judge] : [])].join("/");
  }

  find(id) {
    if (!id) return -1;
    for (let row = 0; row < this.count; row++) if (this.id(row) === id) return row;
    return -1;
  }

  // Returns what an element holds, or a promise of it.
  chunk(element) {
    if (!this.loaded.has(element)) {
      const coming = unpacked(element).then((chunk) => { this.loaded.set(element, chunk); return chunk; });
      this.loaded.set(element, coming);
    }
    return this.loaded.get(element);
  }

  // Returns the last of the elements that does not begin behind a number.
  holding(elements, number) {
    let low = 0, high = elements.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (Number(elements[middle].dataset.first) <= number) low = middle; else high = middle - 1;
    }
    return elements[low];
  }

  // Returns {text, whole, call} of a text, a promise of it, or null where nothing was said.
  text(number) {
    if (number < 0) return null;
    const element = this.holding(this.chunks, number);
    if (!element) return { text: LEFT_OUT, whole: 0, call: "" };
    const pick = (chunk) => {
      const place = number - chunk.first;
      return { text: chunk.texts[place], whole: chunk.whole[place] ?? 0, call: chunk.calls[place] };
    };
    const chunk = this.chunk(element);
    return chunk instanceof Promise ? chunk.then(pick) : pick(chunk);
  }

  // Returns a promise of {before, asked, answers} of a scored call, or of why there is nothing to show.
  async scoring(number) {
    const element = this.holding(this.scored, number);
    const chunk = element && await this.chunk(element);
    const place = chunk ? number - chunk.first : 0;
    if (!(place < chunk?.asked.length)) return { lack: LEFT_OUT };
    if (chunk.asked[place] < 0) return { lack: "(the call is not in the ledger)" };
    const answers = this.fixed[chunk.fixed[place]].map((text, which) => (
      { text, logprob: chunk.logprobs[place][which], tokens: chunk.tokens[place][which] }
    ));
    return { before: chunk.turns[chunk.before[place]], asked: chunk.asked[place], answers };
  }
}

// What is chosen lives in the address, so that it can be sent to somebody and survives a reload.
const address = {
  read() {
    const hash = location.hash;
    return new URLSearchParams(hash.startsWith("#?") ? hash.slice(2) : "");
  },
  write(chosen) {
    for (const [name, value] of [...chosen]) if (!value) chosen.delete(name);
    const text = chosen.toString();
    history.replaceState(null, "", text ? `#?${text}` : location.pathname + location.search);
  },
  with(name, value) {
    const chosen = this.read();
    chosen.set(name, value);
    this.write(chosen);
  },
};

class Browser {
  constructor(rows) {
    this.rows = rows;
    this.found = [];
    this.active = 0;
    this.search = 0;
    this.shown = null;
    this.form = at("filters");
    this.list = at("list");
    this.fill();
    this.listen();
  }

  fill() {
    for (const field of FIELDS) {
      const select = this.form.elements[field];
      this.rows.names[field].forEach((name, place) => select.append(made("option", this.rows.titles[name] ?? (name || "none"), { value: name, "data-place": place })));
      select.parentElement.hidden = this.rows.names[field].length < 2;
    }
    this.form.hidden = at("found").hidden = false;
    at("samples").hidden = true;
  }

  listen() {
    let waiting = 0;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => this.choose());
    this.form.addEventListener("reset", () => setTimeout(() => this.choose()));
    this.form.elements.q.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => this.choose(), TYPING); });
    this.list.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      const entry = event.target.closest(".entry");
      if (entry) { this.active = Number(entry.dataset.place); this.open(this.found[this.active]); }
    });
    at("save").addEventListener("click", () => this.save());
    at("close").addEventListener("click", () => at("row").close());
    at("previous").addEventListener("click", () => this.step(-1));
    at("next").addEventListener("click", () => this.step(1));
    // The event comes after the closing: a link may have named another row meanwhile, or opened it.
    at("row").addEventListener("close", () => {
      if (at("row").open) return;
      const chosen = address.read();
      if (chosen.get("row") === this.shown) {
        chosen.delete("row"); chosen.delete("with");
        address.write(chosen);
      }
      this.draw();
      this.list.focus({ preventScroll: true });
    });
    window.addEventListener("resize", () => this.draw());
    window.addEventListener("hashchange", () => { if (location.hash.startsWith("#?")) this.restore(); });
  }

  // Takes filters and row from the address.
  async restore() {
    const chosen = address.read();
    for (const name of [...FIELDS, "q"]) this.form.elements[name].value = chosen.get(name) ?? "";
    await this.filter();
    const row = this.rows.find(chosen.get("row"));
    if (row >= 0) {
      const place = this.found.indexOf(row);
      if (place >= 0) this.go(place);
      this.open(row, this.rows.find(chosen.get("with")));
    } else if (chosen.has("row")) {
      this.say(`There is no row ${chosen.get("row")} here.`);
    }
  }

  choose() {
    const chosen = address.read();
    for (const name of [...FIELDS, "q"]) chosen.set(name, this.form.elements[name].value);
    address.write(chosen);
    return this.filter();
  }

  say(words) { at("found").textContent = words; }

  async filter() {
    const mine = ++this.search;
    const { rows } = this;
    const tests = FIELDS.flatMap((field) => {
      const option = this.form.elements[field].selectedOptions[0];
      return option?.value ? [[rows.columns[field], Number(option.dataset.place)]] : [];
    });
    const words = this.form.elements.q.value.trim().toLowerCase();
    const said = words ? await this.matches(words, mine) : null;
    if (mine !== this.search) return;
    const asked = words ? rows.items.map((item) => item.question.toLowerCase().includes(words)) : null;
    this.found = [];
    for (let row = 0; row < rows.count; row++) {
      if (tests.some(([column, place]) => column[row] !== place)) continue;
      if (words && !asked[rows.columns.item[row]] && !(rows.columns.answer[row] >= 0 && said[rows.columns.answer[row]])) continue;
      this.found.push(row);
    }
    this.say(`${this.found.length.toLocaleString("en")} of ${rows.count.toLocaleString("en")} rows`);
    this.list.hidden = !this.found.length;
    at("rows").style.height = `${this.found.length * HEIGHT}px`;
    this.list.scrollTop = 0;
    this.active = 0;
    this.draw();
  }

  // Returns a flag a text: whether it holds the words.
  async matches(words, mine) {
    const flags = [];
    for (let place = 0; place < this.rows.chunks.length && mine === this.search; place++) {
      const chunk = await this.rows.chunk(this.rows.chunks[place]);
      chunk.texts.forEach((text, offset) => { flags[chunk.first + offset] = text.toLowerCase().includes(words); });
      this.say(`Searching, ${place + 1} of ${this.rows.chunks.length} parts …`);
    }
    return flags;
  }

  draw() {
    if (this.list.hidden) return;
    const first = Math.max(0, Math.floor(this.list.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(this.found.length, first + Math.ceil(this.list.clientHeight / HEIGHT) + 2 * SPARE);
    const entries = [];
    for (let place = first; place < last; place++) entries.push(this.entry(place));
    at("rows").replaceChildren(...entries);
    this.list.setAttribute("aria-activedescendant", this.active >= first && this.active < last ? `entry-${this.active}` : "");
  }

  entry(place) {
    const { rows } = this, row = this.found[place];
    const entry = made("div", "", {
      id: `entry-${place}`, class: `entry v-${rows.name("verdict", row)}`, role: "option", "data-place": place,
      "aria-posinset": place + 1, "aria-setsize": this.found.length, "aria-selected": place === this.active,
    });
    entry.classList.toggle("active", place === this.active);
    entry.style.top = `${place * HEIGHT}px`;
    const preview = made("span", "", { class: "preview", dir: "auto" });
    entry.append(made("b", this.head(row)), made("span", rows.item(row).question, { class: "asked", dir: "auto" }), preview);
    this.put(rows.text(rows.columns.answer[row]), preview, "(fixed answers were scored)");
    return entry;
  }

  // Puts a text into an element now or when it is there.
  put(text, element, otherwise) {
    const show = (found) => { element.textContent = found ? found.text.slice(0, 300) : otherwise; };
    if (text instanceof Promise) { element.textContent = "…"; text.then(show); } else show(text);
  }

  head(row) {
    const { rows } = this;
    const parts = [rows.name("condition", row), rows.name("verdict", row).replace("_", " "), this.worth(row)];
    for (const field of ["metric", "readout", "persona", "judge", "fact"]) if (rows.names[field].length > 1 && rows.name(field, row) && !this.form.elements[field].value) parts.push(rows.shown(field, row));
    return parts.join(" · ");
  }

  worth(row) {
    const score = this.rows.score(row);
    return score === null ? "no score" : `score ${Number.isInteger(score) ? score : score.toFixed(3)}`;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / HEIGHT) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) this.go(this.active + steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.open(this.found[this.active]);
    else return;
    event.preventDefault();
  }

  // Makes an entry the active one and brings it on screen.
  go(place) {
    this.active = Math.min(this.found.length - 1, Math.max(0, place));
    const top = this.active * HEIGHT;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (top + HEIGHT > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + HEIGHT - this.list.clientHeight;
    this.draw();
  }

  step(by) {
    this.go(this.active + by);
    this.open(this.found[this.active]);
  }

  open(row, beside = -1) {
    const { rows } = this;
    if (row === undefined) return;
    const item = rows.item(row);
    at("where").textContent = [rows.name("fact", row), rows.shown("metric", row), `item ${item.id}`].join(" · ");
    at("question").textContent = item.question;
    at("options").replaceChildren(...item.options.map((option) => made("li", option)));
    const same = [];
    for (let other = 0; other < rows.count; other++) if (rows.columns.item[other] === rows.columns.item[row] && rows.columns.metric[other] === rows.columns.metric[row]) same.push(other);
    this.sides(row, same.includes(beside) ? beside : this.partner(row, same), same);
    if (!at("row").open) at("row").showModal();
  }

  // Returns what a row is first compared with: baseline, or what baseline was finetuned to.
  partner(row, same) {
    const { rows } = this;
    const wanted = rows.name("condition", row) === "baseline" ? /^finetuned/ : /^baseline$/;
    const alike = same.filter((other) => other !== row && ["readout", "persona", "judge"].every((field) => rows.name(field, other) === rows.name(field, row)));
    const best = alike.filter((other) => wanted.test(rows.name("condition", other)));
    const sample = (other) => rows.columns.sample[other] === rows.columns.sample[row];
    return best.find(sample) ?? best[0] ?? alike.find(sample) ?? alike[0] ?? -1;
  }

  sides(row, beside, same) {
    const chosen = address.read();
    this.shown = this.rows.id(row);
    chosen.set("row", this.shown);
    chosen.set("with", beside >= 0 ? this.rows.id(beside) : "");
    address.write(chosen);
    const left = this.side(row, same, "This answer", (other) => this.sides(other, beside, same));
    const right = beside < 0 ? [] : [this.side(beside, same, "Beside it", (other) => this.sides(row, other, same))];
    at("sides").replaceChildren(left, ...right);
  }

  side(row, same, name, changed) {
    const { rows } = this;
    const side = made("div", "", { class: `said v-${rows.name("verdict", row)}` });
    const select = made("select", "", { "aria-label": `${name}: condition` });
    const several = (field) => new Set(same.map((other) => rows.columns[field][other])).size > 1;
    const told = ["readout", "persona", "judge"].filter(several);
    for (const other of same) {
      const words = [rows.name("condition", other), ...told.map((field) => rows.shown(field, other))];
      if (several("sample")) words.push(`sample ${rows.columns.sample[other]}`);
      const option = made("option", words.join(" · "), { value: other });
      option.selected = other === row;
      select.append(option);
    }
    select.addEventListener("change", () => { changed(Number(select.value)); at("sides").querySelector(`[aria-label="${name}: condition"]`).focus(); });
    const link = made("a", "Link to this row", { href: `#?${new URLSearchParams({ row: rows.id(row) })}` });
    side.append(select, made("b", `${rows.name("verdict", row).replace("_", " ")} · ${this.worth(row)}`));
    const scored = rows.columns.scored[row];
    if (!scored.length) this.whole(side, rows.columns.answer[row], "(nothing was said)");
    scored.forEach((call, place) => {
      side.append(made("b", scored.length > 1 ? `What was scored, ${place + 1} of ${scored.length}` : "What was scored"));
      side.append(this.scored(call, rows.name("readout", row)));
    });
    rows.columns.judgements[row].forEach((call, place, all) => {
      side.append(made("b", all.length > 1 ? `What was judged, ${place + 1} of ${all.length}` : "What the judge said"));
      this.whole(side, call, "");
    });
    side.append(link);
    return side;
  }

  // Returns a place for a scored call: the prompt, what stood before it, and the fixed answers with their numbers.
  scored(call, readout) {
    const place = made("div", "…", { class: "scored" });
    this.rows.scoring(call).then(({ lack, before, asked, answers }) => {
      place.textContent = lack ?? "";
      if (lack) return;
      if (before.length) {
        const fold = made("details");
        fold.append(made("summary", before.length > 1 ? `${before.length} turns before it` : "The turn before it"));
        for (const [role, turn] of before) {
          fold.append(made("b", role));
          this.whole(fold, turn, "", true);
        }
        place.append(fold);
      }
      this.whole(place, asked, "", true);
      place.append(this.chances(answers, readout !== "likelihood.letter"));
    });
    return place;
  }

  // Returns fixed answers as a table: log-probability, length, and each one's share as the readout takes it.
  chances(answers, aToken) {
    const logs = answers.map(({ logprob, tokens }) => aToken ? logprob / tokens : logprob);
    const weights = logs.map((log) => Math.exp(log - Math.max(...logs)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const table = made("table"), body = made("tbody");
    const head = made("tr");
    for (const name of ["fixed answer", "log-probability", "tokens", aToken ? "share, by token" : "share"]) head.append(made("th", name, { scope: "col" }));
    answers.forEach(({ text, logprob, tokens }, which) => {
      const line = made("tr");
      line.append(made("td", text, { dir: "auto" }));
      for (const number of [logprob.toFixed(2), tokens, (weights[which] / total).toFixed(3)]) line.append(made("td", number, { class: "n" }));
      body.append(line);
    });
    table.append(made("thead"), body);
    table.tHead.append(head);
    return table;
  }

  // Appends a text in full, with a note where the page holds only its beginning, or where an answer's call stands.
  whole(side, number, otherwise, isPrompt = false) {
    const place = made("div", "…", { class: "answer", dir: "auto" });
    const note = made("small");
    side.append(place, note);
    const show = (found) => {
      place.textContent = found ? found.text : otherwise;
      if (!found?.call || (isPrompt && !found.whole)) return;
      const cut = found.whole ? `Cut at ${found.text.length.toLocaleString("en")} of ${found.whole.toLocaleString("en")} characters. ` : "";
      const where = isPrompt ? "A call with the whole of it" : "The whole call";
      note.append(`${cut}${where}, in ledger.sqlite: `, made("code", `SELECT * FROM calls WHERE key GLOB '${found.call}*'`), " ");
    };
    Promise.resolve(this.rows.text(number)).then(show);
  }

  async save() {
    const { rows } = this;
    const quoted = (value) => `"${String(FORMULA.test(value) && typeof value === "string" ? `'${value}` : value ?? "").replaceAll('"', '""')}"`;
    const lines = [[...FIELDS, "item", "sample", "score", "question", "answer"].join(",")];
    for (const row of this.found) {
      const said = await rows.text(rows.columns.answer[row]);
      const item = rows.item(row);
      lines.push([...FIELDS.map((field) => rows.name(field, row)), item.id, rows.columns.sample[row], rows.score(row), item.question, said?.text ?? ""].map(quoted).join(","));
    }
    const link = made("a", "", { download: "rows.csv", href: URL.createObjectURL(new Blob([lines.join("\n")], { type: "text/csv" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

async function browse() {
  const rows = new Rows(await unpacked(at("index")), ...["chunk", "scored"].map((kind) => [...document.querySelectorAll(`script.${kind}`)]));
  await new Browser(rows).restore();
}

// A link into something that is folded opens it.
function unfold() {
  const target = location.hash && !location.hash.startsWith("#?") && at(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
}

// Asks how far the run is, shows it, and loads the page anew when its rows have changed.
async function follow(from) {
  const [status, list] = [at("live").querySelector("p"), at("live").querySelector("ul")];
  const version = new URL(from, location.href).searchParams.get("version");
  for (;;) {
    try {
      const found = await (await fetch(from, { cache: "no-store" })).json();
      if (found.version !== version) location.reload();
      if (status.textContent !== found.words) status.textContent = found.words;
      list.replaceChildren(...found.stages.map((stage) => {
        const line = made("li", `${stage.name}: ${stage.done.toLocaleString("en")}${stage.total === null ? "" : ` of ${stage.total.toLocaleString("en")}`} `);
        if (stage.total) line.append(made("progress", "", { max: stage.total, value: stage.done, "aria-label": stage.name }));
        return line;
      }));
    } catch {
      status.textContent = "doxa view has ended; what stands below may be out of date.";
    }
    await new Promise((resolve) => setTimeout(resolve, ASKED));
  }
}

window.addEventListener("hashchange", unfold);
unfold();
const live = document.querySelector('meta[name="doxa-live"]');
if (live) follow(live.content);
if (at("index")) browse();
})();
