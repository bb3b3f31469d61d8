// What the node has noted of late.

import {h, icon, moment} from './dom.js';

const SHOWN = 50;

/** A list of events, newest first. */
export function eventList(events) {
  if (events.length === 0) return h('p', {class: 'faint'}, 'Nothing has happened that is worth a note since the node was started.');
  return h('ol', {class: 'events'}, events.slice(0, SHOWN).map((event) =>
    h('li', {class: event.severity}, icon(event.severity === 'info' ? 'ok' : event.severity),
      h('time', {datetime: event.time}, moment(Date.parse(event.time))),
      h('span', {class: 'kind'}, event.kind.replaceAll('_', ' ')),
      event.database ? h('span', {class: 'who'}, event.database) : null,
      h('span', {class: 'message'}, event.message))));
}
