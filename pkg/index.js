// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The gate: fetches what one signed-in principal may do, keeps it fresh, and answers from it at once.
//
//   const gate = await connect({ types: ['Document'] });
//   gate.can('document:write', 'Document:42');
//
// It is advice for the screen. The edge decides again, on every request.

import { Engine, kindOf } from './engine.js';
import { as, entitiesIn, entityOf, freshFor, opened, problem, refusal, request, respelt } from './wire.js';
import { sentence } from './words.js';

export { SENTENCES } from './words.js';

/** @typedef {import('./engine.js').World} World */
/** @typedef {import('./engine.js').Fields} Fields */
/** @typedef {import('./wire.js').Envelope} Envelope */
/** @typedef {import('./wire.js').Problem} Problem */
/** @typedef {import('./words.js').Code} Code */
/** @typedef {'allowed' | 'denied' | 'pending'} State */
/** @typedef {[wall: number, steady: number]} Moment two clocks, in milliseconds */
/**
 * A bundle, and the request that it answers.
 * @typedef {object} Held
 * @property {World} world
 * @property {Envelope} envelope
 * @property {string} address with what was posted to it
 * @property {string | null} etag
 * @property {Set<string>} asked
 * @property {number} revision
 * @property {Moment} sent
 * @property {number} lasts how many milliseconds from then it may be used
 */

/** What is asked about within this time goes into one request. */
const BATCH_MS = 10;
/** What happens in the page (it is shown, a request is refused) leads to a request this often. */
const THROTTLE_MS = 5_000;
const TIMEOUT_MS = 30_000;
/** The first pause after a failure, and the longest: each is about twice the one before. */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** A bundle is renewed this long before its time is up, or when a quarter of its time is left. */
const LEAD_MS = 5_000;
/** So many single things are asked for; then the least recently used go. */
const MAX_WANTED = 2_000;
/** So many answers are remembered; then all are forgotten. */
const MAX_MEMO = 10_000;
/** The longest a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Modules that were started, by where they are from: gates share them. @type {Map<any, Promise<Engine>>} */
const engines = new Map();

/** @param {any} source */
function engineFrom(source) {
  // In this form bundlers see that the file belongs to the page.
  const from = source ?? new URL('./palisade.wasm', import.meta.url);
  const key = from instanceof URL ? from.href : from;
  let engine = engines.get(key);
  if (!engine) {
    engine = Engine.start(typeof key === 'string' ? fetch(key) : key).catch((error) => {
      // Without a network it may start later; the rest is the page's to change.
      const final = !(error instanceof TypeError);
      throw problem(`the engine does not start: ${error.message}`, { final });
    });
    engines.set(key, engine);
    engine.catch(() => engines.delete(key)); // Another attempt may succeed.
  }
  return engine;
}

/** @param {string} code @returns {State} */
const stateOf = (code) => (code === 'allowed' ? code : code === 'pending' || code === 'expired' ? 'pending' : 'denied');

const page = globalThis.document;

/**
 * A gate with its first bundle. Rejects where another attempt would not help; else it goes on trying.
 * @param {any} [options]
 */
export async function connect(options) {
  const gate = open(options);
  try {
    await gate.ready;
  } catch (error) {
    gate.close();
    throw error;
  }
  return gate;
}

/**
 * A gate at once: everything is pending until its first bundle is there.
 * Without a document, as when a server renders a page, it stays so, unless `server` or `fetch` is given.
 * @param {any} [options] see index.d.ts
 */
export function open({
  url = '/.palisade/bundle',
  types = [],
  resources = [],
  headers = {},
  credentials,
  wasm,
  every = 60_000,
  fetch: fetcher,
  server = false,
  onError = console.error,
  now = () => [Date.now(), performance.now()],
} = {}) {
  const inert = !page && !server && !fetcher;
  /** @type {'connecting' | 'ready' | 'signed-out' | 'failed' | 'closed'} */
  let status = 'connecting';
  /** @type {Held | undefined} */
  let held;
  /** Answers without context from what is held, by action and resource. @type {Map<string, Map<string, State>>} */
  let memo = new Map();
  let remembered = 0;

  /** What was asked about, least recently first, and in which request's time. @type {Map<string, number>} */
  const wanted = new Map();
  const pinned = new Set(resources.map((/** @type {any} */ one) => `resource=${entityOf(one)?.name}`));
  let limit = MAX_WANTED;
  let requests = 0;
  /** The last renewals: what was not asked about since the first of them is dropped. */
  const renewals = [0, 0, 0];

  /** @type {Promise<void> | undefined} */
  let flight;
  /** @type {Promise<void> | undefined} */
  let following;
  /** An answer that belongs to another turn comes too late. */
  let turn = 0;
  let abort = () => {};
  let failures = 0;
  /** How long the edge asks to be left alone, when it does. */
  let patience = 0;
  let nudged = false;
  /** @type {Moment} */
  let lastSent = now();
  /** @type {Record<'next' | 'end' | 'batch', any>} */
  const timers = { next: undefined, end: undefined, batch: undefined };

  const unwatch = new AbortController();
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {Set<string>} */
  const told = new Set();
  /** @type {(value?: any) => void} */
  let arrived = () => {};
  /** @type {(error: Error) => void} */
  let gaveUp = () => {};
  const ready = new Promise((resolve, reject) => ([arrived, gaveUp] = [resolve, reject]));
  // Who does not wait for it hears of it through onError.
  ready.catch(() => {});

  // Neither a machine that slept nor a clock that was set back makes anything last longer.
  const since = (/** @type {Moment} */ [wall, steady]) => {
    const [wallNow, steadyNow] = now();
    return Math.max(wallNow - wall, steadyNow - steady);
  };
  const left = () => (held ? held.lasts - since(held.sent) : 0);
  const statusNow = () => (status === 'ready' && left() <= 0 ? 'expired' : status);

  /** What the page gave may throw; the gate goes on. @param {(error?: any) => void} what @param {unknown} [error] */
  function call(what, error) {
    try {
      what(error);
    } catch (thrown) {
      console.error(thrown);
    }
  }

  /** Of a mistake in the page, which may be made on every frame. @param {any} error */
  function tellOnce(error) {
    const text = String(error);
    if (told.has(text) || told.size > 100) return;
    told.add(text);
    call(onError, error);
  }

  function forget() {
    memo = new Map();
    remembered = 0;
  }

  function changed() {
    forget();
    for (const listener of [...listeners]) call(listener);
  }

  /** @param {'next' | 'end' | 'batch'} name @param {number} delay @param {() => void} then */
  function later(name, delay, then) {
    stopTimers(name);
    timers[name] = setTimeout(
      () => {
        timers[name] = undefined;
        then();
      },
      Math.min(Math.max(delay, 0), MAX_TIMER_MS),
    );
  }

  /** @param {(keyof typeof timers)[]} names */
  function stopTimers(...names) {
    for (const name of names) {
      clearTimeout(timers[name]);
      timers[name] = undefined;
    }
  }

  // What is asked for.

  /** Whether what is held speaks of it; if not, it will be asked for. @param {string} kind @param {{ name: string, type: string }} entity */
  function known(kind, { name, type }) {
    if (kind === 'resource' && types.includes(type)) return true;
    const key = `${kind}=${name}`;
    if (!pinned.has(key) && wanted.get(key) !== requests) {
      if (!wanted.delete(key) && wanted.size >= limit) {
        const oldest = wanted.keys().next().value;
        // All of them are in use: dropping one would only make it come back, for ever.
        if (oldest === undefined || wanted.get(oldest) === requests) {
          tellOnce(problem(`more than ${limit} things are asked about: use \`types\``));
          return false;
        }
        wanted.delete(oldest);
      }
      wanted.set(key, requests);
    }
    if (held?.asked.has(key)) return true;
    soon();
    return false;
  }

  function soon() {
    if (status === 'ready' && !flight && !failures && !timers.batch) later('batch', BATCH_MS, () => start(false));
  }

  // Requests, one at a time.

  /** @returns {Promise<void>} */
  function refresh() {
    if (inert || status === 'closed') return Promise.resolve();
    // The one under way may have been answered already, before what this one is for.
    if (flight) return (following ??= flight.then(() => ((following = undefined), refresh())));
    return start(true);
  }

  /** @param {boolean} renewal rather than for something new */
  function start(renewal) {
    stopTimers('next', 'batch');
    requests += 1;
    if (renewal) {
      renewals.push(requests);
      const first = /** @type {number} */ (renewals.shift());
      for (const [key, last] of wanted) if (last < first) wanted.delete(key);
    }
    return (flight = exchange().then(() => {
      flight = undefined;
      plan();
    }));
  }

  async function exchange() {
    const mine = ++turn;
    const stop = new AbortController();
    const stopped = new Promise((_, reject) => {
      abort = () => {
        stop.abort();
        reject(problem('no answer'));
      };
    });
    const timeout = setTimeout(abort, TIMEOUT_MS);
    nudged = false;
    lastSent = now();
    try {
      // A fetch that was given need not heed the signal.
      await Promise.race([ask(mine, stop.signal), stopped]);
      failures = patience = 0;
    } catch (error) {
      if (mine === turn) failed(/** @type {Problem} */ (error));
    }
    clearTimeout(timeout);
    // What still comes is dropped.
    turn += 1;
  }

  /** @param {number} mine @param {AbortSignal} signal */
  async function ask(mine, signal) {
    // Both at once; the engine only the first time.
    const starting = engineFrom(wasm);
    const given = new Headers(typeof headers === 'function' ? await headers() : headers);
    const asked = [...new Set([...pinned, ...wanted.keys()])].sort();
    const { address, init } = request(String(url), types, asked, held?.etag);
    if (init.body) given.set('content-type', 'application/json');
    const sent = (lastSent = now());
    const response = await (fetcher ?? fetch)(address, { ...init, headers: given, credentials, signal });
    const body = await response.arrayBuffer();
    if (!response.ok) throw refusal(response, body);
    const engine = await starting;
    if (mine !== turn) return;
    const exchanged = { address: address + (init.body ?? ''), asked: new Set(asked), sent, lasts: freshFor(response) };
    take(engine, response, body, exchanged);
  }

  /**
   * @param {Engine} engine @param {Response} response @param {ArrayBuffer} body
   * @param {Pick<Held, 'address' | 'asked' | 'sent' | 'lasts'>} exchanged
   */
  function take(engine, response, body, exchanged) {
    const etag = response.headers.get('etag');
    const revision = Number(response.headers.get('palisade-revision'));
    if (since(exchanged.sent) >= exchanged.lasts) {
      throw problem('an answer too late, or without Palisade-Fresh-For');
    }
    const before = held;
    const same = response.status === 204 || (etag && etag === before?.etag && exchanged.address === before.address);
    if (same) {
      if (!before) throw problem('an empty answer');
      held = { ...before, ...exchanged, revision };
    } else {
      const { envelope, bytes } = opened(body);
      held = { world: engine.load(bytes), envelope, etag, revision, ...exchanged };
      before?.world.close();
    }
    status = 'ready';
    arrived();
    // Also where nothing changed: who shows something asks again, and so it is known to be still in use.
    changed();
  }

  /** @param {Problem} error */
  function failed(error) {
    if (error.status === 401) {
      drop('signed-out');
      wanted.clear();
      failures = 0;
      gaveUp(error);
      changed();
      return;
    }
    failures += 1;
    patience = error.wait ?? 0;
    if (error.status === 413) limit = wanted.size >> 1 || limit;
    while (wanted.size > limit) wanted.delete(/** @type {string} */ (wanted.keys().next().value));
    if (error.final && !held) {
      status = 'failed';
      gaveUp(error);
      changed();
    }
    call(onError, error);
  }

  /** @param {'signed-out' | 'closed'} to */
  function drop(to) {
    status = to;
    held?.world.close();
    held = undefined;
    stopTimers('next', 'batch', 'end');
  }

  /** Once an answer is there, or none: what comes next. */
  function plan() {
    if (status === 'closed' || status === 'signed-out' || following) return;
    if (held) ending();
    if (failures) {
      if (status === 'failed') return;
      // Not all pages at the same moment.
      const pause = Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS) * (0.5 + Math.random() / 2);
      return later('next', Math.max(pause, patience), due);
    }
    const lead = Math.max(left() - LEAD_MS, left() * 0.75, RETRY_MS);
    later('next', Math.min(every || Infinity, lead, nudged ? THROTTLE_MS - since(lastSent) : Infinity), due);
    for (const key of wanted.keys()) if (!held?.asked.has(key)) return soon();
  }

  function due() {
    // A page that nobody sees need not know; when it is shown, it asks.
    if (!held || !page?.hidden) refresh();
  }

  function ending() {
    later('end', left(), () => (left() > 0 ? ending() : changed()));
  }

  /** Something happened that may mean another answer. @param {unknown} refused else it can wait for the next renewal */
  function nudge(refused) {
    if (inert || status === 'closed' || (patience && timers.next)) return;
    if (!flight && since(lastSent) >= THROTTLE_MS) refresh();
    else if (refused) {
      nudged = true;
      if (!flight) plan();
    }
  }

  /** The page is seen again, or the network is back. */
  function wake() {
    if (!page?.hidden) nudge(!timers.next);
  }

  // Answers.

  /** @param {any} action @param {any} resource @param {any} context @returns {Code} */
  function judge(action, resource, context) {
    if (status === 'signed-out') return status;
    if (inert || status === 'closed') return 'pending';
    try {
      const entity = entityOf(resource);
      if (!entity) {
        // What is still being loaded is often undefined.
        if (resource != null) tellOnce(problem(`${JSON.stringify(resource)} is no resource: write Type:id`));
        return 'not-found-or-not-yours';
      }
      if (typeof action !== 'string') throw problem(`${action} is no action`);
      if (context !== undefined && kindOf(context) !== 'Object') {
        throw problem('a context is an object');
      }
      // All of them, so that one request brings all.
      const named = entitiesIn(context);
      const missing = named.filter((one) => !known('context', one)).length;
      const there = known('resource', entity);
      const current = statusNow();
      if (current === 'expired') {
        if (!flight && !(failures && timers.next) && !page?.hidden) refresh();
        return current;
      }
      if (!held || !there || missing) return 'pending';
      const { world, envelope } = held;
      const spelt = as(envelope, entity);
      if (!world.exists(spelt)) return 'not-found-or-not-yours';
      if (named.some((one) => envelope.unreadable?.includes(entityOf(as(envelope, one))?.name ?? ''))) return 'incomplete';
      const asked = { type: 'Action', id: action };
      return world.allows(envelope.principal, asked, spelt, respelt(envelope, context)) ? 'allowed' : 'no-grant';
    } catch (error) {
      tellOnce(error);
      return 'incomplete';
    }
  }

  /** @param {any} action @param {any} resource @param {any} [context] @returns {State} */
  function check(action, resource, context) {
    const bare = context === undefined && typeof resource === 'string';
    if (bare) {
      const answer = memo.get(action)?.get(resource);
      if (answer !== undefined && left() > 0) return answer;
    }
    const code = judge(action, resource, context);
    const answer = stateOf(code);
    if (bare && answer !== 'pending' && status === 'ready') {
      if (remembered++ === MAX_MEMO) forget();
      let ofAction = memo.get(action);
      if (!ofAction) memo.set(action, (ofAction = new Map()));
      ofAction.set(resource, answer);
    }
    return answer;
  }

  /** @param {any} action @param {any} resource @param {any} [context] */
  const can = (action, resource, context) => check(action, resource, context) === 'allowed';

  /** @param {any} action @param {any} resource @param {any} [context] */
  function explain(action, resource, context) {
    let code = judge(action, resource, context);
    /** @type {string[]} */
    let reasons = [];
    /** @type {string[]} */
    let allowed = [];
    if (held && (code === 'no-grant' || code === 'allowed')) {
      const { world, envelope } = held;
      const entity = /** @type {NonNullable<ReturnType<typeof entityOf>>} */ (entityOf(resource));
      allowed = envelope.actions.filter((other) => can(other, entity, context));
      if (code === 'no-grant') {
        const asked = { type: 'Action', id: action };
        const why = world.explain(envelope.principal, asked, as(envelope, entity), respelt(envelope, context));
        reasons = why.forbids.map(({ policy }) => policy).filter(Boolean);
        if (why.forbids.length) code = 'forbidden';
        else if (why.errors.length) code = 'incomplete';
      }
    }
    return { state: stateOf(code), code, text: sentence(code, action, reasons, allowed), reasons, allowed };
  }

  /**
   * @param {any} action @param {any} from @param {any} [context] @param {(one: any) => any} [resource]
   */
  function list(action, from, context, resource = (one) => one?.resource ?? one) {
    if (typeof from !== 'string') return [...(from ?? [])].filter((one) => can(action, resource(one), context));
    if (!types.includes(from)) tellOnce(problem(`${from} is not among \`types\``));
    else if (held) return held.world.ids(from).filter((id) => can(action, { type: from, id }, context));
    return [];
  }

  /** @param {() => void} listener */
  function subscribe(listener) {
    // The same function may be given twice.
    const mine = () => listener();
    listeners.add(mine);
    return () => void listeners.delete(mine);
  }

  function close() {
    turn += 1;
    drop('closed');
    abort();
    wanted.clear();
    unwatch.abort();
    gaveUp(problem('closed'));
    changed();
    listeners.clear();
  }

  if (inert) arrived();
  else {
    if (page) {
      // All three arrive there.
      const { signal } = unwatch;
      for (const event of ['visibilitychange', 'focus', 'online']) addEventListener(event, wake, { signal });
    }
    // What the page asks about at once goes into the first request.
    queueMicrotask(refresh);
  }

  // Frozen, and of plain functions: they may be taken off it, and no framework puts a proxy around it.
  return Object.freeze({
    can,
    check,
    explain,
    list,
    subscribe,
    refresh,
    close,
    ready,
    /** @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
    async fetch(input, init) {
      const response = await (fetcher ?? fetch)(input, init);
      if (response.status === 401 || response.status === 403) nudge(true);
      return response;
    },
    get status() {
      return statusNow();
    },
    get principal() {
      return held?.envelope.principal;
    },
    get revision() {
      return held?.revision;
    },
    /** When what is held may not be used any more. */
    get expires() {
      return held && new Date(held.sent[0] + held.lasts);
    },
  });
}
