import { Api } from './api.js';
import { ConnectionLine } from './connection-line.js';
import { setText, show } from './dom.js';
import { LiveConnection } from './live-connection.js';
import { Menu } from './menu.js';
import { NodeState } from './node-state.js';
import { addShortcuts } from './shortcuts.js';
import { SignIn } from './sign-in.js';
import { VIEWS } from './view-list.js';

/** Views are drawn at most so often, however much comes. */
const DRAW_MS = 250;
/** Times grow older also where nothing comes. */
const IDLE_DRAW_MS = 1_000;

const state = new NodeState();
const api = new Api();
const place = byId('view');
const title = byId('title');

/** @type {{ entry: import('./context.js').ViewEntry, view: import('./context.js').View } | null} */
let shown = null;
let drawnAtMs = 0;
let isDrawDue = false;

const connectionLine = new ConnectionLine(byId('connection'), state);
const account = byId('account');
const menu = new Menu(byId('views'), byId('menu'));
const signIn = new SignIn((token) => {
  api.setToken(token);
  live.start();
});
const live = new LiveConnection(api, {
  onLine(line) {
    state.take(line);
    if (line.watched !== undefined) shown?.view.take?.(line.watched);
    draw();
  },
  onState(connection, reason) {
    state.connection = connection;
    state.connectionReason = reason;
    if (connection === 'token') signIn.ask(api.hasToken ? 'That token is not accepted.' : '');
    draw();
  },
});

/** @type {import('./context.js').Context} */
const context = {
  state,
  api,
  watch: (filters) => live.watch(filters),
  go: (path) => {
    location.hash = `#/${path}`;
  },
  signIn: (reason) => signIn.ask(reason),
};

/** Shows what the address names. */
function route() {
  const [, name = '', rest = ''] = /^#\/([a-z]*)\/?(.*)$/.exec(location.hash) ?? [];
  const entry = VIEWS.find((view) => view.name === name) ?? VIEWS[0];
  if (entry === undefined) return;
  menu.close();
  if (shown?.entry === entry) {
    shown.view.route?.(decoded(rest));
    draw();
    return;
  }
  const isFirst = shown === null;
  shown?.view.close?.();
  live.watch([]);
  shown = { entry, view: entry.make(context, decoded(rest)) };
  setText(title, entry.title);
  menu.mark(entry.name);
  place.className = `view-${entry.name}`;
  place.replaceChildren(shown.view.element);
  if (!isFirst) {
    // Who goes on by keyboard or hears the page goes on from the top of what is new.
    byId('content').focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  drawNow();
}

/** Draws soon: at once where the last time is long enough ago, else when it is. */
function draw() {
  if (isDrawDue) return;
  isDrawDue = true;
  setTimeout(drawNow, Math.max(0, drawnAtMs + DRAW_MS - performance.now()));
}

function drawNow() {
  isDrawDue = false;
  drawnAtMs = performance.now();
  connectionLine.update();
  setText(account, state.connection === 'token' ? 'Enter a token' : 'Sign out');
  show(account, state.connection === 'token' || api.hasToken);
  // A page that nobody sees costs nothing; it draws again when it is seen.
  if (document.hidden || shown === null) return;
  const { status } = state.sections;
  if (status !== undefined) {
    setText(byId('node-name'), status.name);
    setText(byId('realm-name'), status.realmName);
    document.title = `${shown.entry.title}, ${status.name} (sedge)`;
    menu.count(state);
    shown.view.update();
  }
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} rest */
function decoded(rest) {
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

account.addEventListener('click', () => {
  if (state.connection === 'token') {
    signIn.ask('');
    return;
  }
  // Nothing of what the token showed stays on the page.
  api.setToken(null);
  location.reload();
});
addEventListener('hashchange', route);
addEventListener('visibilitychange', draw);
setInterval(() => {
  if (performance.now() - drawnAtMs >= IDLE_DRAW_MS) draw();
}, IDLE_DRAW_MS);
addShortcuts(VIEWS, context.go);
route();
live.start();
