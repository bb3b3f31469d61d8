// Elements, and numbers as people read them. Text becomes text and never markup: names of databases are
// whatever applications call their files.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element: h('td', {class: 'number'}, 'text', another). */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Sets the text of an element, if it is another: what is the same is not touched. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Sets an attribute, if it is another; none for null. */
export function attribute(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Makes the children of an element equal to those given. What is the same stays where it is, and so keeps the focus
 * and what is selected in it; listeners of those given are lost.
 */
export function update(element, ...children) {
  children.forEach((child, i) => {
    const old = element.childNodes[i];
    if (old) become(old, child);
    else element.append(child);
  });
  while (element.childNodes.length > children.length) element.lastChild.remove();
}

function become(old, wanted) {
  if (old.isEqualNode(wanted)) return;
  if (old.nodeName !== wanted.nodeName) {
    old.replaceWith(wanted);
  } else if (old.nodeType === Node.TEXT_NODE) {
    old.data = wanted.data;
  } else {
    for (const {name} of [...old.attributes]) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
    for (const {name, value} of wanted.attributes) attribute(old, name, value);
    update(old, ...wanted.childNodes);
  }
}

/** The heads of a table's columns; > before those of numbers. */
export function heads(...titles) {
  return titles.map((title) => h('th', {scope: 'col', class: title.startsWith('>') ? 'number' : null}, title.replace('>', '')));
}

const ICONS = {
  ok: 'M3 8.500l3.500 3.500L13 4.500',
  warning: 'M8 2.200L14.500 13.500H1.500zM8 6.500v3.200M8 11.500v.6',
  error: 'M4 4l8 8M12 4l-8 8',
  none: 'M3 8h10',
};

/** An icon for a severity: shape says it, not colour alone. */
export function icon(severity) {
  return s('svg', {class: `icon ${severity}`, viewBox: '0 0 16 16', 'aria-hidden': 'true'},
    s('path', {d: ICONS[severity]}));
}

/** A severity with its icon and a word. */
export function badge(severity, word, title) {
  return h('span', {class: `badge ${severity}`, title}, icon(severity), h('span', {}, word));
}

const number = new Intl.NumberFormat('en');

export function count(n) {
  return number.format(n);
}

const oneDigit = new Intl.NumberFormat('en', {minimumFractionDigits: 1, maximumFractionDigits: 1});

/** 1.2 MB; powers of 1,000, as stores charge. */
export function bytes(n) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? number.format(Math.round(n)) : oneDigit.format(n)} ${units[unit]}`;
}

/** 12 ms, 3.2 s, 4 min, 5 h, 6 d. */
export function span(millis) {
  const ms = Math.max(0, millis);
  if (ms < 1) return '0 s';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${oneDigit.format(ms / 1000)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** How long ago, for what is looked at once a second. */
export function ago(millis) {
  return `${millis < 1000 ? '0 s' : span(millis)} ago`;
}

export function rate(perSecond) {
  return perSecond >= 10 || perSecond === 0 ? number.format(Math.round(perSecond)) : oneDigit.format(perSecond);
}

function two(n) {
  return String(n).padStart(2, '0');
}

/** 2026-11-26 14:03:12 +01:00, in the zone of whoever looks. */
export function moment(millis, withMillis) {
  const t = new Date(millis);
  const offset = -t.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const fraction = withMillis ? `.${String(t.getMilliseconds()).padStart(3, '0')}` : '';
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ` +
    `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}${fraction} ${zone}`;
}

/** A price in millionths of a dollar, with as many digits as it takes to see it. */
export function dollars(micros) {
  const n = micros / 1e6;
  const digits = n === 0 || n >= 1 ? 2 : n >= 0.01 ? 3 : 5;
  return `$${n.toLocaleString('en', {minimumFractionDigits: digits, maximumFractionDigits: digits})}`;
}

/** The number of a transaction in a position. */
export function txidOf(position) {
  return position ? Number.parseInt(position.slice(0, 16), 16) : 0;
}
