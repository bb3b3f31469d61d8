// Nodes, roles, the lease.

import {ask, mayChange, now, state} from './live.js';
import {ago, attribute, badge, count, h, heads, moment, span, text, update} from './dom.js';
import {eventList} from './events.js';

export class ClusterPage {
  constructor() {
    this.title = 'Cluster';
    this.lease = h('dl', {class: 'facts'});
    this.leasePart = h('section', {}, h('h2', {}, 'Lease'), this.lease);
    this.nodes = h('tbody', {});
    this.terms = h('tbody', {});
    this.termsPart = h('section', {}, h('h2', {}, 'Primaries, newest first'),
      h('p', {class: 'faint'}, 'As seen by this node since it was started.'),
      h('div', {class: 'scroll'}, h('table', {class: 'plain'},
        h('thead', {}, h('tr', {}, heads('Epoch', 'Primary', 'Since'))), this.terms)));
    this.events = h('div', {});
    this.result = h('p', {class: 'result', role: 'status'});
    this.actionHead = h('th', {scope: 'col'}, h('span', {class: 'sr-only'}, 'Actions'));
    this.element = h('div', {class: 'page'}, h('h1', {}, 'Cluster'), this.result, this.leasePart,
      h('section', {}, h('h2', {}, 'Nodes'), h('div', {class: 'scroll'}, h('table', {class: 'plain'},
        h('thead', {}, h('tr', {}, heads('Node', 'Role', 'State', '>Epoch', '>Lease left', '>Databases', 'Version'), this.actionHead)), this.nodes))),
      this.termsPart,
      h('section', {}, h('h2', {}, 'Events'), this.events));
    this.rows = new Map();
  }

  show() {
    const {cluster} = state;
    this.leasePart.hidden = cluster === null;
    this.termsPart.hidden = state.terms.length === 0;
    if (cluster) this.showLease(cluster);
    const nodes = [...state.nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const [key, row] of this.rows) {
      if (!state.nodes.has(key)) {
        row.element.remove();
        this.rows.delete(key);
      }
    }
    for (const node of nodes) {
      let row = this.rows.get(node.key);
      if (!row) {
        row = {cells: Array.from({length: 7}, (_, i) => h('td', {class: i >= 3 && i <= 5 ? 'number' : null})), actions: h('div', {class: 'buttons'}), key: ''};
        row.name = h('th', {scope: 'row'});
        row.element = h('tr', {}, row.name, row.cells.slice(1), h('td', {}, row.actions));
        this.rows.set(node.key, row);
        this.nodes.append(row.element);
      }
      this.showNode(node, row);
    }
    update(this.terms, ...state.terms.map((term) => h('tr', {},
      h('td', {}, count(term.epoch)), h('td', {}, this.nameOf(term.nodeId)),
      h('td', {}, moment(term.seenMillis), h('span', {class: 'sub'}, ago(now() - term.seenMillis))))));
    update(this.events, eventList(state.events.filter((event) => event.database === null)));
  }

  nameOf(id) {
    return [...state.nodes.values()].find((node) => node.line.nodeId === id)?.name ?? id ?? 'none';
  }

  showLease(cluster) {
    const held = [...state.nodes.values()].find((node) => node.line.nodeId === cluster.primary);
    const left = held?.line.leaseMillis ?? 0;
    const facts = [['Primary', this.nameOf(cluster.primary)], ['Epoch', count(cluster.epoch)],
      ['Left of the lease', left > 0 ? span(left) : held ? 'not known here' : 'nobody has it'], ['Kept at', cluster.lease]];
    if (cluster.durability) {
      facts.push(['A commit waits for', {async: 'nobody else', follower: 'a follower', store: 'the stores'}[cluster.durability.mode]]);
      if (cluster.durability.inSync) facts.push(['In sync', cluster.durability.inSync.map((id) => this.nameOf(id)).join(', ') || 'none']);
      if (cluster.durability.degraded) facts.push(['Degraded', cluster.durability.degraded]);
    }
    if (cluster.problem) facts.push(['Trouble', cluster.problem]);
    while (this.lease.childNodes.length > facts.length) this.lease.lastChild.remove();
    facts.forEach(([title, value], i) => {
      if (!this.lease.childNodes[i]) this.lease.append(h('div', {class: 'fact'}, h('dt', {}), h('dd', {})));
      text(this.lease.childNodes[i].firstChild, title);
      text(this.lease.childNodes[i].lastChild, value);
    });
  }

  showNode(node, row) {
    const {line} = node;
    const {status} = line;
    const name = line.self ? `${node.name} (this node)` : node.name;
    const url = node.host && !line.self ? node.host.origin : null;
    if (row.shownName !== name) {
      row.shownName = name;
      row.name.replaceChildren(url ? h('a', {href: `${url}/#/cluster`, rel: 'noopener'}, name) : name, h('code', {class: 'sub'}, line.nodeId ?? ''));
    }
    const sick = status?.health?.find((one) => one.severity === 'error') ?? status?.health?.[0];
    const [severity, word] = line.error !== null ? ['warning', 'no answer'] : !status ? ['none', 'asking'] : sick ? [sick.severity, sick.kind.replaceAll('_', ' ')] : !status.ready ? ['warning', 'not ready']
      : !status.connected ? ['warning', 'disconnected'] : line.problem ? ['warning', 'trouble'] : ['ok', 'OK'];
    text(row.cells[1], status?.role ?? '?');
    if (row.state !== word) {
      row.state = word;
      row.cells[2].replaceChildren(badge(severity, word));
    }
    attribute(row.cells[2], 'title', line.error ?? sick?.message ?? status?.notReady ?? line.problem);
    text(row.cells[3], status?.epoch ? count(status.epoch) : '–');
    text(row.cells[4], line.leaseMillis > 0 ? span(line.leaseMillis) : '–');
    text(row.cells[5], status ? count(node.databases.size) : '–');
    text(row.cells[6], status?.version ?? '–');
    const self = [...state.nodes.values()].find((one) => one.line.self);
    const leads = self?.line.status?.role === 'primary';
    const key = `${mayChange()} ${leads} ${status?.role} ${state.cluster !== null}`;
    if (row.key === key) return;
    row.key = key;
    const buttons = [];
    if (mayChange() && state.cluster && status?.role === 'follower') {
      if (leads) buttons.push(h('button', {type: 'button', onclick: () => this.act(`Hand over to ${node.name}?`, `handoff?node=${encodeURIComponent(line.nodeId)}&`)}, 'Make it the primary'));
      else if (line.self) buttons.push(h('button', {type: 'button', onclick: () => this.act('Make this node the primary?', 'promote?')}, 'Make it the primary'));
    }
    row.actions.replaceChildren(...buttons);
  }

  async act(question, path) {
    if (!window.confirm(`${question} Writes wait meanwhile.`)) return;
    text(this.result, 'Changing over…');
    try {
      await ask(`/v1/${path}timeout=30s`, {method: 'POST'});
      text(this.result, 'Changed over.');
    } catch (error) {
      text(this.result, error.message);
    }
  }
}
