// Timelines of the people in a film, a canvas each. All show the same stretch of time, `view` in seconds.
const GROUND = '#151a23', GRID = '#2b3442', HEIGHT = 76, CLICK = 4; // CLICK: pixels that are no drag yet
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
let data = null, view = [0, 1], hidden = new Set(), lines = false, drag = null, focused = null;

const all = (selector) => [...element.querySelectorAll(selector)];
const one = (selector) => element.querySelector(selector);
const film = () => document.querySelector('#film video');
const lanes = () => all('.lane canvas');
const now = () => film()?.currentTime ?? 0;
const clock = (t, fine) => {
  const hours = Math.floor(t / 3600), minutes = Math.floor(t / 60) % 60, rest = t % 60;
  const second = fine ? (Math.floor(rest * 10) / 10).toFixed(1) : String(Math.floor(rest));
  const padded = second.padStart(fine ? 4 : 2, '0');
  return (hours ? `${hours}:${String(minutes).padStart(2, '0')}` : `${minutes}`) + `:${padded}`;
};

const begin = () => {
  const holder = one('[data-timeline]');
  const before = data?.id;
  data = holder && JSON.parse(holder.dataset.timeline);
  if (!data) return;
  for (const person of data.people) person.p = Uint8Array.from(atob(person.p), (c) => c.charCodeAt(0));
  if (data.id !== before) { view = [0, data.seconds]; hidden.clear(); lines = false; }
  show(); press();
  if (focused) one(focused)?.focus({ preventScroll: true });
};

const press = () => {
  for (const button of all('[data-label]')) button.ariaPressed = String(!hidden.has(+button.dataset.label));
  if (one('[data-lines]')) one('[data-lines]').ariaPressed = String(lines);
};

// Canvas of its own width in CSS pixels, cleared, with sharp pixels.
const pen = (canvas, height) => {
  const width = canvas.clientWidth, fine = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * fine);
  canvas.height = Math.round(height * fine);
  const context = canvas.getContext('2d');
  context.scale(fine, fine);
  return [context, width];
};

const ticks = (width) => {
  const step = STEPS.find((step) => (view[1] - view[0]) / step <= width / 70) ?? STEPS.at(-1);
  const found = [];
  for (let i = Math.ceil(view[0] / step - 1e-9); i * step <= view[1] + 1e-9; i++) found.push(i * step);
  return [found, step < 1];
};

// The first of `at` that is not below `index`.
const search = (at, index) => {
  let low = 0, high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] < index) low = middle + 1; else high = middle;
  }
  return low;
};

// Unbroken runs of points [x, values]; parts that share a pixel are averaged.
const runs = (person, width) => {
  const K = data.labels.length, scale = width / (view[1] - view[0]), half = (data.width * scale) / 2;
  const place = (index) => (data.began + (index + 0.5) * data.width - view[0]) * scale;
  const spare = data.patience + 1;
  const from = Math.max(search(person.at, Math.floor((view[0] - data.began) / data.width)) - spare, 0);
  const until = search(person.at, Math.ceil((view[1] - data.began) / data.width)) + spare;
  const found = [];
  let last = -Infinity, pixel = null, sum = null, count = 0;
  for (let i = from; i < Math.min(until, person.at.length); i++) {
    const x = place(person.at[i]);
    if (person.at[i] - last > data.patience) { found.push([]); pixel = null; }
    if (Math.floor(x) !== pixel) {
      sum = new Array(K).fill(0); count = 0; pixel = Math.floor(x);
      found.at(-1).push([x, sum]);
    }
    count++;
    for (let k = 0; k < K; k++) sum[k] += (person.p[i * K + k] / 255 - sum[k]) / count;
    last = person.at[i];
  }
  // A part is as long as it lasts, and never too short to see.
  return found.map((run) => [
    [run[0][0] - Math.max(half, 1), run[0][1]], ...run, [run.at(-1)[0] + Math.max(half, 1), run.at(-1)[1]],
  ]);
};

const lane = (canvas, person) => {
  const [context, width] = pen(canvas, HEIGHT);
  context.fillStyle = GROUND;
  context.fillRect(0, 0, width, HEIGHT);
  const ground = HEIGHT - 3, high = HEIGHT - 8, scale = width / (view[1] - view[0]);
  context.fillStyle = GRID;
  for (const t of ticks(width)[0]) context.fillRect((t - view[0]) * scale, 0, 1, HEIGHT);
  for (const run of runs(person, width)) {
    const base = run.map(() => 0);
    for (let k = 0; k < data.labels.length; k++) {
      if (hidden.has(k)) continue;
      context.beginPath();
      run.forEach(([x, p], i) => context.lineTo(x, ground - high * (lines ? p[k] : base[i] + p[k])));
      if (lines) {
        context.strokeStyle = data.colours[k]; context.lineWidth = 1.8; context.stroke();
        continue;
      }
      for (let i = run.length - 1; i >= 0; i--) context.lineTo(run[i][0], ground - high * base[i]);
      context.fillStyle = data.colours[k]; context.fill();
      run.forEach(([, p], i) => { base[i] += p[k]; });
    }
  }
  if (drag?.moved) {
    context.fillStyle = 'rgb(255 255 255 / 30%)';
    context.fillRect(Math.min(drag.from, drag.to), 0, Math.abs(drag.to - drag.from), HEIGHT);
  }
};

const ruler = () => {
  const canvas = one('.ruler'), [context, width] = pen(canvas, 18), [found, fine] = ticks(width);
  context.fillStyle = getComputedStyle(canvas).color;
  context.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  for (const t of found) {
    const text = clock(t + 1e-6, fine), half = context.measureText(text).width / 2;
    const x = ((t - view[0]) / (view[1] - view[0])) * width;
    context.fillText(text, Math.min(Math.max(x - half, 0), width - 2 * half), 13);
  }
};

const show = () => {
  if (!data?.people || !element.clientWidth) return;
  lanes().forEach((canvas, i) => lane(canvas, data.people[i]));
  ruler(); follow();
};

// What was read of a person at a time, most probable first.
const read = (person, t) => {
  const index = Math.floor((t - data.began) / data.width + 1e-6), K = data.labels.length;
  let i = search(person.at, index);
  if (i > 0 && (i === person.at.length || index - person.at[i - 1] < person.at[i] - index)) i--;
  if (!person.at.length || Math.abs(person.at[i] - index) > data.patience) return [];
  const said = data.labels.map((label, k) => [label, Math.round(person.p[i * K + k] / 2.55), data.colours[k]]);
  return said.sort((a, b) => b[1] - a[1]).slice(0, 3).filter(([, percent]) => percent > 0);
};

const words = (said) => said.map(([label, percent]) => `${label} ${percent}%`).join(', ') || 'not in the picture';

const follow = () => {
  const cursor = one('.cursor'), canvas = lanes()[0];
  if (!cursor || !canvas) return;
  const share = (now() - view[0]) / (view[1] - view[0]);
  cursor.hidden = share < 0 || share > 1;
  cursor.style.left = `${canvas.offsetLeft + share * canvas.clientWidth}px`;
  lanes().forEach((canvas, i) => {
    canvas.ariaValueMax = data.seconds.toFixed(1);
    canvas.ariaValueNow = now().toFixed(1);
    canvas.ariaValueText = `${clock(now(), true)}, ${words(read(data.people[i], now()))}`;
  });
};

// While the film plays, a part that was zoomed to moves along.
const run = () => {
  if (!film() || film().paused || !data) return;
  const span = view[1] - view[0];
  if (now() > view[1] && view[1] < data.seconds) look(now(), now() + span); else follow();
  requestAnimationFrame(run);
};

const look = (from, to) => {
  const span = Math.min(Math.max(to - from, Math.min(1, data.seconds)), data.seconds);
  const start = Math.min(Math.max((from + to - span) / 2, 0), data.seconds - span);
  view = [start, start + span];
  show();
};

const zoom = (factor, around = (view[0] + view[1]) / 2) =>
  look(around + (view[0] - around) * factor, around + (view[1] - around) * factor);
const pan = (share) => look(view[0] + share * (view[1] - view[0]), view[1] + share * (view[1] - view[0]));

const jump = (t) => {
  const video = film(), to = Math.min(Math.max(t, 0), data.seconds - 0.05);
  if (!video) return;
  video.currentTime = to;
  if (to < view[0] || to > view[1]) look(to - (view[1] - view[0]) / 2, to + (view[1] - view[0]) / 2);
};

const time = (event, canvas) => {
  const box = canvas.getBoundingClientRect();
  return view[0] + ((event.clientX - box.left) / box.width) * (view[1] - view[0]);
};

const hover = (event, canvas) => {
  const output = one('.reading'), person = data.people[lanes().indexOf(canvas)], t = time(event, canvas);
  output.replaceChildren(`${clock(Math.max(t, 0), true)}  ${person.name}`);
  for (const [label, percent, colour] of read(person, t)) {
    const line = document.createElement('span'), chip = document.createElement('i');
    chip.style.background = colour;
    line.append(chip, `${label} ${percent}%`);
    output.append(line);
  }
  output.hidden = false;
  const x = event.clientX - one('.lanes').getBoundingClientRect().left;
  const right = x + output.offsetWidth + 14 < one('.lanes').clientWidth;
  output.style.left = `${Math.max(right ? x + 12 : x - output.offsetWidth - 12, 0)}px`;
  output.style.top = `${canvas.offsetTop + 6}px`;
};

const KEYS = {
  ArrowLeft: (span) => jump(now() - span), ArrowRight: (span) => jump(now() + span),
  Home: () => jump(0), End: () => jump(data.seconds),
  '+': () => zoom(0.5, now()), '=': () => zoom(0.5, now()), '-': () => zoom(2, now()), 0: () => look(0, data.seconds),
  ' ': () => (film()?.paused ? film()?.play() : film()?.pause()),
};
const ZOOMS = {
  in: () => zoom(0.5), out: () => zoom(2), left: () => pan(-0.5), right: () => pan(0.5), all: () => look(0, data.seconds),
};

element.addEventListener('keydown', (event) => {
  const known = event.target.matches('.lane canvas') && !event.ctrlKey && !event.metaKey && KEYS[event.key];
  if (!known) return;
  event.preventDefault();
  known((view[1] - view[0]) * (event.shiftKey ? 0.1 : 0.02));
});
element.addEventListener('pointerdown', (event) => {
  if (!event.target.matches('.lane canvas') || event.button) return;
  const from = event.clientX - event.target.getBoundingClientRect().left;
  drag = { canvas: event.target, from, to: from, moved: false };
  event.target.setPointerCapture(event.pointerId);
});
element.addEventListener('pointermove', (event) => {
  const canvas = event.target.closest('.lane canvas');
  if (!canvas) { if (one('.reading')) one('.reading').hidden = true; return; }
  if (drag) {
    drag.to = event.clientX - canvas.getBoundingClientRect().left;
    drag.moved ||= Math.abs(drag.to - drag.from) > CLICK;
    show();
  }
  hover(event, canvas);
});
element.addEventListener('pointerup', (event) => {
  if (!drag) return;
  const { canvas, from, to, moved } = drag, width = canvas.clientWidth, span = view[1] - view[0];
  drag = null;
  const [a, b] = [Math.min(from, to), Math.max(from, to)].map((x) => view[0] + (x / width) * span);
  if (moved) look(a, b); else jump(time(event, canvas));
});
element.addEventListener('pointercancel', () => { drag = null; show(); });
element.addEventListener('pointerleave', () => { if (one('.reading')) one('.reading').hidden = true; });
element.addEventListener('wheel', (event) => {
  const canvas = event.target.closest('.lane canvas');
  if (!canvas) return;
  const across = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (!across && !event.ctrlKey && !event.metaKey) return; // the page scrolls
  event.preventDefault();
  if (across) pan(event.deltaX / canvas.clientWidth); else zoom(event.deltaY > 0 ? 1.25 : 0.8, time(event, canvas));
}, { passive: false });
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button || !data) return;
  if (button.dataset.zoom) ZOOMS[button.dataset.zoom]();
  if (button.dataset.lines !== undefined) lines = !lines;
  if (button.dataset.label) {
    const label = +button.dataset.label;
    if (!hidden.delete(label)) hidden.add(label);
  }
  if (button.dataset.split !== undefined) trigger('select', { pick: ['split', button.dataset.split, ''] });
  press(); show();
});
element.addEventListener('change', (event) => {
  const { name, same } = event.target.dataset, value = event.target.value;
  if (name !== undefined) trigger('select', { pick: ['name', name, value] });
  if (same !== undefined && value !== '-') trigger('select', { pick: ['same', same, value] });
});
// The table is made anew after each change: the keyboard stays where it was.
document.addEventListener('focusin', ({ target }) => {
  const kind = element.contains(target) && ['name', 'same', 'split'].find((kind) => target.dataset[kind] !== undefined);
  focused = kind ? `[data-${kind}="${target.dataset[kind]}"]` : null;
});
for (const kind of ['timeupdate', 'seeking', 'seeked', 'loadedmetadata']) {
  document.addEventListener(kind, (event) => { if (data && event.target === film()) follow(); }, true);
}
document.addEventListener('play', (event) => { if (event.target === film()) run(); }, true);
new ResizeObserver(show).observe(element);
watch('value', begin);
