// The camera's frames go to the server one at a time: the next one is sent when the last has been answered and
// drawn, so that a slow reading shows fewer frames and not old ones.
const LONGEST = 640; // pixels of a frame's longer side
const NARROW = 400; // the same where no more are shown, on a phone: labels would be tiny
const QUALITY = 0.85; // of the JPEG that is sent
const TELL = 2000; // milliseconds between two sentences for those who listen
const ROW = 20; // pixels of the timeline's rows, as in live.css
const GROUND = '#181a21', GRID = '#2c2f39'; // behind the curves: no face, a face
const SECURE = 'Browsers give a camera only to pages from this computer, or over https: open http://127.0.0.1 with '
  + 'this port, on the computer that runs fer-live.';
const REFUSALS = {
  NotAllowedError: 'The camera was refused. Allow it beside the address, then start again.',
  NotFoundError: 'No camera was found. Plug one in, then start again.',
  NotReadableError: 'The camera is in use by another program. Close that, then start again.',
};
const SILENT = 'The server does not answer. See whether fer-live still runs, then start again.';

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const [go, model, heatmap, mirror, pace, status, off, picture, who, onward, rank, details, bars, names, curves,
  spoken] = ['go', 'model', 'heatmap', 'mirror', 'pace', 'status', 'off', 'picture', 'who', 'onward', 'rank',
  'details', 'bars', 'names', 'curves', 'spoken'].map(part);
const before = [who.textContent, rank.textContent]; // what stands there while the camera is off
const address = new URL(element.querySelector('[data-path]').dataset.path, document.baseURI).href;
const video = document.createElement('video');
video.muted = video.playsInline = true;
const sheet = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const stage = picture.getContext('2d');

let look = null; // while the camera is on: its stream, its visit, what was asked of the next frame
let told = { words: '', at: 0 };
let listed = '';

const begin = async () => {
  const own = look = { stream: null, visit: null, asks: {}, cut: new AbortController(), drawn: [] };
  say('Waiting for the camera …', false);
  go.textContent = 'Stop the camera';
  try {
    own.stream = await camera();
    if (look === own) {
      own.stream.getVideoTracks()[0].onended = () => look === own && stop('The camera has gone. Plug it in, then start again.');
      own.visit = (await (await send('POST', address)).json()).visit;
    }
    if (look !== own) {
      release(own); // the tab was left meanwhile
      return;
    }
    video.srcObject = own.stream;
    await video.play();
    await follow(own);
  } catch (error) {
    if (look === own) {
      stop(error.message);
    }
  }
};

const camera = async () => {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    throw new Error(SECURE);
  }
  const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: 'user' };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    throw new Error(REFUSALS[error.name] || `The camera cannot be opened: ${error.message || error.name}.`);
  }
};

const follow = async (own) => {
  let next = newFrame().then(grab);
  while (look === own) {
    const frame = await next;
    next = newFrame().then(grab); // while the server reads the one before
    const asks = new URLSearchParams({ model: model.value, heatmap: heatmap.checked ? '1' : '0', ...own.asks });
    own.asks = {};
    if (look === own) {
      const answer = await send('POST', `${address}/${own.visit}?${asks}`, frame, own.cut.signal);
      await show(own, await answer.arrayBuffer());
    }
  }
};

const newFrame = () => new Promise((resolve) => {
  video.requestVideoFrameCallback ? video.requestVideoFrameCallback(resolve) : requestAnimationFrame(resolve);
});

const grab = () => {
  const longest = picture.parentElement.clientWidth > NARROW ? LONGEST : NARROW;
  const scale = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight));
  const [width, height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
  fit(sheet.canvas, width, height);
  sheet.setTransform(mirror.checked ? -1 : 1, 0, 0, 1, mirror.checked ? width : 0, 0);
  sheet.drawImage(video, 0, 0, width, height);
  // At once, in 3 ms: toBlob and convertToBlob leave it to threads that wait for the busy ones.
  const [, encoded] = sheet.canvas.toDataURL('image/jpeg', QUALITY).split(',');
  return Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
};

const send = async (method, url, body, signal) => {
  const answer = await fetch(url, { method, body, signal, keepalive: method === 'DELETE' }).catch((error) => {
    throw error.name === 'AbortError' ? error : new Error(SILENT);
  });
  if (!answer.ok) {
    const { error } = await answer.json().catch(() => ({}));
    throw new Error(error ? `${error[0].toUpperCase()}${error.slice(1)}.` : SILENT);
  }
  return answer;
};

const show = async (own, answer) => {
  const end = 4 + new DataView(answer).getUint32(0);
  const record = JSON.parse(new TextDecoder().decode(new Uint8Array(answer, 4, end - 4)));
  const image = await createImageBitmap(new Blob([new Uint8Array(answer, end)], { type: 'image/jpeg' }));
  if (look === own) {
    fit(picture, image.width, image.height);
    stage.drawImage(image, 0, 0);
    if (picture.hidden) {
      say('', false);
    }
    off.hidden = !(picture.hidden = false);
    beside(record);
    count(own, record);
  }
  image.close();
};

const fit = (canvas, width, height) => {
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
  }
};

const beside = (record) => {
  const { face, expressions } = record;
  if (JSON.stringify(expressions) !== listed) {
    listed = JSON.stringify(expressions);
    bars.replaceChildren(...expressions.map(([name, colour]) => row(name, colour)));
    names.replaceChildren(...expressions.map(([name]) => Object.assign(document.createElement('li'), { textContent: name })));
  }
  const percent = face && face.percent !== null ? ` ${face.percent}%` : '';
  const words = face ? `face ${face.track}: ${face.label}` : 'no face';
  const rest = face?.leading ? `${face.leading} leads, by too little or too briefly` : face?.rank;
  who.textContent = (face?.leading ? words.replace(': ', ': still ') : words) + percent;
  rank.textContent = rest ?? 'Come closer, or make more light.';
  onward.hidden = record.faces < 2;
  details.hidden = false;
  [...bars.children].forEach((line, i) => {
    const share = face ? face.probabilities[i] : 0;
    line.className = face && face.strong.includes(i) ? 'strong' : '';
    line.querySelector('span').style.width = `${100 * share}%`;
    line.lastChild.textContent = face ? `${Math.round(100 * share)}%` : '';
  });
  if (record.timeline) {
    draw(record.timeline, expressions);
  }
  tell(words, percent);
};

const row = (name, colour) => {
  const line = document.createElement('tr');
  line.innerHTML = '<th scope="row"></th><td class="bar"><span></span></td><td class="number"></td>';
  line.firstChild.textContent = name;
  line.querySelector('span').style.background = colour;
  return line;
};

const draw = (timeline, expressions) => {
  const ratio = window.devicePixelRatio || 1;
  const [width, tall] = [Math.max(curves.clientWidth, 1), ROW - 2];
  curves.style.height = `${ROW * timeline.length}px`;
  fit(curves, Math.round(width * ratio), Math.round(ROW * timeline.length * ratio));
  const pen = curves.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, ROW * timeline.length);
  timeline.forEach((percents, i) => {
    const step = width / percents.length;
    const areas = [[GROUND, () => 1], [GRID, (p) => p >= 0], [expressions[i][1], (p) => p / 100]];
    for (const [colour, height] of areas) {
      pen.fillStyle = colour;
      pen.beginPath();
      percents.forEach((p, at) => {
        const high = tall * Math.max(height(p), 0);
        pen.rect(at * step, ROW * i + 1 + tall - high, step + 0.5, high);
      });
      pen.fill();
    }
  });
};

const tell = (words, percent) => {
  picture.setAttribute('aria-label', `your camera's picture with boxes and labels; ${words}${percent}`);
  curves.setAttribute('aria-label', `probabilities of each expression over time; now ${words}${percent}`);
  if (words !== told.words && performance.now() - told.at > TELL) {
    told = { words, at: performance.now() };
    spoken.textContent = words;
  }
};

const count = (own, record) => {
  const now = performance.now();
  own.drawn = [...own.drawn.filter((at) => now - at < 2000), now];
  const rate = (1000 * (own.drawn.length - 1)) / Math.max(now - own.drawn[0], 1);
  if (!own.counted || now - own.counted > 500) {
    own.counted = now;
    pace.textContent = `${rate.toFixed(0)} frames a second, ${record.milliseconds.toFixed(0)} ms to read one`;
  }
};

const say = (text, wrong = true) => {
  status.textContent = text;
  status.classList.toggle('wrong', wrong);
};

const stop = (text = '', wrong = true) => {
  const own = look;
  look = null;
  if (own) {
    release(own);
  }
  video.srcObject = null;
  stage.clearRect(0, 0, picture.width, picture.height);
  off.hidden = !(picture.hidden = true);
  go.textContent = 'Start the camera';
  pace.textContent = spoken.textContent = '';
  told = { words: '', at: 0 };
  [who.textContent, rank.textContent] = before;
  onward.hidden = details.hidden = true;
  say(text, wrong);
};

const release = (own) => {
  own.stream?.getTracks().forEach((track) => track.stop());
  own.cut.abort();
  if (own.visit) {
    send('DELETE', `${address}/${own.visit}`).catch(() => {}); // it is over without us soon, too
  }
};

const leave = () => look && stop('The camera was stopped because its tab was left.', false);

go.addEventListener('click', () => (look ? stop() : begin()));
onward.addEventListener('click', () => look && (look.asks = { onward: '1' }));
picture.addEventListener('click', (event) => {
  const scale = picture.width / picture.clientWidth;
  if (look) {
    look.asks = { at: `${event.offsetX * scale},${event.offsetY * scale}` };
  }
});
document.addEventListener('visibilitychange', () => document.hidden && leave());
window.addEventListener('pagehide', leave);
// Without a size it is not shown: another tab was chosen.
new ResizeObserver(() => element.clientWidth || leave()).observe(element);
