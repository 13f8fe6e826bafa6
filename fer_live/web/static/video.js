// What the visitor does with the timelines that timeline.js draws: play, go to, zoom, choose, name.
const CLICK = 4; // pixels that are no drag yet
let focused = null;
let more = false; // people than the first few

const begin = () => {
  const holder = one('[data-timeline]');
  const before = data?.id;
  data = holder && JSON.parse(holder.dataset.timeline);
  if (!data) return;
  for (const person of data.people) person.p = Uint8Array.from(atob(person.p), (c) => c.charCodeAt(0));
  if (data.id !== before) { view = [0, data.seconds]; hidden.clear(); lines = more = false; }
  press(); show();
  if (focused) one(focused)?.focus({ preventScroll: true });
};

const press = () => {
  for (const button of all('[data-label]')) button.ariaPressed = String(!hidden.has(+button.dataset.label));
  if (one('[data-lines]')) one('[data-lines]').ariaPressed = String(lines);
  const ask = one('[data-more]');
  if (!ask) return;
  const later = all('.lane').slice(-ask.dataset.more);
  for (const lane of later) lane.hidden = !more;
  ask.ariaExpanded = String(more);
  ask.textContent = more ? 'Show fewer' : `Show ${later.length} more, seen for less time`;
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
  if (button.dataset.more !== undefined) more = !more;
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
