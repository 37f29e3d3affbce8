// The page's pictures and its explorer. Nothing is decoded here: a stimulus comes with the decoder's answers, packed as
// analysis/explorer.py says.

const NEVER = 255;
const LIT = [255, 225, 0];
const LARGEST_CELL = 26, TALLEST = 440, GAP = 6, LABEL = 22, REACH = 14; // of the latent space, in CSS pixels
const FRAME_MS = 300;

const find = (id) => document.getElementById(id);
const page = JSON.parse(find("contents").textContent);
const [ROWS, COLUMNS] = page.size;
const CONV3 = page.layers.at(-1);
const PLACES = CONV3.rows * CONV3.columns;
const LAST = page.steps - 1;

// ---- What is packed --------------------------------------------------------------------------------

const once = (load) => {
  const kept = new Map();
  return (index) => {
    if (!kept.has(index)) kept.set(index, load(index));
    return kept.get(index);
  };
};

const unpack = once(async (index) => {
  const packed = Uint8Array.from(atob(find(`spikes-${index}`).textContent), (character) => character.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(inflated).arrayBuffer());
  let start = 0;
  const take = (count) => bytes.subarray(start, (start += count));
  const fired = page.layers.map((layer) => take(layer.features * layer.rows * layer.columns));
  const joined = take(ROWS * COLUMNS);
  const events = new Set();
  fired[0].forEach((step, neuron) => step !== NEVER && events.add(neuron % (ROWS * COLUMNS)));
  const { answer } = page.stimuli[index];
  const latent = [...fired.at(-1).keys()].filter((neuron) => fired.at(-1)[neuron] !== NEVER || neuron === answer);
  return { fired, joined, events: Uint32Array.from(events).sort(), latent, causes: bytes.subarray(start) };
});

const loadPicture = once(async (index) => {
  const picture = new Image();
  picture.src = page.stimuli[index].picture;
  await picture.decode();
  return picture;
});

/** The input pixels that caused a latent neuron. */
function causesOf({ events, latent, causes }, neuron) {
  const place = latent.indexOf(neuron);
  const width = Math.ceil(latent.length / 8);
  return events.filter((_, row) => (causes[row * width + (place >> 3)] >> (7 - (place % 8))) & 1);
}

// ---- Colours ---------------------------------------------------------------------------------------

const dark = matchMedia("(prefers-color-scheme: dark)");
const print = matchMedia("print");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

/** A colour that stands out from the page, be it light or dark. */
function onGround(hex) {
  const colour = rgb(hex);
  return dark.matches && !print.matches ? colour.map((value) => Math.round(value + 0.4 * (255 - value))) : colour;
}

const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

// ---- Pictures with their masks ---------------------------------------------------------------------

function drawPicture(canvas, index, picture, stimulus, step, lit) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.imageSmoothingEnabled = page.smooth;
  context.drawImage(picture, 0, 0, width, height);
  context.fillStyle = css([0, 0, 0], lit ? 0.65 : 0.2);
  context.fillRect(0, 0, width, height);
  const tint = rgb(page.stimuli[index].colour);
  const overlay = new ImageData(COLUMNS, ROWS);
  stimulus.joined.forEach((joined, pixel) => joined <= step && overlay.data.set([...tint, lit ? 110 : 225], 4 * pixel));
  lit?.forEach((pixel) => overlay.data.set([...LIT, 255], 4 * pixel));
  context.imageSmoothingEnabled = false;
  context.drawImage(asCanvas(overlay), 0, 0, width, height);
  drawSilhouette(context, page.stimuli[index], width, height);
  drawBoxes(context, page.stimuli[index], width, height);
}

function asCanvas(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function drawSilhouette(context, { silhouette, colour }, width, height) {
  const unit = Math.max(1, width / 300);
  context.setLineDash([]);
  for (const [paint, thickness] of [["#fff", 2.5], [colour, 1.2]]) {
    context.strokeStyle = paint;
    context.lineWidth = thickness * unit;
    for (const line of silhouette) {
      context.beginPath();
      line.forEach(([x, y]) => context.lineTo(x * width, y * height));
      context.stroke();
    }
  }
}

function drawBoxes(context, { boxes, colour }, width, height) {
  const unit = Math.max(1, width / 300);
  const stroke = ([top, left, bottom, right], paint, thickness, dash) => {
    context.strokeStyle = paint;
    context.lineWidth = thickness * unit;
    context.setLineDash(dash.map((length) => length * unit));
    context.strokeRect(left * width, top * height, (right - left) * width, (bottom - top) * height);
  };
  if (boxes.annotated) {
    stroke(boxes.annotated, "#fff", 2, []);
    stroke(boxes.annotated, "#222", 2, [5, 4]);
  }
  if (boxes.found) {
    stroke(boxes.found, "#fff", 3.5, []);
    stroke(boxes.found, colour, 2, []);
  }
}

/** Give a canvas the pixels of the screen for a width in CSS pixels. */
function resize(canvas, width, height) {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  return ratio;
}

document.querySelectorAll(".card").forEach(async (card) => {
  const index = Number(card.dataset.stimulus);
  card.addEventListener("click", async () => {
    await choose(index);
    find("explorer").scrollIntoView();
    find("stimulus").focus({ preventScroll: true });
  });
  drawPicture(card.querySelector("canvas"), index, await loadPicture(index), await unpack(index), LAST);
});

// ---- The explorer: what is chosen ------------------------------------------------------------------

const state = { wanted: 0, index: 0, step: LAST, neuron: null, stimulus: null, picture: null, timer: null, tiles: null };

async function choose(index) {
  state.wanted = index;
  const [stimulus, picture] = await Promise.all([unpack(index), loadPicture(index)]);
  if (state.wanted !== index) return; // another one was chosen meanwhile
  Object.assign(state, { index, stimulus, picture, neuron: null });
  state.order = [...stimulus.latent].sort((a, b) => stimulus.fired.at(-1)[a] - stimulus.fired.at(-1)[b] || a - b);
  find("stimulus").value = index;
  describe();
  draw();
}

function go(step) {
  state.step = Math.min(Math.max(step, 0), LAST);
  draw();
}

function play(on) {
  clearInterval(state.timer);
  state.timer = null;
  if (on) {
    if (state.step === LAST) go(0);
    state.timer = setInterval(() => {
      go(state.step + 1);
      if (state.step === LAST) play(false);
    }, FRAME_MS);
  }
  find("play").textContent = on ? "Pause" : "Play";
}

function pick(neuron) {
  state.neuron = neuron;
  draw();
}

/** The spike before or after the chosen one, in the order of time; without one, the last or the first. */
function pickNext(by) {
  const { order, neuron } = state;
  const place = neuron === null ? (by > 0 ? 0 : order.length - 1) : order.indexOf(neuron) + by;
  pick(order[(place + order.length) % order.length]);
}

/** The nearest spike in a direction (dx, dy), as seen on the screen. */
function pickTowards(dx, dy) {
  if (state.neuron === null) return pick(page.stimuli[state.index].answer);
  const [x, y] = centre(state.neuron);
  let best = [Infinity, state.neuron];
  for (const neuron of state.stimulus.latent) {
    const [right, down] = [centre(neuron)[0] - x, centre(neuron)[1] - y];
    const ahead = right * dx + down * dy;
    const aside = Math.abs(right * dy) + Math.abs(down * dx);
    if (ahead > 0.5 && ahead + 3 * aside < best[0]) best = [ahead + 3 * aside, neuron];
  }
  pick(best[1]);
}

// ---- The explorer: what is drawn -------------------------------------------------------------------

function draw() {
  const { step, stimulus, picture, neuron } = state;
  if (!stimulus) return;
  const lit = neuron === null ? null : causesOf(stimulus, neuron);
  const canvas = find("picture");
  const room = canvas.parentElement.clientWidth;
  const width = Math.min(room, (TALLEST * picture.width) / picture.height);
  resize(canvas, width, (width * picture.height) / picture.width);
  drawPicture(canvas, state.index, picture, stimulus, step, lit);
  drawLatent();
  page.layers.slice(0, -1).forEach((layer, k) => drawLayer(layer, k, lit));
  const phase = step < page.input_steps ? "input" : "flush";
  find("step").value = step;
  find("step").setAttribute("aria-valuetext", `step ${step} of ${LAST}, ${phase}`);
  find("time").textContent = `${step} of ${LAST}, ${phase}`;
  find("selection").textContent = neuron === null ? "No latent pixel is chosen." : selectionText(lit);
}

function selectionText(lit) {
  const { neuron, stimulus } = state;
  const [map, place] = [Math.floor(neuron / PLACES), neuron % PLACES];
  const step = stimulus.fired.at(-1)[neuron];
  const where = `${CONV3.labels[map]}, map ${map}, row ${Math.floor(place / CONV3.columns)}, column ${place % CONV3.columns}`;
  const when = step === NEVER ? "did not spike, but has the largest potential" : `spiked at step ${step}`;
  const answer = neuron === page.stimuli[state.index].answer ? "; the answer’s" : "";
  return `${where}: ${when}; caused by ${lit.length.toLocaleString("en")} input pixels${answer}.`;
}

/** A layer's spikes so far, the latest of each place on top; of the input, only what is lit if anything is. */
function drawLayer(layer, number, lit) {
  const { step, stimulus } = state;
  const fired = stimulus.fired[number];
  const places = layer.rows * layer.columns;
  const colours = layer.colours.map(onGround);
  const image = new ImageData(layer.columns, layer.rows);
  const latest = new Int16Array(places).fill(-1);
  let [now, sofar] = [0, 0];
  fired.forEach((spiked, neuron) => {
    if (spiked > step) return;
    sofar += 1;
    now += spiked === step;
    const place = neuron % places;
    if (spiked < latest[place]) return;
    latest[place] = spiked;
    const alpha = lit && number === 0 ? 45 : Math.max(140, 255 - 25 * (step - spiked));
    image.data.set([...colours[Math.floor(neuron / places)], alpha], 4 * place);
  });
  if (lit && number === 0) {
    const ink = onGround("#d0021b");
    lit.forEach((pixel) => image.data.set([...ink, 255], 4 * pixel));
  }
  const canvas = find(`layer-${number}`);
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.nextElementSibling.textContent = counted(sofar, now);
}

const counted = (sofar, now) => `${sofar.toLocaleString("en")} spikes, ${now.toLocaleString("en")} now`;

/** Place the tiles of the maps, by class, as large as they fit; those without a class only if one is needed. */
function layTiles(width) {
  const classes = new Set(page.classes.map(({ name }) => name));
  state.stimulus.latent.forEach((neuron) => classes.add(CONV3.labels[Math.floor(neuron / PLACES)]));
  for (let cell = LARGEST_CELL; ; cell -= cell > 2 ? 1 : 0.25) {
    const [wide, high] = [CONV3.columns * cell + GAP, CONV3.rows * cell + GAP];
    const across = Math.floor((width + GAP) / wide);
    const tiles = new Map();
    const labels = [];
    let top = 0;
    for (const name of classes) {
      const maps = [...CONV3.labels.keys()].filter((map) => CONV3.labels[map] === name);
      labels.push([name, top]);
      maps.forEach((map, k) => tiles.set(map, [(k % across) * wide, top + LABEL + Math.floor(k / across) * high]));
      top += LABEL + Math.ceil(maps.length / across) * high;
    }
    if (across > 0 && (top <= TALLEST || cell < 2)) return { cell, tiles, labels, height: top };
  }
}

function centre(neuron) {
  const { tiles, cell } = state.tiles;
  const place = neuron % PLACES;
  const [left, top] = tiles.get(Math.floor(neuron / PLACES));
  return [left + ((place % CONV3.columns) + 0.5) * cell, top + (Math.floor(place / CONV3.columns) + 0.5) * cell];
}

function drawLatent() {
  const { step, stimulus, neuron: chosen } = state;
  const canvas = find("latent");
  const width = canvas.parentElement.clientWidth;
  state.tiles = layTiles(width);
  const { cell, tiles, labels, height } = state.tiles;
  const context = canvas.getContext("2d");
  const ratio = resize(canvas, width, height);
  context.scale(ratio, ratio);
  context.font = `14px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = style("--muted");
  labels.forEach(([name, top]) => context.fillText(name, 0, top + LABEL - 7));
  context.fillStyle = style("--panel");
  tiles.forEach(([left, top]) => context.fillRect(left, top, CONV3.columns * cell, CONV3.rows * cell));
  for (const neuron of stimulus.latent) {
    const [x, y] = centre(neuron);
    const spiked = stimulus.fired.at(-1)[neuron];
    const alpha = spiked === step ? 1 : spiked < step ? 0.65 : 0.18;
    context.fillStyle = css(onGround(CONV3.colours[Math.floor(neuron / PLACES)]), alpha);
    context.fillRect(x - cell / 2, y - cell / 2, cell, cell);
  }
  const spikes = stimulus.fired.at(-1).filter((spiked) => spiked <= step);
  find("latent-count").textContent = counted(spikes.length, spikes.filter((spiked) => spiked === step).length);
  ring(context, page.stimuli[state.index].answer, 2);
  if (chosen !== null) {
    context.fillStyle = css(LIT);
    const [x, y] = centre(chosen);
    context.fillRect(x - cell / 2, y - cell / 2, cell, cell);
    ring(context, chosen, 3.5);
  }
}

function ring(context, neuron, thickness) {
  const [x, y] = centre(neuron);
  context.strokeStyle = style("--ink");
  context.lineWidth = thickness;
  context.beginPath();
  context.arc(x, y, state.tiles.cell / 2 + 4, 0, 2 * Math.PI);
  context.stroke();
}

/** What does not change with the step: caption, evidence for each class. */
function describe() {
  const { label, answered, overlap, evidence, first } = page.stimuli[state.index];
  find("picture-caption").textContent = `${label}, answered ${answered}${overlap}`;
  const rows = page.classes.flatMap(({ name, colour }, k) => {
    const bar = make("span", "", "bar");
    bar.style.setProperty("--colour", css(onGround(colour)));
    bar.style.setProperty("--length", `${(100 * evidence.values[k]) / evidence.longest}%`);
    bar.style.setProperty("--threshold", `${(100 * evidence.line) / evidence.longest}%`);
    return [make("span", name, name === label ? "true" : ""), bar, make("span", evidence.values[k].toFixed(2))];
  });
  const spike = first ? `The first Conv3 spike is for ${first.label}, at step ${first.step}.` : "Conv3 does not spike.";
  find("scores").replaceChildren(...rows, make("p", `${evidence.text} ${spike}`, "muted"));
}

function make(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

// ---- The explorer: controls ------------------------------------------------------------------------

find("layers").append(
  ...page.layers.slice(0, -1).map(({ name, rows, columns }, number) => {
    const item = make("li", "");
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { id: `layer-${number}`, width: columns, height: rows, role: "img", ariaLabel: `Spikes of ${name}` });
    item.append(make("strong", name), canvas, make("span", ""));
    return item;
  })
);

const turn = (by) => choose((state.wanted + by + page.stimuli.length) % page.stimuli.length);
find("stimulus").addEventListener("change", (event) => choose(Number(event.target.value)));
find("previous").addEventListener("click", () => turn(-1));
find("next").addEventListener("click", () => turn(1));
find("play").addEventListener("click", () => play(state.timer === null));
find("step").addEventListener("input", (event) => {
  play(false);
  go(Number(event.target.value));
});
find("spike-previous").addEventListener("click", () => pickNext(-1));
find("spike-next").addEventListener("click", () => pickNext(1));
find("answer").addEventListener("click", () => pick(page.stimuli[state.index].answer));
find("clear").addEventListener("click", () => pick(null));

find("latent").addEventListener("click", (event) => {
  const distance = (neuron) => Math.hypot(centre(neuron)[0] - event.offsetX, centre(neuron)[1] - event.offsetY);
  const nearest = state.stimulus.latent.reduce((best, neuron) => (distance(neuron) < distance(best) ? neuron : best));
  pick(distance(nearest) <= Math.max(REACH, state.tiles.cell) ? nearest : null);
});

const KEYS = {
  ArrowLeft: () => pickTowards(-1, 0),
  ArrowRight: () => pickTowards(1, 0),
  ArrowUp: () => pickTowards(0, -1),
  ArrowDown: () => pickTowards(0, 1),
  Home: () => pick(state.order[0]),
  End: () => pick(state.order.at(-1)),
  Escape: () => pick(null),
};
find("latent").addEventListener("keydown", (event) => {
  if (!(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});

[dark, print].forEach((query) => query.addEventListener("change", draw));
addEventListener("resize", draw);
await choose(0);
