// All databases of all nodes in one table. Only the rows that can be seen are there.

import {ago, attribute, badge, bytes, count, h, rate, span, text, dollars} from './dom.js';
import {health, now, SAMPLES, severityRank, state} from './live.js';
import {Sparkline} from './charts.js';

/** Rows beyond the edges, so that scrolling and the Tab key find them there. */
const OVERSCAN = 12;

/** What a missing number is when sorted: below all others. */
const NOTHING = -1;

const COLUMNS = [
  {key: 'health', title: 'Health', value: (row) => severityRank(row.health.severity), down: true},
  {key: 'name', title: 'Database', value: (row) => row.name},
  {key: 'txid', title: 'Position', value: (row) => row.txid, down: true, number: true},
  {key: 'rate', title: 'Commits/s', value: (row) => row.rate, down: true, number: true},
  {key: 'lag', title: 'Followers', value: (row) => row.lagMillis * 1e6 + row.lagTransactions, down: true},
  {key: 'backup', title: 'Last backup', value: (row) => backupAge(row) ?? NOTHING, down: true},
  {key: 'oldest', title: 'Restorable', value: (row) => row.oldestMillis || Infinity},
  {key: 'size', title: 'Size', value: (row) => row.sizeBytes, down: true, number: true},
  {key: 'wal', title: 'WAL', value: (row) => row.walBytes, down: true, number: true},
];

const TILES = [['databases', 'Databases'], ['trouble', 'With trouble'], ['rate', 'Commits/s'],
  ['lag', 'Worst lag'], ['backup', 'Backup behind'], ['cost', 'Stores a day']];

/** How old what is not in the store is, in ms; 0 when the store has all; null without a store. */
function backupAge(row) {
  if (row.stores.length === 0) return null;
  return row.unshippedMillis === Infinity ? 0 : Math.max(0, now() - row.unshippedMillis);
}

export function linkTo(name) {
  return `#/database/${encodeURIComponent(name)}`;
}

/** Lag of one follower in words. */
export function lagWords(copy) {
  if (copy.node.line.error !== null) return 'no answer';
  if (!copy.status.follow) return copy.node.line.status?.role ?? '?';
  const {lagTransactions, lagMillis} = copy.status.follow;
  return `${count(lagTransactions)} tx · ${span(lagMillis)}`;
}

/** One row of the table. */
class Row {
  constructor() {
    this.spark = new Sparkline(96, 20, SAMPLES);
    this.link = h('a', {});
    this.role = h('span', {class: 'sub'});
    this.cells = Object.fromEntries(COLUMNS.map(({key, number}) =>
      [key, h('td', {role: 'cell', class: `c-${key}${number ? ' number' : ''}`})]));
    this.cells.name.append(this.link, this.role);
    this.rate = h('span', {class: 'value'});
    this.cells.rate.append(this.spark.element, this.rate);
    this.txid = h('span', {});
    this.cells.txid.append(this.txid);
    this.backup = h('span', {});
    this.stored = h('span', {class: 'sub'});
    this.cells.backup.append(this.backup, this.stored);
    this.element = h('tr', {role: 'row'}, Object.values(this.cells));
    this.healthShown = '';
  }

  show(row, index) {
    attribute(this.element, 'aria-rowindex', String(index + 2));
    const {severity, word, message} = row.health;
    if (this.healthShown !== severity + word) {
      this.healthShown = severity + word;
      this.cells.health.replaceChildren(badge(severity, word));
    }
    attribute(this.cells.health, 'title', message);
    text(this.link, row.name);
    attribute(this.link, 'href', linkTo(row.name));
    attribute(this.link, 'title', row.name);
    text(this.role, row.primary ? `primary ${row.primary.node.name}` : 'no primary');
    text(this.txid, count(row.txid));
    attribute(this.txid, 'title', row.position);
    this.spark.draw(row.rates);
    text(this.rate, rate(row.rate));
    this.followers(row);
    const age = backupAge(row);
    text(this.backup, age === null ? 'none' : row.storedMillis === 0 ? 'nothing yet' : age === 0 ? 'up to date' : `${span(age)} behind`);
    this.backup.className = age === null ? 'faint' : '';
    text(this.stored, row.storedMillis > 0 ? `state of ${ago(now() - row.storedMillis)}` : '');
    text(this.cells.oldest, row.oldestMillis > 0 ? `${span(now() - row.oldestMillis)} back` : '–');
    text(this.cells.size, bytes(row.sizeBytes));
    text(this.cells.wal, row.walBytes > 0 ? bytes(row.walBytes) : '–');
  }

  /** The two that are furthest behind, and how many more. */
  followers(row) {
    const worst = [...row.followers].sort((a, b) => (b.status.follow?.lagMillis ?? 0) - (a.status.follow?.lagMillis ?? 0));
    const words = worst.slice(0, worst.length > 2 ? 1 : 2).map((copy) => [copy.node.name, lagWords(copy)]);
    if (worst.length > 2) words.push([`${worst.length - 1} more`, 'less behind']);
    const cell = this.cells.lag;
    if (words.length === 0) words.push(['', 'none']);
    while (cell.childNodes.length > words.length) cell.lastChild.remove();
    words.forEach(([who, what], i) => {
      if (!cell.childNodes[i]) cell.append(h('span', {class: 'follower'}, h('span', {class: 'who'}), h('span', {class: 'what'})));
      text(cell.childNodes[i].firstChild, who);
      text(cell.childNodes[i].lastChild, what);
    });
    attribute(cell, 'title', row.followers.map((copy) => `${copy.node.name}: ${lagWords(copy)}`).join('\n') || null);
  }
}

export class DatabasesPage {
  constructor() {
    this.title = 'Databases';
    this.sort = sessionStorage.getItem('sluice-sort') ?? 'name';
    this.down = sessionStorage.getItem('sluice-sort-down') === '1';
    this.rows = new Map(); // name → Row, those that are there
    this.search = h('input', {type: 'search', id: 'search', placeholder: 'Search', autocomplete: 'off', spellcheck: 'false',
      'aria-label': 'Search databases', oninput: () => this.show()});
    this.only = h('select', {'aria-label': 'Which databases', onchange: () => this.show()},
      h('option', {value: 'all'}, 'All'), h('option', {value: 'trouble'}, 'With trouble'), h('option', {value: 'active'}, 'Active now'));
    this.order = h('select', {class: 'phone', 'aria-label': 'Sort by', onchange: () => this.sortBy(this.order.value)},
      COLUMNS.map(({key, title}) => h('option', {value: key}, `by ${title.toLowerCase()}`)));
    this.found = h('span', {class: 'found faint', role: 'status'});
    this.tiles = Object.fromEntries(TILES.map(([key, title]) => {
      const value = h('dd', {});
      return [key, {value, element: h('div', {class: `tile t-${key}`}, h('dt', {}, title), value)}];
    }));
    this.heads = Object.fromEntries(COLUMNS.map(({key, title, number}) => {
      const button = h('button', {type: 'button', onclick: () => this.sortBy(key)}, h('span', {}, title), h('span', {class: 'arrow', 'aria-hidden': 'true'}));
      return [key, h('th', {role: 'columnheader', scope: 'col', class: `c-${key}${number ? ' number' : ''}`}, button)];
    }));
    this.above = h('td', {});
    this.below = h('td', {});
    this.body = h('tbody', {role: 'rowgroup'});
    this.table = h('table', {role: 'table', class: 'databases', 'aria-label': 'Databases'},
      h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'}, Object.values(this.heads))),
      h('tbody', {'aria-hidden': 'true', class: 'space'}, h('tr', {}, this.above)), this.body,
      h('tbody', {'aria-hidden': 'true', class: 'space'}, h('tr', {}, this.below)));
    this.empty = h('p', {class: 'empty', hidden: true});
    this.element = h('div', {},
      h('h1', {class: 'sr-only'}, 'Databases'),
      h('dl', {class: 'tiles'}, Object.values(this.tiles).map((tile) => tile.element)),
      h('div', {class: 'filters'}, this.search, this.only, this.order, this.found),
      this.table, this.empty);
    this.onScroll = () => this.window();
    window.addEventListener('scroll', this.onScroll, {passive: true});
    window.addEventListener('resize', this.onScroll);
    this.list = [];
  }

  close() {
    window.removeEventListener('scroll', this.onScroll);
    window.removeEventListener('resize', this.onScroll);
  }

  sortBy(key) {
    const column = COLUMNS.find((one) => one.key === key);
    this.down = this.sort === key ? !this.down : Boolean(column.down);
    this.sort = key;
    sessionStorage.setItem('sluice-sort', key);
    sessionStorage.setItem('sluice-sort-down', this.down ? '1' : '0');
    this.show();
  }

  show() {
    for (const row of state.rows.values()) row.health = health(row);
    this.showTiles();
    const wanted = this.search.value.trim().toLowerCase();
    const only = this.only.value;
    const column = COLUMNS.find((one) => one.key === this.sort);
    const sign = this.down ? -1 : 1;
    this.list = [...state.rows.values()]
      .filter((row) => (wanted === '' || row.name.toLowerCase().includes(wanted)) &&
        (only === 'all' || (only === 'trouble' ? row.health.severity !== 'ok' : row.active)))
      .map((row) => [column.value(row), row])
      .sort(([a, x], [b, y]) => (a < b ? -sign : a > b ? sign : x.name < y.name ? -1 : 1))
      .map(([, row]) => row);
    for (const {key} of COLUMNS) {
      const sorted = key === this.sort;
      attribute(this.heads[key], 'aria-sort', sorted ? (this.down ? 'descending' : 'ascending') : null);
      text(this.heads[key].querySelector('.arrow'), sorted ? (this.down ? '▼' : '▲') : '');
    }
    this.order.value = this.sort;
    attribute(this.table, 'aria-rowcount', String(this.list.length + 1));
    text(this.found, wanted === '' && only === 'all' ? '' : `${count(this.list.length)} of ${count(state.rows.size)}`);
    this.empty.hidden = this.list.length > 0;
    text(this.empty, !state.loaded ? 'Asking the node…' : state.rows.size === 0
      ? 'No database yet. One appears here when an application first commits to it.' : 'No database is like that.');
    this.window();
  }

  showTiles() {
    let trouble = 0;
    let commits = 0;
    let lag = -1;
    let behind = null;
    for (const row of state.rows.values()) {
      if (row.health.severity !== 'ok') trouble++;
      commits += row.rate;
      lag = Math.max(lag, row.lagMillis);
      const age = backupAge(row);
      if (age !== null) behind = Math.max(behind ?? 0, age);
    }
    const usages = [...state.nodes.values()].flatMap((node) => node.line.status?.storeUsage ?? []);
    text(this.tiles.databases.value, count(state.rows.size));
    text(this.tiles.trouble.value, count(trouble));
    this.tiles.trouble.element.classList.toggle('bad', trouble > 0);
    text(this.tiles.rate.value, rate(commits));
    text(this.tiles.lag.value, lag < 0 ? '–' : span(lag));
    text(this.tiles.backup.value, behind === null ? '–' : behind === 0 ? '0 s' : span(behind));
    text(this.tiles.cost.value, usages.length === 0 ? '–' : dollars(usages.reduce((sum, one) => sum + one.microDollarsPerDay, 0)));
  }

  /** Puts the rows that can be seen into the table. */
  window() {
    const height = Number.parseFloat(getComputedStyle(this.table).getPropertyValue('--row')) || 52;
    const top = this.above.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - OVERSCAN);
    const last = Math.min(this.list.length, Math.ceil((window.innerHeight - top) / height) + OVERSCAN);
    const shown = this.list.slice(first, Math.max(first, last));
    this.above.style.height = `${first * height}px`;
    this.below.style.height = `${Math.max(0, this.list.length - first - shown.length) * height}px`;
    const focused = document.activeElement;
    const names = new Set(shown.map((row) => row.name));
    for (const [name, row] of this.rows) {
      if (!names.has(name)) {
        row.element.remove();
        this.rows.delete(name);
      }
    }
    let next = this.body.firstChild;
    shown.forEach((data, i) => {
      let row = this.rows.get(data.name);
      if (!row) {
        row = new Row();
        this.rows.set(data.name, row);
      }
      row.show(data, first + i);
      // What is in its place is not moved, and so keeps the focus.
      if (row.element === next) next = next.nextSibling;
      else this.body.insertBefore(row.element, next);
    });
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({preventScroll: true});
  }
}
