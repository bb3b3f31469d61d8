// Small charts of own code: a line in a table cell, and lines over two minutes with a readout.

import {s, h, text, attribute} from './dom.js';

/** A path through samples, the newest at the right. */
function path(samples, length, width, height, max) {
  if (samples.length === 0 || max === 0) return `M0 ${height}H${width}`;
  const step = width / (length - 1);
  const first = length - samples.length;
  return samples.map((value, i) => {
    const x = ((first + i) * step).toFixed(1);
    const y = (height - (value / max) * height).toFixed(1);
    return `${i === 0 ? 'M' : 'L'}${x} ${y}`;
  }).join('');
}

/** A line of a row's commit rate. */
export class Sparkline {
  constructor(width, height, length) {
    Object.assign(this, {width, height, length, drawn: null});
    this.line = s('path', {class: 'line'});
    this.area = s('path', {class: 'area'});
    this.element = s('svg', {
      class: 'spark', viewBox: `0 -1.500 ${width} ${height + 3}`, width, height: height + 3, 'aria-hidden': 'true',
    }, this.area, this.line);
  }

  draw(samples) {
    const key = samples.join();
    if (key === this.drawn) return;
    this.drawn = key;
    const max = Math.max(1, ...samples);
    const active = samples.some((value) => value > 0);
    const d = active ? path(samples, this.length, this.width, this.height, max) : `M0 ${this.height}H${this.width}`;
    const start = (this.length - samples.length) * this.width / (this.length - 1);
    attribute(this.line, 'd', d);
    attribute(this.area, 'd', active ? `${d}V${this.height}H${start.toFixed(1)}Z` : '');
    this.element.classList.toggle('idle', !active);
  }
}

const WIDTH = 480;
const HEIGHT = 110;

/** A round number no less than a value. */
function ceiling(value) {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

/** Lines over the last two minutes; the pointer, or the newest sample, says which values are read out. */
export class LineChart {
  /**
   * @param title what is shown
   * @param format of a value
   */
  constructor(title, format) {
    Object.assign(this, {title, format, series: [], at: null});
    this.plot = s('g', {});
    this.cursor = s('path', {class: 'cursor'});
    this.top = h('span', {class: 'axis'});
    this.legend = h('div', {class: 'legend'});
    this.svg = s('svg', {viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: 'none', role: 'img'},
      s('path', {class: 'grid', d: `M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`}), this.plot, this.cursor);
    this.svg.addEventListener('pointermove', (event) => {
      const box = this.svg.getBoundingClientRect();
      this.at = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      this.readOut();
    });
    this.svg.addEventListener('pointerleave', () => {
      this.at = null;
      this.readOut();
    });
    this.element = h('figure', {class: 'chart'},
      h('figcaption', {}, h('span', {class: 'chart-title'}, title), this.legend),
      h('div', {class: 'plot'}, this.top, this.svg),
      h('div', {class: 'axis times'}, h('span', {}, '2 min ago'), h('span', {}, 'now')));
  }

  /** Draws [{name, samples}]. */
  draw(series) {
    this.series = series;
    const length = Math.max(2, ...series.map((one) => one.samples.length));
    this.length = length;
    const max = ceiling(Math.max(0, ...series.flatMap((one) => one.samples)));
    text(this.top, this.format(max));
    while (this.plot.childNodes.length > series.length) this.plot.lastChild.remove();
    series.forEach((one, i) => {
      let line = this.plot.childNodes[i];
      if (!line) {
        line = s('path', {class: `line series-${i % 4}`});
        this.plot.append(line);
      }
      attribute(line, 'd', path(one.samples, length, WIDTH, HEIGHT, max));
    });
    this.readOut();
  }

  readOut() {
    const x = this.at === null ? null : (this.at * WIDTH).toFixed(1);
    attribute(this.cursor, 'd', x === null ? 'M0 0' : `M${x} 0V${HEIGHT}`);
    const words = this.series.map((one) => {
      const i = this.at === null ? one.samples.length - 1 : Math.round(this.at * (this.length - 1)) - (this.length - one.samples.length);
      return [one.name, this.format(one.samples[i] ?? 0)];
    });
    while (this.legend.childNodes.length > words.length) this.legend.lastChild.remove();
    words.forEach(([name, value], i) => {
      let item = this.legend.childNodes[i];
      if (!item) {
        item = h('span', {class: `key series-${i % 4}`}, h('span', {}), h('b', {}));
        this.legend.append(item);
      }
      text(item.firstChild, name);
      text(item.lastChild, value);
    });
    attribute(this.svg, 'aria-label', `${this.title}: ${words.map(([name, value]) => `${name} ${value}`).join(', ')}`);
  }
}
