// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The Worker's entry. It writes each request down as one text, hands it to the gate (build/index.js, which `make worker`
// makes of src/edge), and does what the gate says: send it on, or answer. Nothing is decided here.
import Gate from '../../build/index.js';
import verifier from '../../build/verifier.wasm';
import { playground } from './playground.mjs';
import { verifierOf } from './verifier.mjs';

// The module that judges a share of the gate's decisions again. What the gate finds under this name it calls;
// src/edge/host.rs has the other end.
Object.assign(globalThis, { palisadeVerifier: verifierOf(verifier) });

/**
 * What the gate exports: src/edge/mod.rs says what each does.
 * @typedef {object} Exports
 * @property {(setting: string) => string} origin
 * @property {(env: unknown, head: string, body: ReadableStream | undefined) => Said | Promise<Said>} judge
 * @property {() => string} watched
 * @property {(number: number) => void} passed
 * @property {(number: number, head: string) => string | undefined} answered
 * @property {(number: number, cause: string) => Response} unanswered
 * @property {() => boolean} has_chores
 * @property {() => Promise<void>} chores
 * @typedef {Response | string | [string, ReadableStream | Uint8Array]} Said
 */

/** @type {Exports | undefined} */
let gate;
/** Scheme, host and port of the application. @type {string} */
let origin;
/** Who asks it: the network, or a Worker that is bound as ORIGIN_SERVICE. @type {{ fetch: typeof fetch }} */
let application;
/** Headers of an answer that the gate is asked about. @type {Set<string>} */
let watched;

/** A path that no reader of URLs writes otherwise. */
const PLAIN = /^[\w\-.~/%&=?+:@,!*]+$/;

export default {
  /**
   * @param {Request} request
   * @param {Record<string, any>} env
   * @param {{ waitUntil(promise: Promise<unknown>): void }} context
   */
  fetch(request, env, context) {
    try {
      const file = playground(request, env);
      if (file !== undefined) return file instanceof Promise ? file.catch(broken) : file;
      if (gate === undefined) {
        /** @type {Exports} */
        const made = new /** @type {any} */ (Gate)(context, env);
        // As the platform writes it, without a port that the scheme implies: what is sent is compared with it.
        origin = new URL(made.origin(String(env.ORIGIN ?? ''))).origin;
        application = env.ORIGIN_SERVICE ?? globalThis;
        watched = new Set(made.watched().split(' '));
        gate = made;
      }
      const said = gate.judge(env, head(`${request.method}\n${request.url}\n`, request.headers), request.body ?? undefined);
      const answer = said instanceof Promise ? said.then((said) => act(said, request, context)) : act(said, request, context);
      return answer instanceof Promise ? answer.catch(broken) : answer;
    } catch (error) {
      return broken(error);
    }
  },
};

/**
 * @param {Said} said
 * @param {Request} request
 * @param {{ waitUntil(promise: Promise<unknown>): void }} context
 * @returns {Response | Promise<Response>}
 */
function act(said, request, context) {
  const { has_chores, chores } = /** @type {Exports} */ (gate);
  // What is due is done behind the answer: nobody waits for it.
  if (has_chores()) context.waitUntil(chores());
  if (said instanceof Response) return said;
  const [text, body] = typeof said === 'string' ? [said, request.body] : said;
  const [number, path, ...changes] = text.split('\n');
  const url = origin + path;
  // What the platform's own reader of URLs would change on the way is not what was decided on.
  if (!PLAIN.test(path) && new URL(url).href !== url) {
    return /** @type {Exports} */ (gate).unanswered(parseInt(number, 10), 'the platform would rewrite the path');
  }
  const answer = application.fetch(url, {
    method: request.method,
    headers: changed(new Headers(request.headers), changes),
    // The gate refuses those that have one, and the platform does so too.
    body: request.method === 'GET' || request.method === 'HEAD' ? null : body,
    // Nobody has decided on where a redirect leads.
    redirect: 'manual',
    // The platform's cache knows an answer by its address alone, and would hand one person's to the next.
    cache: 'no-store',
  });
  return answer.then(
    (response) => pass(number, response),
    (error) => /** @type {Exports} */ (gate).unanswered(parseInt(number, 10), words(error)),
  );
}

/**
 * The origin's answer, as the client gets it.
 * @param {string} number
 * @param {Response & { webSocket?: unknown }} response
 */
function pass(number, response) {
  const { answered, passed } = /** @type {Exports} */ (gate);
  let asks = number.endsWith('!');
  response.headers.forEach((_, name) => {
    asks ||= name.startsWith('palisade') || watched.has(name);
  });
  if (!asks) {
    passed(+number);
    return response;
  }
  const said = answered(parseInt(number, 10), head('', response.headers));
  // A WebSocket lives in the very object that the answer came as.
  if (said === undefined || response.webSocket) return response;
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers: changed(new Headers(response.headers), said.split('\n')) });
}

/**
 * Headers in lines, behind what stands before them.
 * @param {string} text
 * @param {Headers} headers
 */
function head(text, headers) {
  // No name and no value has a line's end or, in a name, a tab (RFC 9110 5.5, 5.6.2); the platform sees to that.
  headers.forEach((value, name) => {
    text += `${name}\t${value}\n`;
  });
  return text;
}

/**
 * @param {Headers} headers
 * @param {string[]} changes
 */
function changed(headers, changes) {
  for (const change of changes) {
    if (change[0] === '-') headers.delete(change.slice(1));
    else if (change[0] === '+') {
      const tab = change.indexOf('\t');
      headers.set(change.slice(1, tab), change.slice(tab + 1));
    }
  }
  return headers;
}

/** Nothing is forwarded by a gate that does not stand. @param {unknown} error */
function broken(error) {
  console.error(`palisade: ${words(error)}`);
  return new Response('{"type":"about:blank","title":"Service Unavailable","status":503}', {
    status: 503,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'retry-after': '5' },
  });
}

/** @param {unknown} error */
const words = (error) => (error instanceof Error ? error.message : String(error));
