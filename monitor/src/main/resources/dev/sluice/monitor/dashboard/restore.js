// The time line of a backup: pick a moment, get the command that restores it.

import {ask, now} from './live.js';
import {attribute, bytes, count, h, moment, s, span, text} from './dom.js';

const WIDTH = 1000;
const HEIGHT = 76;
const BASE = 44;

/** How much of the time line is looked at, in ms; the last is all of it. */
const WINDOWS = [['5 min', 300_000], ['1 h', 3_600_000], ['24 h', 86_400_000], ['All', Infinity]];

/** A word for a shell. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command in words, so that a line breaks between them. */
function showCommand(code, url, file, how, what) {
  const words = ['sluice', 'restore', quoted(url), '-o', quoted(file), how, quoted(what)];
  const line = words.join(' ');
  if (code.textContent !== line) code.replaceChildren(...words.flatMap((word, i) => [i > 0 ? ' ' : '', h('span', {}, word)]));
}

/** A command to copy. */
function commandBox(label) {
  const code = h('code', {tabindex: '0', 'aria-label': label});
  const done = h('span', {role: 'status', class: 'sr-only'});
  const button = h('button', {type: 'button', class: 'quiet', onclick: async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      text(button, 'Copied');
      text(done, 'Copied');
      setTimeout(() => {
        text(button, 'Copy');
        text(done, '');
      }, 1500);
    } catch {
      // No clipboard without TLS on another machine: select it.
      window.getSelection().selectAllChildren(code);
    }
  }}, 'Copy');
  return {code, element: h('div', {class: 'command'}, code, button, done)};
}

export class RestorePicker {
  constructor(name) {
    this.name = name;
    this.backups = null;
    this.store = 0;
    this.window = Infinity;
    this.picked = null; // index of a point; null for the newest, whichever that is
    this.choice = h('select', {'aria-label': 'Store', onchange: () => {
      this.store = Number(this.choice.value);
      this.picked = null;
      this.draw();
    }});
    this.zoom = h('div', {class: 'segmented', role: 'group', 'aria-label': 'How far back'}, WINDOWS.map(([label, millis]) =>
      h('button', {type: 'button', onclick: () => {
        this.window = millis;
        this.draw();
      }}, label)));
    this.slider = h('input', {type: 'range', min: '0', step: '1', 'aria-label': 'Moment to restore', oninput: () => {
      this.picked = Number(this.slider.value);
      this.draw();
    }});
    this.typed = h('input', {type: 'datetime-local', step: '1', 'aria-label': 'Moment, as date and time', onchange: () => {
      const millis = Date.parse(this.typed.value);
      if (!Number.isNaN(millis)) this.pick(millis + 999);
    }});
    this.marks = s('g', {});
    this.svg = s('svg', {class: 'timeline', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}, this.marks);
    this.svg.addEventListener('pointerdown', (event) => this.pointed(event));
    this.svg.addEventListener('pointermove', (event) => {
      if (event.buttons & 1) this.pointed(event);
    });
    this.edges = h('div', {class: 'axis times'}, h('span', {}), h('span', {}));
    this.summary = h('p', {class: 'faint'});
    this.moment = h('p', {class: 'moment'});
    this.byTxid = commandBox('The command that restores this transaction');
    this.byTime = commandBox('The command that restores this moment');
    this.gaps = h('ul', {class: 'troubles'});
    this.refresh = h('button', {type: 'button', class: 'quiet', onclick: () => this.list()}, 'List again');
    this.controls = h('div', {hidden: true},
      h('div', {class: 'filters'}, this.zoom, this.choice, this.refresh),
      this.svg, this.edges,
      h('div', {class: 'pick'}, this.slider, this.typed),
      this.moment,
      h('p', {class: 'label'}, 'Exactly this transaction, while the store has a file that ends there:'), this.byTxid.element,
      h('p', {class: 'label'}, 'The newest state no later than this moment:'), this.byTime.element,
      this.gaps);
    this.element = h('section', {class: 'restore'}, h('h2', {}, 'Restore'), this.summary, this.controls);
    this.asked = null; // the key of the node that was asked last
  }

  close() {
    this.closed = true;
  }

  /** Shows the backup of a row; lists it the first time, and when another node has become the one to ask. */
  of(row) {
    const from = row.primary ?? row.copies.find((copy) => copy.node.line.error === null);
    if (!from) return;
    this.line = from.node.line;
    if (this.asked !== from.node.key) {
      this.asked = from.node.key;
      this.list();
    }
  }

  async list() {
    text(this.summary, 'Listing the store…');
    const {asked} = this;
    const node = this.line.self ? '' : `&node=${encodeURIComponent(this.line.nodeId)}`;
    try {
      const backups = await ask(`/v1/restore-points?database=${encodeURIComponent(this.name)}${node}`);
      if (this.closed || asked !== this.asked) return;
      this.backups = backups;
    } catch (error) {
      text(this.summary, `What there is to restore could not be listed: ${error.message}`);
      return;
    }
    this.draw();
  }

  get backup() {
    return this.backups?.[this.store];
  }

  /** Picks the newest state at or before a moment. */
  pick(millis) {
    const {points} = this.backup;
    let index = 0;
    points.forEach((point, i) => {
      if (point.millis <= millis) index = i;
    });
    this.picked = index;
    this.draw();
  }

  pointed(event) {
    const box = this.svg.getBoundingClientRect();
    const [from, until] = this.span();
    const wanted = from + (until - from) * Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    const {points} = this.backup;
    let best = 0;
    points.forEach((point, i) => {
      if (Math.abs(point.millis - wanted) <= Math.abs(points[best].millis - wanted)) best = i;
    });
    this.picked = best;
    this.draw();
  }

  span() {
    const {points, listedMillis} = this.backup;
    const until = Math.max(listedMillis, points.at(-1)?.millis ?? 0);
    const oldest = points[0]?.millis ?? until - 1000;
    const from = Math.max(oldest, until - this.window);
    return [from - (until - from) * 0.01 - 500, until + (until - from) * 0.01 + 500];
  }

  draw() {
    this.choice.replaceChildren(...this.backups.map((backup, i) => h('option', {value: String(i), selected: i === this.store}, backup.url)));
    this.choice.hidden = this.backups.length < 2;
    const backup = this.backup;
    if (!backup || backup.error || backup.points.length === 0) {
      this.controls.hidden = true;
      text(this.summary, !backup ? 'This database has no store: nothing can be restored. Give the node one with --store.'
        : backup.error ? `What there is to restore could not be listed: ${backup.error}` : 'The store has nothing of it that can be restored yet.');
      return;
    }
    this.controls.hidden = false;
    const {points, snapshots, gaps} = backup;
    text(this.summary, `${count(points.length)} states can be restored, from ${span(now() - points[0].millis)} ago until ${span(now() - points.at(-1).millis)} ago; ` +
      `${count(snapshots.length)} ${snapshots.length === 1 ? 'snapshot' : 'snapshots'}. Listed ${span(now() - backup.listedMillis)} ago.`);
    WINDOWS.forEach(([, millis], i) => attribute(this.zoom.childNodes[i], 'aria-pressed', String(millis === this.window)));
    const index = Math.min(this.picked ?? points.length - 1, points.length - 1);
    const point = points[index];
    const [from, until] = this.span();
    const x = (millis) => ((millis - from) / (until - from)) * WIDTH;
    this.marks.replaceChildren(
      s('path', {class: 'rail', d: `M0 ${BASE}H${WIDTH}`}),
      ...gaps.map((gap) => s('rect', {class: 'gap', x: x(gap.fromMillis), y: BASE - 14, width: Math.max(2, x(gap.untilMillis) - x(gap.fromMillis)), height: 28})),
      s('path', {class: 'points', d: this.ticks(points, x)}),
      ...snapshots.filter((one) => one.millis >= from).map((one) => s('rect', {class: 'snapshot', x: x(one.millis) - 3, y: 8, width: 6, height: BASE + 10})),
      s('path', {class: 'picked', d: `M${x(point.millis).toFixed(1)} 2V${HEIGHT - 4}`}));
    text(this.edges.firstChild, moment(from));
    text(this.edges.lastChild, moment(until));
    attribute(this.slider, 'max', String(points.length - 1));
    this.slider.value = String(index);
    const at = moment(point.millis, true);
    attribute(this.slider, 'aria-valuetext', at);
    this.typed.value = `${at.slice(0, 10)}T${at.slice(11, 19)}`;
    const snapshot = snapshots.find((one) => one.txid === point.txid);
    this.moment.replaceChildren(h('b', {}, at), `, transaction ${count(Number.parseInt(point.txid, 16))}`,
      snapshot ? `, a snapshot of ${bytes(snapshot.sizeBytes)}` : '', this.picked === null ? ', the newest' : '');
    const file = `restored-${this.name.split('/').at(-1)}`;
    showCommand(this.byTxid.code, backup.url, file, '--txid', point.txid);
    showCommand(this.byTime.code, backup.url, file, '--timestamp', at);
    this.gaps.replaceChildren(...gaps.map((gap) => h('li', {class: 'warning'}, `Nothing between ${moment(gap.fromMillis)} and ${moment(gap.untilMillis)} can be restored.`)));
  }

  /** A short line for each state; where there are several to a pixel, one. */
  ticks(points, x) {
    const seen = new Set();
    const parts = [];
    for (const point of points) {
      const at = Math.round(x(point.millis));
      if (at >= 0 && at <= WIDTH && !seen.has(at)) {
        seen.add(at);
        parts.push(`M${at} ${BASE - 12}v24`);
      }
    }
    return parts.join('');
  }
}
