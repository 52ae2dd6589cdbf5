// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What crosses between a page and the edge: what is asked for, the bundle that comes, and the refusals.

import { decoder } from './engine.js';

/** @typedef {import('./engine.js').Entity} Entity */
/**
 * For whom a bundle is, and what it may permit; how rows spell ids that were asked for in another way (`Type:id` → id);
 * and what no context may name (`Type:id`), since its row cannot be read.
 * @typedef {{ principal: Entity, actions: string[], spellings?: Record<string, string>, unreadable?: string[] }} Envelope
 */
/** @typedef {Error & { final?: boolean, status?: number, code?: string, wait?: number }} Problem `final`: asking again does
 * not help; `wait`: milliseconds that the edge asks for */

/** The form of bundles that this version reads. */
const FORMAT = 1;
/** What servers and proxies take for certain. A longer address is posted. */
const MAX_ADDRESS = 2_000;

/** @param {string} text @param {Partial<Problem>} [more] @returns {Problem} */
export const problem = (text, more) => Object.assign(new Error(`palisade: ${text}`), more);

/**
 * An entity from `Type:id` or `{ type, id }`, with its name in the first form; undefined where it is neither.
 * @param {any} given
 */
export function entityOf(given) {
  let { type, id } = given ?? {};
  if (typeof given === 'string') {
    // Ids may contain colons, types never do.
    const colon = given.indexOf(':');
    type = given.slice(0, Math.max(colon, 0));
    id = given.slice(colon + 1);
  }
  // A lone surrogate is no character: what a server puts in its place could be another entity's id.
  const fits = (/** @type {any} */ text) => typeof text === 'string' && text.isWellFormed();
  return type && fits(type) && fits(id) && !type.includes(':') ? { name: `${type}:${id}`, type, id } : undefined;
}

/**
 * The entities that a context names, wherever in it.
 * @param {any} value @param {NonNullable<ReturnType<typeof entityOf>>[]} [found]
 */
export function entitiesIn(value, found = []) {
  if (value?.__entity) {
    const entity = typeof value.__entity === 'object' && entityOf(value.__entity);
    if (!entity) throw problem('a context names no entity');
    found.push(entity);
  } else if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) entitiesIn(value[name], found);
  }
  return found;
}

/**
 * An entity as rows spell it.
 * @param {Envelope} envelope @param {NonNullable<ReturnType<typeof entityOf>>} entity
 */
export const as = ({ spellings }, { name, type, id }) => ({ type, id: spellings?.[name] ?? id });

/** A context, its entities as rows spell them. @param {Envelope} envelope @param {any} value @returns {any} */
export function respelt(envelope, value) {
  if (!envelope.spellings || typeof value !== 'object' || value === null) return value;
  const entity = value.__entity && entityOf(value.__entity);
  if (entity) return { __entity: as(envelope, entity) };
  if (Array.isArray(value)) return value.map((one) => respelt(envelope, one));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, respelt(envelope, field)]));
}

/**
 * A request for a bundle.
 * @param {string} url @param {string[]} types @param {string[]} asked such as `resource=Document:42`
 * @param {string | null} [unless] the etag of what is held
 * @returns {{ address: string, init: RequestInit }}
 */
export function request(url, types, asked, unless) {
  const query = types
    .map((type) => `type=${type}`)
    .concat(asked)
    .map((one) => one.replace(/=.*/s, (value) => `=${encodeURIComponent(value.slice(1))}`))
    .join('&');
  const address = query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url;
  // The browser itself asks by etag, and answers from its cache.
  if (address.length <= MAX_ADDRESS) return { address, init: { cache: 'no-cache' } };
  const of = (/** @type {string} */ kind) =>
    asked.filter((one) => one.startsWith(kind)).map((one) => one.slice(kind.length));
  const body = JSON.stringify({
    types,
    resources: of('resource='),
    context: of('context='),
    unless: unless ?? undefined,
  });
  return { address: url, init: { method: 'POST', body } };
}

/**
 * The two parts of a bundle.
 * @param {ArrayBuffer} body @returns {{ envelope: Envelope, bytes: Uint8Array }}
 */
export function opened(body) {
  let envelope;
  let length = 0;
  try {
    length = new DataView(body).getUint32(0, true);
    envelope = JSON.parse(decoder.decode(new Uint8Array(body, 4, length)));
  } catch {
    throw problem('the answer is no bundle: is `url` right?', { final: true });
  }
  if (envelope?.format !== FORMAT || !entityOf(envelope.principal) || !Array.isArray(envelope.actions)) {
    throw problem('this bundle was built for another version of Palisade', { final: true });
  }
  return { envelope, bytes: new Uint8Array(body, 4 + length) };
}

/** A whole number of milliseconds, or 0. @param {Response} response */
export function freshFor({ headers }) {
  const text = headers.get('palisade-fresh-for') ?? '';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

/** What a refusal says. @param {Response} response @param {ArrayBuffer} body */
export function refusal({ status, headers }, body) {
  let said;
  try {
    said = JSON.parse(decoder.decode(body));
  } catch {
    // A proxy on the way answers in its own form.
  }
  const hint = status === 401 ? 'nobody is signed in' : (said?.detail ?? '');
  const after = headers.get('retry-after') ?? '';
  return problem(`the edge answers ${status} ${hint}`, {
    // These pass: a timeout, too many requests, a server that is away.
    final: status < 500 && status !== 429 && status !== 408,
    status,
    code: said?.code,
    // In seconds, or a date.
    wait: Number(after) * 1000 || Date.parse(after) - Date.now() || 0,
  });
}
