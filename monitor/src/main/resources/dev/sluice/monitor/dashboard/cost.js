// What stores are asked, and what that comes to.

import {state} from './live.js';
import {bytes, count, dollars, h, heads, text, update} from './dom.js';

const KINDS = [['puts', 'Puts'], ['gets', 'Gets'], ['heads', 'Heads'], ['lists', 'Lists'], ['deletes', 'Deletes']];

export class CostPage {
  constructor() {
    this.title = 'Cost';
    this.tiles = h('dl', {class: 'tiles'});
    this.body = h('tbody', {});
    this.empty = h('p', {class: 'empty'}, 'No node has a store.');
    this.table = h('div', {class: 'scroll'}, h('table', {class: 'plain cost'},
      h('thead', {}, h('tr', {}, heads('Store', 'Node', ...KINDS.map(([, title]) => `>${title}`), '>Sent', '>Read', '>Kept', '>Failed', '>A day'))), this.body));
    this.element = h('div', {class: 'page'}, h('h1', {}, 'Cost'), this.tiles,
      h('section', {}, h('h2', {}, 'Stores'),
        h('p', {class: 'faint'}, 'What a day comes to at the rate of the last ten to twenty minutes; failures are since the start of the node. Prices are those of the configuration, else list prices.'),
        this.table, this.empty));
  }

  show() {
    const usages = [...state.nodes.values()].flatMap((node) => (node.line.status?.storeUsage ?? []).map((usage) => ({node, usage})));
    this.table.hidden = usages.length === 0;
    this.empty.hidden = usages.length > 0;
    const sum = (value) => usages.reduce((total, {usage}) => total + value(usage), 0);
    const day = sum((usage) => usage.microDollarsPerDay);
    const tiles = [['A day', dollars(day)], ['A month', dollars(day * 30)],
      ['Requests a day', count(sum(({perDay}) => KINDS.reduce((n, [key]) => n + perDay[key], 0)))],
      ['Sent a day', bytes(sum((usage) => usage.perDay.bytesOut))], ['Kept', bytes(sum((usage) => usage.keptBytes))],
      ['Databases', count(state.rows.size)]];
    tiles.forEach(([title, value], i) => {
      if (!this.tiles.childNodes[i]) this.tiles.append(h('div', {class: 'tile'}, h('dt', {}, title), h('dd', {})));
      text(this.tiles.childNodes[i].lastChild, value);
    });
    update(this.body, ...usages.map(({node, usage}) => h('tr', {},
      h('th', {scope: 'row', class: 'wrap'}, usage.store), h('td', {}, node.name),
      KINDS.map(([key]) => h('td', {class: 'number'}, count(usage.perDay[key]))),
      h('td', {class: 'number'}, bytes(usage.perDay.bytesOut)), h('td', {class: 'number'}, bytes(usage.perDay.bytesIn)),
      h('td', {class: 'number'}, bytes(usage.keptBytes)), h('td', {class: 'number'}, count(usage.errors)),
      h('td', {class: 'number'}, h('b', {}, dollars(usage.microDollarsPerDay))))));
  }
}
