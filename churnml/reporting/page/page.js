// Fills the page: the list (DataTables), its filters, and the story of a customer. Everything from the shop is data: it
// reaches the page as text nodes and attributes alone, never as markup.
const DataTable = globalThis.DataTable;
const $ = (selector) => document.querySelector(selector);

/** Makes an element; children are nodes or texts, and what is null is left out. */
function make(name, attributes = {}, ...children) {
  const of_svg = ["svg", "rect", "line", "circle", "text", "title"].includes(name);
  const element = of_svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

async function unpack() {
  const bytes = Uint8Array.from(atob($("#data").textContent), (letter) => letter.charCodeAt(0));
  const opened = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(opened).text());
}

function start(data) {
  const { language, currency, words, names } = data;
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
  const whole = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: "percent" });
  const weight = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });
  const signed = new Intl.NumberFormat(language, { signDisplay: "exceptZero" });
  const asMoney = currency ? { style: "currency", currency } : {};
  const coins = new Intl.NumberFormat(language, currency ? asMoney : { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const collator = new Intl.Collator(language, { numeric: true });
  const nullsLast = (compare) => (a, b) => (a === null) - (b === null) || compare(a, b);

  const sayDay = (value) => (value === null ? "–" : day.format(new Date(value)));
  const sayMoney = (value) => (value === null ? "–" : coins.format(value));
  const sayChance = (chance) => {
    if (chance === null) return "–";
    if (chance > 0 && chance < 0.005) return `<${percent.format(0.01)}`;
    return chance < 1 && chance >= 0.995 ? `>${percent.format(0.99)}` : percent.format(chance);
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const nameOf = (kind, value) => (value === null ? "–" : (names[kind]?.[value] ?? value));
  const playOf = (customer) => (customer.play === null ? "–" : (data.plays[customer.play]?.title ?? customer.play));
  // Letters without marks and case, so that a search for "iade" finds "İade" and "sikayet" finds "Şikâyet".
  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ı", "i");

  const customers = data.customers.customer_id.map((_, row) =>
    Object.fromEntries(Object.entries(data.customers).map(([name, values]) => [name, values[row]])),
  );
  for (const [row, customer] of customers.entries()) {
    customer.carried = data.carried.map(({ title, values }) => [title, values[row]]).filter(([, value]) => value !== null);
    customer.haystack = fold(
      [customer.customer_id, ...customer.carried.map(([, value]) => value), playOf(customer), nameOf("segment", customer.segment), nameOf("lifecycle_stage", customer.lifecycle_stage),
        customer.about ?? "", customer.owner ?? "", ...customer.leaving.flatMap(([concept, sentence]) => [nameOf("concept", concept), sentence])].join("\n"),
    );
  }

  const open = (customer) =>
    make("button", { type: "button", class: "link", "aria-haspopup": "dialog", title: fill(words.open_story, { customer: customer.customer_id }) }, customer.customer_id);
  const meter = (chance) =>
    make("svg", { class: "meter", viewBox: "0 0 100 5", preserveAspectRatio: "none", "aria-hidden": "true" },
      make("rect", { class: "back", width: 100, height: 5 }), make("rect", { class: "full", width: 100 * chance, height: 5 }));
  const span = (...children) => make("span", {}, ...children);
  const rankOn = (customer, list) => (list === "save" ? customer.list_rank : (customer.ranks[list] ?? null));
  const filled = Object.keys(data.lists).filter((name) => customers.some((customer) => rankOn(customer, name) !== null));
  const asked = { query: [], play: "", segment: "", reason: "", owner: "", view: filled[0] ?? "all" };
  const reasonOf = (c) => c.leaving[0]?.[1] ?? (c.group === "to_save" ? words.no_reason : c.about);
  // How a cell is shown, and by what its column is sorted.
  const cells = {
    list_rank: [(c) => span(whole.format(rankOn(c, asked.view) ?? 0)), (c) => rankOn(c, asked.view) ?? Infinity],
    risk_rank: [(c) => span(c.risk_rank === null ? "–" : whole.format(c.risk_rank)), (c) => c.risk_rank ?? Infinity],
    customer_id: [open, (c) => c.customer_id],
    churn_probability: [(c) => span(sayChance(c.churn_probability), c.churn_probability === null ? "" : meter(c.churn_probability)), (c) => c.churn_probability ?? -1],
    value_at_risk: [(c) => span(sayMoney(c.value_at_risk)), (c) => c.value_at_risk ?? -Infinity],
    reason_1: [(c) => span(reasonOf(c) ?? "–"), (c) => reasonOf(c)],
    play: [(c) => span(playOf(c)), (c) => (c.play === null ? null : playOf(c))],
    segment: [(c) => span(nameOf("segment", c.segment)), (c) => (c.segment === null ? null : nameOf("segment", c.segment))],
    contact_by: [(c) => span(sayDay(c.contact_by)), (c) => c.contact_by ?? "9999"],
    change: [(c) => span(nameOf("change", c.change)), (c) => (c.change === null ? null : nameOf("change", c.change))],
  };
  const numbers = ["list_rank", "risk_rank", "churn_probability", "value_at_risk"];
  DataTable.ext.type.order["text-of-language-asc"] = nullsLast((a, b) => collator.compare(a, b));
  DataTable.ext.type.order["text-of-language-desc"] = nullsLast((a, b) => collator.compare(b, a));
  DataTable.ext.errMode = "throw";
  const shown = [...document.querySelectorAll("#customers thead th")].map((header) => header.className);
  const orderOf = (view) => [[shown.indexOf(view === "all" ? "risk_rank" : "list_rank"), "asc"]];

  $("#customers tbody").replaceChildren();
  const table = new DataTable("#customers", {
    data: customers,
    // Each column says its type and none is searched by DataTables, which would otherwise read texts as markup to tell.
    columns: shown.map((name) => ({
      data: null, name, className: name, searchable: false, type: numbers.includes(name) ? "num" : "text-of-language",
      visible: name !== (asked.view === "all" ? "list_rank" : "risk_rank"),
      orderSequence: ["churn_probability", "value_at_risk"].includes(name) ? ["desc", "asc"] : ["asc", "desc"],
      render: (_, kind, customer) => cells[name][kind === "display" ? 0 : 1](customer),
    })),
    autoWidth: false,
    // On a phone a row is a card, whose values say what they are.
    createdRow: (row, _, at, tds) => tds.forEach((td) => { td.dataset.title = names.column[td.className.split(" ").at(-1)] ?? ""; }),
    order: orderOf(asked.view),
    pageLength: 25,
    lengthMenu: [25, 50, 100],
    layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: ["pageLength", "paging"] },
    language: {
      info: words.info, infoEmpty: "", infoFiltered: "", emptyTable: words.none_found, zeroRecords: words.none_found, lengthMenu: words.per_page,
      thousands: whole.format(10000).replace(/\d/g, ""),
      paginate: { first: "«", last: "»", next: "›", previous: "‹" },
      aria: {
        orderable: words.sort, orderableReverse: words.sort_back, orderableRemove: words.sort_off,
        paginate: { first: words.page_first, last: words.page_last, next: words.page_next, previous: words.page_previous, number: words.page_number },
      },
    },
  });
  $(".dt-paging nav").setAttribute("aria-label", words.pages);
  table.search.fixed("asked", (_, customer) =>
    (asked.view === "all" || rankOn(customer, asked.view) !== null) &&
    (!asked.owner || customer.owner === asked.owner) &&
    (!asked.play || customer.play === asked.play) &&
    (!asked.segment || customer.segment === asked.segment) &&
    (!asked.reason || customer.leaving.some(([concept]) => concept === asked.reason)) &&
    asked.query.every((word) => customer.haystack.includes(word)));

  const form = $("#controls");
  const choices = {
    play: (c) => [c.play], segment: (c) => [c.segment], owner: (c) => [c.owner], reason: (c) => c.leaving.map(([concept]) => concept),
  };
  const titleOf = { owner: (value) => value, play: (value) => data.plays[value]?.title ?? value, segment: (value) => nameOf("segment", value), reason: (value) => nameOf("concept", value) };
  for (const [name, of] of Object.entries(choices)) {
    const values = [...new Set(customers.flatMap(of))].filter((value) => value !== null);
    const options = values.map((value) => [titleOf[name](value), value]).sort(([a], [b]) => collator.compare(a, b));
    form[name].append(...options.map(([title, value]) => make("option", { value }, title)));
    form[name].closest("label").hidden = !values.length;
  }
  for (const option of form.view) option.closest("label").hidden = option.value !== "all" && !filled.includes(option.value);
  $(".view").hidden = !filled.length || (filled.length === 1 && customers.every((customer) => rankOn(customer, filled[0]) !== null));
  form.view.value = asked.view;
  const look = () => {
    const { play, segment, reason, owner, view, query } = Object.fromEntries(new FormData(form));
    const turned = view && view !== asked.view;
    Object.assign(asked, { play, segment, reason, owner, view: view ?? asked.view, query: fold(query).split(/\s+/).filter(Boolean) });
    if (turned) {
      table.column("list_rank:name").visible(view !== "all", false);
      table.column("risk_rank:name").visible(view === "all", false);
      table.rows().invalidate("data").order(orderOf(view));
    }
    form.querySelector("button").disabled = !(play || segment || reason || owner || query);
    table.draw();
  };
  form.addEventListener("input", look);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const name of ["query", "play", "segment", "owner", "reason"]) form[name].value = "";
    look();
  });
  form.hidden = false;
  look();

  // On paper: the first rows of what is on the screen, and how many there are.
  const PRINTED = 100;
  let length = null;
  addEventListener("beforeprint", () => {
    if (length !== null) return;
    length = [table.page.len(), table.page()];
    table.page.len(PRINTED).draw();
    const { recordsDisplay } = table.page.info();
    const cut = recordsDisplay > PRINTED;
    $("#printed").textContent = cut ? fill(words.printed, { n: whole.format(PRINTED), total: whole.format(recordsDisplay) }) : "";
  });
  addEventListener("afterprint", () => {
    if (length === null) return;
    table.page.len(length[0]).page(length[1]).draw("page");
    length = null;
  });

  const dialog = $("#story");
  const [back, forward, close] = ["previous", "next", "close"].map((name) => dialog.querySelector(`[name=${name}]`));
  let order = [];
  let place = 0;
  const show = (at) => {
    place = at;
    $("#story-title").textContent = fill(words.open_story, { customer: order[place].customer_id });
    $("#story-body").replaceChildren(...story(order[place]));
    dialog.scrollTop = 0;
    back.disabled = place === 0;
    forward.disabled = place === order.length - 1;
    $("#story-title").focus();
  };
  $("#customers tbody").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const customer = row && table.row(row).data();
    if (!customer || (!event.target.closest("button") && !getSelection().isCollapsed)) return;
    row.querySelector("button").focus();
    order = table.rows({ search: "applied", order: "applied" }).data().toArray();
    dialog.showModal();
    show(order.indexOf(customer));
  });
  back.addEventListener("click", () => show(place - 1));
  forward.addEventListener("click", () => show(place + 1));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" && !back.disabled) show(place - 1);
    if (event.key === "ArrowRight" && !forward.disabled) show(place + 1);
  });

  const fact = (title, value, big = false) => (value === null ? null : make("div", {}, make("dt", {}, title), make("dd", big ? { class: "big" } : {}, value)));

  function story(customer) {
    const placed = [customer.list_rank && fill(words.rank_listed, { n: whole.format(customer.list_rank) }), customer.risk_rank && fill(words.rank_risk, { n: whole.format(customer.risk_rank) })];
    const lists = Object.keys(data.lists).filter((name) => rankOn(customer, name) !== null).map((name) => nameOf("list", name));
    if (customer.risk_rank === null)
      return [
        make("p", { class: "note" }, words.not_ranked),
        make("dl", { class: "facts" }, fact(words.on_lists, lists.join(", "))),
        ...toDo(customer),
        make("h3", {}, words.timeline), ...events(customer),
      ];
    return [
      make("dl", { class: "facts" },
        fact(names.column.churn_probability, [sayChance(customer.churn_probability), make("small", {}, `${names.column.risk_band}: ${nameOf("risk_band", customer.risk_band)}`)], true),
        fact(names.column.value_at_risk, sayMoney(customer.value_at_risk), true),
        fact(words.if_stayed, sayMoney(customer.if_stayed)),
        fact(words.if_left, sayMoney(customer.if_left)),
        fact(words.rank, placed.filter(Boolean).join(", ")),
        fact(names.column.segment, customer.segment && nameOf("segment", customer.segment)),
        fact(names.column.lifecycle_stage, customer.lifecycle_stage && nameOf("lifecycle_stage", customer.lifecycle_stage)),
        fact(names.column.group, customer.group && nameOf("group", customer.group)),
        fact(names.column.last_order_at, customer.last_order_at && sayDay(customer.last_order_at)),
        fact(names.column.usually_buys, customer.usually_buys),
        fact(names.column.goes_with, customer.goes_with),
        fact(words.on_lists, lists.length ? lists.join(", ") : null),
        fact(names.column.change, customer.change && nameOf("change", customer.change)),
        customer.carried.map(([title, value]) => fact(title, value))),
      ...toDo(customer),
      make("h3", {}, words.why), ...reasons(customer),
      make("h3", {}, words.timeline), ...events(customer),
    ];
  }

  function toDo(customer) {
    const onList = Object.keys(data.lists).some((name) => rankOn(customer, name) !== null);
    const warning = customer.holdout ? words.held_out : customer.contactable === false ? words.no_consent : onList ? null : words.not_listed;
    const play = data.plays[customer.play];
    return [
      make("div", { class: "play-box" },
        make("h3", {}, words.play),
        make("strong", {}, play ? play.title : words.play_none),
        customer.about ? make("p", { class: "about" }, customer.about) : null,
        play ? make("p", {}, [play.wording, customer.mention].filter(Boolean).join(" ")) : null,
        customer.effect ? make("p", {}, customer.effect) : null,
        warning && make("p", {}, warning),
        make("dl", { class: "facts" },
          fact(names.column.contact_by, customer.contact_by && sayDay(customer.contact_by)),
          fact(words.owner, play ? play.owner : null),
          fact(words.cost, play ? sayMoney(play.cost) : null),
          fact(words.offer, play ? sayMoney(play.offer) : null),
          fact(`${names.column.expected_profit} (${words.assumed})`, customer.expected_profit === null ? null : sayMoney(customer.expected_profit)),
          fact(names.column.play_rule, customer.play_rule))),
    ];
  }

  const logodds = (chance) => Math.log(chance / (1 - chance));
  const sigmoid = (value) => 1 / (1 + Math.exp(-value));
  /** Draws what stands out from the chance without it up to the chance, and below it the weights of all subjects. */
  function reasons(customer) {
    const told = [...customer.leaving, ...customer.staying];
    const chance = Math.min(0.9999, Math.max(0.0001, customer.churn_probability));
    const base = logodds(chance) - told.reduce((sum, [, , value]) => sum + value, 0);
    const step = (label, below, from, to, number, kind) =>
      make("li", { class: kind },
        make("span", {}, label, below && make("small", {}, below)),
        make("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
          make("line", { class: "lane", x1: 0, x2: 100, y1: 7, y2: 7 }),
          make("rect", { class: kind === "whole" ? "whole" : to > from ? "towards" : "against", x: 100 * Math.min(from, to), y: 2, width: Math.max(0.6, 100 * Math.abs(to - from)), height: 10 })),
        make("span", { class: "number" }, number));
    let at = base;
    const steps = told.map(([concept, sentence, value]) => {
      const [from, to] = [sigmoid(at), sigmoid((at += value))];
      const points = Math.round(100 * to) - Math.round(100 * from);
      const side = value > 0 ? words.towards_leaving : words.towards_staying;
      return step(sentence, `${nameOf("concept", concept)} · ${side}`, from, to, fill(words.points, { n: signed.format(points) }), "step");
    });
    const ends = [
      step(words.base, null, 0, sigmoid(base), percent.format(sigmoid(base)), "whole"),
      step(words.chance, null, 0, chance, sayChance(customer.churn_probability), "whole"),
    ];
    return [
      make("p", { class: "note" }, words.log_odds),
      told.length ? make("ul", { class: "weights" }, ends[0], ...steps, ends[1]) : make("p", {}, customer.group === "to_save" ? words.no_reason : words.why_none),
      make("details", {}, make("summary", {}, words.all_concepts), make("p", { class: "note" }, words.all_concepts_note), allSubjects(customer)),
    ];
  }

  function allSubjects(customer) {
    const weights = customer.weights.map((hundredths, at) => [data.concepts[at], hundredths / 100]).filter(([, value]) => value);
    const most = Math.max(0.01, ...weights.map(([, value]) => Math.abs(value)));
    const bar = ([concept, value]) =>
      make("li", {}, make("span", {}, nameOf("concept", concept)),
        make("svg", { viewBox: "-100 0 200 14", preserveAspectRatio: "none", "aria-hidden": "true" },
          make("rect", { class: value > 0 ? "towards" : "against", x: Math.min(0, (100 * value) / most), y: 2, width: Math.abs((100 * value) / most), height: 10 }),
          make("line", { x1: 0, x2: 0, y1: 0, y2: 14 })),
        make("span", { class: "number" }, weight.format(value), make("span", { class: "hidden" }, ` ${value > 0 ? words.towards_leaving : words.towards_staying}`)));
    return make("ul", { class: "weights" }, weights.sort(([, a], [, b]) => b - a).map(bar));
  }

  const SEEN_AT_ONCE = 12;
  function events(customer) {
    const happened = customer.events.map(([days, kind, text]) => ({ at: Date.parse(data.snapshot_date) - days * 864e5, kind, text }));
    if (!happened.length) return [make("p", {}, words.timeline_none)];
    const items = happened.toReversed().map(({ at, text }) => {
      const iso = new Date(at).toISOString().slice(0, 10);
      return make("li", {}, make("time", { datetime: iso }, sayDay(iso)), make("span", {}, text));
    });
    const older = items.slice(SEEN_AT_ONCE);
    return [
      timeline(happened),
      happened.length >= data.events_at_most ? make("p", { class: "note" }, fill(words.timeline_newest, { n: whole.format(happened.length) })) : null,
      make("ol", { class: "events" }, items.slice(0, SEEN_AT_ONCE)),
      older.length ? make("details", {}, make("summary", {}, `${words.more_events} (${whole.format(older.length)})`), make("ol", { class: "events" }, older)) : null,
    ].filter(Boolean);
  }

  const BAD = ["complaint", "return", "order_cancelled", "subscription_cancelled"];
  const GOOD = ["order", "subscription", "complaint_resolved"];
  function timeline(happened) {
    const width = Math.max(300, Math.min(800, $("#story-body").clientWidth - 40));
    const [left, right, lane] = [Math.min(150, width * 0.36), width - 14, 26];
    const kinds = [...new Set([...data.kinds, ...happened.map(({ kind }) => kind)])].filter((kind) => happened.some((one) => one.kind === kind));
    const height = kinds.length * lane;
    const end = Date.parse(data.snapshot_date);
    const begin = Math.min(happened[0].at, end - 30 * 864e5);
    const x = (at) => (left + ((right - left) * (at - begin)) / (end - begin)).toFixed(1);
    const y = (kind) => kinds.indexOf(kind) * lane + lane / 2;
    const counts = kinds.map((kind) => `${nameOf("event", kind)} ${whole.format(happened.filter((one) => one.kind === kind).length)}`).join(", ");
    const label = fill(words.timeline_label, { first: day.format(begin), last: day.format(end), counts });
    return make("svg", { class: "timeline", viewBox: `0 0 ${width} ${height + 24}`, role: "img", "aria-label": label },
      kinds.flatMap((kind) => [
        make("line", { class: "lane", x1: left, x2: right, y1: y(kind), y2: y(kind) }),
        make("text", { class: "name", x: 0, y: y(kind) + 4 }, nameOf("event", kind)),
      ]),
      make("line", { class: "now", x1: right, x2: right, y1: 0, y2: height }),
      ticks(begin, end, (right - left) / 68).map(([at, text]) => make("text", { x: x(at), y: height + 18, "text-anchor": "middle" }, text)),
      happened.map(({ at, kind, text }) =>
        make("circle", { class: BAD.includes(kind) ? "bad" : GOOD.includes(kind) ? "good" : "other", cx: x(at), cy: y(kind), r: 5 },
          make("title", {}, `${day.format(at)}: ${text}`))));
  }

  /** Gives months to write below a timeline, at most so many, evenly spaced. */
  function ticks(begin, end, most) {
    const format = new Intl.DateTimeFormat(language, { month: "short", year: "2-digit", timeZone: "UTC" });
    const months = [];
    for (let at = new Date(begin); months.length < 1200; ) {
      at = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
      if (at > end) break;
      months.push(at);
    }
    const every = [1, 2, 3, 6, 12, 24, 60, 120].find((step) => months.length / step <= most) ?? 240;
    return months.filter((at) => (at.getUTCFullYear() * 12 + at.getUTCMonth()) % every === 0).map((at) => [at, format.format(at)]);
  }
}

$("#still").hidden = true;
if (typeof DecompressionStream === "undefined") $("#too-old").hidden = false;
else start(await unpack());
