// What the node says, once a second, and what follows from it for each database. fetch is used in place of
// EventSource, which can send no Authorization header.

import {txidOf} from './dom.js';

const TOKEN = 'sluice-token';
const UNLOCKED = 'sluice-unlocked';
const SILENT_MILLIS = 6_000;
const HIDDEN_MILLIS = 60_000;
export const SAMPLES = 60;

export const state = {
  connected: false,
  problem: null, // why there is no connection: {status, message}
  session: null, // {nodeId, scope, open, version}
  nodes: new Map(), // key → {key, line, databases}
  rows: new Map(), // name → row
  cluster: null,
  terms: [],
  clockMillis: 0, // the node's clock less this one's
  loaded: false,
  events: [], // of this node, newest first
};

const listeners = new Set();

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  for (const listener of listeners) listener();
}

/** The time by the node's clock. */
export function now() {
  return Date.now() + state.clockMillis;
}

// ---- who asks ----

export function token() {
  return sessionStorage.getItem(TOKEN);
}

/** Tries a token; gives what it allows, or null when the node does not know it. */
export async function useToken(given) {
  const answer = await fetch('/v1/session', {headers: given ? {Authorization: `Bearer ${given}`} : {}});
  const session = await answer.json();
  if (given && session.scope === 'none') return null;
  if (given) sessionStorage.setItem(TOKEN, given);
  sessionStorage.setItem(UNLOCKED, '1');
  state.session = session;
  reconnect();
  return session;
}

export function forgetToken() {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(UNLOCKED);
  reconnect();
}

/** Whether the page may change something: only when somebody has said so in this tab, and may. */
export function mayChange() {
  return sessionStorage.getItem(UNLOCKED) === '1' && state.session?.scope === 'admin';
}

function headers() {
  const known = token();
  return known ? {Authorization: `Bearer ${known}`} : {};
}

/** Asks the node; an error has what the node says of it. */
export async function ask(path, options) {
  const answer = await fetch(path, {...options, headers: headers()});
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = new Error([body.error ?? `HTTP ${answer.status}`, body.hint].filter(Boolean).join('; '));
    error.status = answer.status;
    throw error;
  }
  return body;
}

// ---- the stream ----

let attempt = 0;
let abort = new AbortController();
let heardMillis = 0;
let wake = () => {};

function reconnect() {
  abort.abort();
  wake();
}

/** Reads the stream for as long as the page is there. */
export async function run() {
  document.addEventListener('visibilitychange', whenHidden);
  setInterval(() => {
    if (state.connected && Date.now() - heardMillis > SILENT_MILLIS) reconnect();
  }, 1000);
  for (;;) {
    abort = new AbortController();
    try {
      await visible();
      state.session = await ask('/v1/session');
      // Nothing is asked that would be refused.
      if (state.session.scope === 'none') throw Object.assign(new Error('the node asks for a token'), {status: 401});
      changed();
      await stream(abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) state.problem = {status: error.status ?? 0, message: error.message};
      if (error.status === 401 || error.status === 403) {
        state.loaded = false;
        state.nodes.clear();
        state.rows.clear();
      }
    }
    const wasAborted = abort.signal.aborted;
    state.connected = false;
    changed();
    if (!wasAborted) {
      await new Promise((done) => {
        wake = done;
        setTimeout(done, Math.min(10_000, 500 * 2 ** attempt++));
      });
    }
  }
}

let hiding = 0;

/** A tab that nobody looks at costs the nodes nothing. */
function whenHidden() {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(reconnect, HIDDEN_MILLIS);
}

function visible() {
  if (!document.hidden || !state.loaded) return Promise.resolve();
  return new Promise((done) => document.addEventListener('visibilitychange', done, {once: true}));
}

async function stream(signal) {
  const answer = await fetch('/v1/live', {headers: headers(), signal});
  if (!answer.ok) {
    const body = await answer.json().catch(() => ({}));
    const error = new Error(body.error ?? `HTTP ${answer.status}`);
    error.status = answer.status;
    throw error;
  }
  state.connected = true;
  state.problem = null;
  attempt = 0;
  heardMillis = Date.now();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {value, done} = await reader.read();
    if (done) throw new Error('the node has ended the connection');
    heardMillis = Date.now();
    rest += value;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      take(rest.slice(0, end));
      rest = rest.slice(end + 2);
    }
  }
}

function take(event) {
  const at = event.indexOf('\ndata: ');
  if (event.startsWith('event: status\n')) {
    const change = JSON.parse(event.slice(at + 7));
    status(change);
    changed();
    readEvents(change.lastEvent);
  }
}

// ---- events of the node ----

const EVENTS = 1000;

let lastEvent = 0;
let reading = false;

/** Reads what is new, up to an event that the node has told of. */
async function readEvents(until) {
  if (reading || until === lastEvent) return;
  reading = true;
  try {
    // Numbers begin anew when a node is restarted.
    if (until < lastEvent) state.events = [];
    const after = until < lastEvent || lastEvent === 0 ? '' : `&after=${lastEvent}`;
    const {events} = await ask(`/v1/events?limit=${EVENTS}${after}`);
    state.events = [...events.reverse(), ...state.events].slice(0, EVENTS);
    lastEvent = until;
    changed();
  } catch {
    // The connection says what is wrong; the next second asks again.
  } finally {
    reading = false;
  }
}

// ---- what is said, by database ----

function status(change) {
  state.clockMillis = change.timeMillis - Date.now();
  const everything = change.since === 0;
  if (everything) {
    state.nodes.clear();
    state.rows.clear();
  }
  const touched = new Set();
  const seen = new Set();
  for (const {key, node, databases, gone} of change.nodes) {
    seen.add(key);
    let known = state.nodes.get(key);
    if (!known) {
      known = {key, line: node, databases: new Map()};
      state.nodes.set(key, known);
    }
    const before = known.line;
    known.line = node;
    if (opinion(before) !== opinion(node)) known.databases.forEach((_, name) => touched.add(name));
    for (const database of databases) {
      known.databases.set(database.name, database);
      touched.add(database.name);
    }
    for (const name of gone) {
      known.databases.delete(name);
      touched.add(name);
    }
  }
  for (const [key, node] of state.nodes) {
    if (!seen.has(key)) {
      node.databases.forEach((_, name) => touched.add(name));
      state.nodes.delete(key);
    }
  }
  nameNodes();
  touched.forEach(update);
  if (everything) {
    for (const [name, samples] of Object.entries(change.history ?? {})) {
      const row = state.rows.get(name);
      if (row) row.rates = samples.slice(-SAMPLES);
    }
  }
  for (const commits of change.commits) {
    for (const row of state.rows.values()) {
      const n = commits[row.name] ?? 0;
      if (n === 0 && !row.active) continue;
      row.rates.push(n);
      if (row.rates.length > SAMPLES) row.rates.shift();
      row.active = row.rates.some((each) => each > 0);
    }
  }
  for (const row of state.rows.values()) {
    row.active = row.rates.some((each) => each > 0);
    row.rate = row.active ? mean(row.rates.slice(-5)) : 0;
  }
  state.cluster = change.cluster ?? null;
  state.terms = change.terms;
  state.loaded = true;
}

function mean(numbers) {
  return numbers.length === 0 ? 0 : numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

/** What of a node's line counts for its databases. */
function opinion(line) {
  return JSON.stringify([line.error === null, line.status?.role, line.status?.connected]);
}

/** Hosts as names, with ports where two nodes are on one. */
function nameNodes() {
  const hosts = new Map();
  for (const node of state.nodes.values()) {
    const url = node.line.url ?? (node.line.self ? location.origin : null);
    try {
      node.host = url === null ? null : new URL(url);
    } catch {
      node.host = null;
    }
    if (node.host) hosts.set(node.host.hostname, (hosts.get(node.host.hostname) ?? 0) + 1);
  }
  for (const node of state.nodes.values()) {
    node.name = node.host === null ? (node.line.nodeId ?? '?').slice(0, 8)
      : hosts.get(node.host.hostname) === 1 ? node.host.hostname : node.host.host;
  }
}

function update(name) {
  const holders = [...state.nodes.values()].filter((node) => node.databases.has(name));
  if (holders.length === 0) {
    state.rows.delete(name);
    return;
  }
  let row = state.rows.get(name);
  if (!row) {
    row = {name, rates: [], rate: 0, active: false};
    state.rows.set(name, row);
  }
  const copies = holders.map((node) => ({node, status: node.databases.get(name)}));
  const leading = copies.filter((copy) => copy.status.follow === null && copy.node.line.status?.role === 'primary');
  row.primary = leading.find((copy) => copy.node.line.error === null) ?? leading[0] ?? null;
  row.followers = copies.filter((copy) => copy !== row.primary)
    .sort((a, b) => a.node.name < b.node.name ? -1 : 1);
  row.copies = row.primary === null ? row.followers : [row.primary, ...row.followers];
  const best = row.primary ?? copies.reduce((a, b) => txidOf(a.status.position) >= txidOf(b.status.position) ? a : b);
  row.best = best.status;
  row.position = best.status.position;
  row.txid = txidOf(best.status.position);
  row.sizeBytes = best.status.pageSize * best.status.pageCount;
  row.walBytes = best.status.walBytes ?? 0;
  row.stores = row.primary?.status.stores ?? [];
  row.lagTransactions = Math.max(-1, ...row.followers.map((copy) => copy.status.follow?.lagTransactions ?? -1));
  row.lagMillis = Math.max(-1, ...row.followers.map((copy) => copy.status.follow?.lagMillis ?? -1));
  row.storedMillis = row.stores.length === 0 ? 0 : Math.min(...row.stores.map((store) => store.storedMillis));
  row.unshippedMillis = row.stores.map((store) => store.oldestUnshippedMillis).filter((millis) => millis > 0)
    .reduce((a, b) => Math.min(a, b), Infinity);
  const oldest = row.stores.map((store) => store.oldestMillis).filter((millis) => millis > 0);
  row.oldestMillis = oldest.length === 0 ? 0 : Math.min(...oldest);
}

const SEVERITY = {ok: 0, warning: 1, error: 2};

/** What is wrong with a database, worst first: [{severity, word, message}]. Empty when nothing is. */
export function troubles(row) {
  const found = [];
  const add = (severity, word, message) => found.push({severity, word, message});
  for (const {node, status} of row.copies) {
    const where = `${node.name}: `;
    for (const one of status.health) add(one.severity, one.kind.replaceAll('_', ' '), where + one.message);
    if (status.error && status.health.length === 0) add('error', 'fault', where + status.error);
    if (node.line.error !== null) add('warning', 'no answer', where + node.line.error);
    else if (node.line.status && !node.line.status.connected && status.health.length === 0) {
      add('warning', 'disconnected', `${where}not connected to what it follows`);
    }
  }
  if (row.primary === null) add('warning', 'no primary', 'no node that is known here is the primary');
  return found.sort((a, b) => SEVERITY[b.severity] - SEVERITY[a.severity]);
}

/** The worst of them: {severity, word, message}. */
export function health(row) {
  const found = troubles(row);
  if (found.length === 0) return {severity: 'ok', word: 'OK', message: null};
  return {...found[0], message: found.map((one) => one.message).join('\n')};
}

export function severityRank(severity) {
  return SEVERITY[severity] ?? 0;
}
