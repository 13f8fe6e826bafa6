// Timelines of the people in a film, a canvas each. All show the same stretch of time, `view` in seconds.
const GROUND = '#151a23', GRID = '#2b3442', HEIGHT = 76;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
let data = null, view = [0, 1], hidden = new Set(), lines = false, drag = null;

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
