// The frame of all pages: which one is shown, the connection, the token, light and dark.

import {attribute, h, text} from './dom.js';
import {forgetToken, mayChange, onChange, run, state, useToken} from './live.js';
import {DatabasesPage} from './databases.js';
import {DatabasePage} from './database.js';
import {ClusterPage} from './cluster.js';
import {CostPage} from './cost.js';

const $ = (id) => document.getElementById(id);

// ---- light and dark ----

const THEMES = ['auto', 'light', 'dark'];

function theme() {
  return localStorage.getItem('sluice-theme') ?? 'auto';
}

function showTheme() {
  const chosen = theme();
  if (chosen === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', chosen);
  text($('theme'), {auto: '◐ Auto', light: '○ Light', dark: '● Dark'}[chosen]);
  attribute($('theme'), 'aria-label', `Colours: ${chosen}`);
}

$('theme').addEventListener('click', () => {
  localStorage.setItem('sluice-theme', THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
  showTheme();
});
showTheme();

// ---- the token ----

function openDialog() {
  const open = state.session?.open && !sessionStorage.getItem('sluice-token');
  text($('token-title'), open ? 'Make changes' : 'Token');
  text($('token-text'), open
    ? 'This node asks nobody for a token: whoever reaches it may change it. In this tab, changes are off until you allow them.'
    : 'With a token of scope read this page shows what the node says; with one of scope admin it can make changes, too. It is kept in this tab until you close it.');
  $('token-label').hidden = open;
  $('token').value = '';
  text($('token-ok'), open ? 'Allow changes' : 'Use it');
  text($('token-error'), '');
  $('token-dialog').showModal();
}

$('unlock').addEventListener('click', () => {
  if (mayChange() || sessionStorage.getItem('sluice-token')) {
    forgetToken();
    show();
  } else {
    openDialog();
  }
});
$('token-cancel').addEventListener('click', () => $('token-dialog').close());
$('token-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const session = await useToken($('token').value.trim() || null);
    if (session === null) {
      text($('token-error'), 'The node does not know that token.');
      return;
    }
    $('token').value = '';
    $('token-dialog').close();
    show();
  } catch (error) {
    text($('token-error'), `The node does not answer: ${error.message}`);
  }
});

// ---- pages ----

let page = null;
let route = null;

function makePage() {
  const hash = location.hash.replace(/^#/, '') || '/';
  if (hash.startsWith('/database/')) return ['databases', new DatabasePage(decodeURIComponent(hash.slice(10)))];
  if (hash === '/cluster') return ['cluster', new ClusterPage()];
  if (hash === '/cost') return ['cost', new CostPage()];
  return ['databases', new DatabasesPage()];
}

function navigate() {
  // The link that skips to the content leads to no page.
  if (location.hash === '#main') return;
  const first = route === null;
  page?.close?.();
  const [name, made] = makePage();
  page = made;
  route = name;
  for (const link of document.querySelectorAll('nav a')) {
    attribute(link, 'aria-current', link.dataset.page === name ? 'page' : null);
  }
  $('main').replaceChildren(page.element);
  document.title = `${page.title} · Sluice`;
  window.scrollTo(0, 0);
  if (!first) $('main').focus({preventScroll: true});
  show();
}

const notice = h('div', {class: 'notice', hidden: true});

function show() {
  const connection = $('connection');
  const wants = state.problem?.status === 401 || state.problem?.status === 403;
  connection.className = `connection ${state.connected ? 'live' : 'lost'}`;
  text(connection, state.connected ? 'Live' : wants ? 'Token wanted' : state.problem ? 'Reconnecting…' : 'Connecting…');
  text($('unlock'), mayChange() ? 'Changes on' : sessionStorage.getItem('sluice-token') ? 'Forget token' : 'Read-only');
  attribute($('unlock'), 'title', mayChange() ? 'Forget the token, and make no more changes'
    : sessionStorage.getItem('sluice-token') ? 'The token is of scope read' : 'Give a token to make changes');
  if (wants && !state.loaded && notice.hidden) {
    notice.hidden = false;
    notice.replaceChildren(h('p', {}, 'This node asks for a token.'),
      h('button', {type: 'button', class: 'primary', onclick: openDialog}, 'Give a token'));
  } else if (!wants) {
    notice.hidden = true;
  }
  if (!notice.isConnected) document.body.insertBefore(notice, $('main'));
  $('main').hidden = wants && !state.loaded;
  page.show();
}

window.addEventListener('hashchange', navigate);
onChange(show);
navigate();
run();
