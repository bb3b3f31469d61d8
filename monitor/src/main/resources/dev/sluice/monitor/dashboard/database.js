// One database: what there is to restore, how it runs, where its copies are.

import {ask, health, mayChange, now, state, troubles} from './live.js';
import {ago, attribute, badge, bytes, count, h, heads, icon, span, text, txidOf, update} from './dom.js';
import {LineChart} from './charts.js';
import {lagWords} from './databases.js';
import {RestorePicker} from './restore.js';
import {eventList} from './events.js';

const HISTORY_MILLIS = 2_000;

/** A term and what is said of it. */
function fact(title, ...value) {
  return h('div', {class: 'fact'}, h('dt', {}, title), h('dd', {}, ...value));
}

export class DatabasePage {
  constructor(name) {
    this.name = name;
    this.title = name;
    this.badge = h('span', {});
    this.troubles = h('ul', {class: 'troubles'});
    this.facts = h('dl', {class: 'facts'});
    this.rates = new LineChart('Commits a second', (n) => count(Math.round(n)));
    this.latency = new LineChart('Time to cut a commit', (micros) => (micros < 1000 ? `${Math.round(micros)} µs` : `${(micros / 1000).toFixed(micros < 10_000 ? 1 : 0)} ms`));
    this.lag = new LineChart('Lag of followers', span);
    this.picker = new RestorePicker(name);
    this.copies = h('tbody', {});
    this.stores = h('tbody', {});
    this.storesPart = h('section', {}, h('h2', {}, 'Stores'), h('div', {class: 'scroll'}, h('table', {class: 'plain'},
      h('thead', {}, h('tr', {}, heads('Store', '>Has', '>Behind', 'Verified', 'State'))), this.stores)));
    this.events = h('div', {});
    this.actions = h('div', {class: 'buttons'});
    this.result = h('p', {class: 'result', role: 'status'});
    this.element = h('div', {class: 'page'},
      h('p', {class: 'crumbs'}, h('a', {href: '#/'}, 'Databases'), ' / '),
      h('div', {class: 'title'}, h('h1', {}, name), this.badge, this.actions),
      this.result, this.troubles, this.facts,
      this.picker.element,
      h('section', {}, h('h2', {}, 'The last two minutes'), h('div', {class: 'charts'}, this.rates.element, this.latency.element, this.lag.element)),
      h('section', {}, h('h2', {}, 'Copies'), h('div', {class: 'scroll'}, h('table', {class: 'plain'},
        h('thead', {}, h('tr', {}, heads('Node', 'Role', '>Applied', '>Lag', 'State'))), this.copies))),
      this.storesPart,
      h('section', {}, h('h2', {}, 'Events'), this.events));
    this.timer = setInterval(() => this.askHistory(), HISTORY_MILLIS);
    this.histories = new Map();
    this.asked = false;
    this.key = '';
  }

  close() {
    clearInterval(this.timer);
    this.picker.close();
  }

  show() {
    const row = state.rows.get(this.name);
    if (!row) {
      text(this.result, state.loaded ? 'No node that is known here has a database of that name.' : 'Asking the node…');
      return;
    }
    if (!this.asked) {
      this.asked = true;
      text(this.result, '');
      this.askHistory();
    }
    const {severity, word} = health(row);
    update(this.badge, badge(severity, word));
    update(this.troubles, ...troubles(row).map((one) => h('li', {class: one.severity}, icon(one.severity), h('span', {}, one.message))));
    update(this.facts,
      fact('Primary', row.primary ? row.primary.node.name : 'none'),
      fact('Position', h('span', {title: row.position}, count(row.txid)), h('code', {class: 'sub'}, row.position.slice(0, 17), h('wbr'), row.position.slice(17))),
      fact('Last commit', row.best.lastCommitMillis ? ago(now() - row.best.lastCommitMillis) : 'never'),
      fact('Size', bytes(row.sizeBytes), h('span', {class: 'sub'}, `${count(row.best.pageCount)} pages of ${count(row.best.pageSize)}`)),
      fact('WAL', row.walBytes ? bytes(row.walBytes) : '–'),
      fact('Log', bytes(row.best.logBytes)));
    this.showCopies(row);
    this.showStores(row);
    this.showActions(row);
    update(this.events, eventList(state.events.filter((event) => event.database === this.name)));
    this.picker.of(row);
  }

  showCopies(row) {
    update(this.copies, ...row.copies.map((copy) => {
      const {line} = copy.node;
      const [severity, word] = line.error !== null ? ['warning', 'no answer'] : copy.status.error ? ['error', 'fault']
        : line.status && !line.status.connected ? ['warning', 'disconnected'] : ['ok', 'OK'];
      const url = copy.node.host && !line.self ? copy.node.host.origin : null;
      return h('tr', {}, h('th', {scope: 'row'}, url ? h('a', {href: `${url}/#/database/${encodeURIComponent(this.name)}`, rel: 'noopener'}, copy.node.name)
        : `${copy.node.name}${line.self ? ' (this node)' : ''}`),
      h('td', {}, copy.status.follow ? 'follower' : line.status?.role ?? '?'),
      h('td', {class: 'number', title: copy.status.applied}, count(txidOf(copy.status.applied))),
      h('td', {class: 'number'}, copy.status.follow ? lagWords(copy) : '–'),
      h('td', {title: copy.status.error ?? line.error}, badge(severity, word)));
    }));
  }

  showStores(row) {
    this.storesPart.hidden = row.stores.length === 0;
    update(this.stores, ...row.stores.map((store) => {
      const behind = store.oldestUnshippedMillis === 0 ? null : now() - store.oldestUnshippedMillis;
      const verified = store.verification;
      const [severity, word] = store.error ? ['error', 'not taking it'] : verified && ['failed', 'missing'].includes(verified.result) ? ['error', verified.result]
        : verified?.result === 'incomplete' ? ['warning', 'incomplete'] : ['ok', 'OK'];
      return h('tr', {}, h('th', {scope: 'row', class: 'wrap'}, store.url),
        h('td', {class: 'number', title: store.shipped}, store.shipped ? count(txidOf(store.shipped)) : 'nothing yet'),
        h('td', {class: 'number'}, behind === null ? 'up to date' : span(behind)),
        h('td', {}, verified === null || verified === undefined ? 'off' : verified.millis === 0 ? 'not yet' : `${verified.result} ${ago(now() - verified.millis)}`),
        h('td', {title: store.error ?? verified?.error}, badge(severity, word)));
    }));
  }

  showActions(row) {
    const here = row.primary?.node.line.self && row.stores.length > 0;
    const key = `${mayChange()} ${here} ${row.primary?.node.key}`;
    if (this.key === key) return;
    this.key = key;
    const buttons = [];
    if (mayChange() && here) {
      buttons.push(h('button', {type: 'button', onclick: () => this.act('sync', 'in every store')}, 'Sync now'),
        h('button', {type: 'button', onclick: () => this.act('snapshot', 'in every store as a snapshot')}, 'Take a snapshot'));
    } else if (mayChange() && row.primary?.node.host && !row.primary.node.line.self) {
      buttons.push(h('a', {href: `${row.primary.node.host.origin}/#/database/${encodeURIComponent(this.name)}`, rel: 'noopener'}, 'Change it on the primary'));
    }
    this.actions.replaceChildren(...buttons);
  }

  async act(path, done) {
    text(this.result, 'Working…');
    try {
      const answer = await ask(`/v1/${path}?database=${encodeURIComponent(this.name)}&timeout=5m`, {method: 'POST'});
      text(this.result, `Transaction ${count(txidOf(answer.position))} is ${done}.`);
      this.picker.list();
    } catch (error) {
      text(this.result, error.message);
    }
  }

  async askHistory() {
    const row = state.rows.get(this.name);
    if (!row || document.hidden || !state.connected) return;
    await Promise.all(row.copies.filter((copy) => copy.node.line.error === null).map(async (copy) => {
      try {
        const node = copy.node.line.self ? '' : `&node=${encodeURIComponent(copy.node.line.nodeId)}`;
        this.histories.set(copy.node.key, await ask(`/v1/history?database=${encodeURIComponent(this.name)}${node}`));
      } catch {
        this.histories.delete(copy.node.key);
      }
    }));
    const known = row.copies.filter((copy) => this.histories.has(copy.node.key));
    const series = (copies, what) => copies.map((copy) => ({name: copy.node.name, samples: this.histories.get(copy.node.key)[what]}));
    const lead = known.filter((copy) => copy === row.primary);
    this.rates.draw(series(lead.length > 0 ? lead : known.slice(0, 1), 'commits'));
    this.latency.draw(series(lead, 'commitMicros'));
    this.lag.draw(series(known.filter((copy) => copy.status.follow), 'lagMillis'));
    attribute(this.lag.element, 'hidden', known.some((copy) => copy.status.follow) ? null : '');
    attribute(this.latency.element, 'hidden', lead.length > 0 ? null : '');
  }
}
