// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The worst application to stand before: one that takes a request for everything that any server, proxy or framework would
// take it for. It decodes twice and thrice, folds dots and slashes of other scripts, cuts at `;` and NUL, compares without
// case, obeys headers that name another path, method, address or person. It serves nothing: it says what it would.
import { createServer } from 'node:http';
import { listening } from '../../tools/listen.mjs';

/**
 * A request as it came over the wire.
 * @typedef {object} Seen
 * @property {string} method
 * @property {string} target
 * @property {[string, string][]} headers as they were written, in order
 * @property {string} body Latin-1, its beginning
 */

/**
 * Starts an origin that keeps what reaches it.
 * @returns {Promise<{ url: string, taken: () => Seen[], close: () => Promise<void> }>} `taken` gives what came since the last call
 */
export async function startLenient() {
  /** @type {Seen[]} */
  let seen = [];
  // It also takes what RFC 9112 tells a server to refuse: two lengths, bare line feeds, and the like.
  const server = createServer({ insecureHTTPParser: true, requireHostHeader: false }, (request, response) => {
    /** @type {[string, string][]} */
    const headers = [];
    for (let at = 0; at < request.rawHeaders.length; at += 2)
      headers.push([request.rawHeaders[at], request.rawHeaders[at + 1]]);
    const one = { method: String(request.method), target: String(request.url), headers, body: '' };
    seen.push(one);
    request.setEncoding('latin1').on('data', (piece) => {
      if (one.body.length < 65_536) one.body += piece;
    });
    request.on('end', () => response.end('served')).on('error', () => {});
  });
  server.on('clientError', (_, socket) => socket.destroy());
  return {
    ...(await listening(server, 0)),
    taken: () => {
      const all = seen;
      seen = [];
      return all;
    },
  };
}

// --- What a path can be taken for ---

/** As a decoder that checks nothing reads bytes: overlong forms are the characters that they stand for. @param {number[]} bytes */
function generousUtf8(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const first = bytes[at];
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    const rest = bytes.slice(at + 1, at + 1 + more);
    if (more === 0 || rest.length < more || rest.some((byte) => byte >> 6 !== 2)) {
      text += String.fromCharCode(first);
      continue;
    }
    const code = rest.reduce((code, byte) => (code << 6) | (byte & 0x3f), first & (0x3f >> more));
    text += code > 0x10ffff ? '?' : String.fromCodePoint(code);
    at += more;
  }
  return text;
}

/** @param {string} text */
const decoded = (text) =>
  text
    .replace(/%u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      generousUtf8([...run.matchAll(/%(..)/g)].map(([, hex]) => parseInt(hex, 16))),
    );

/** Dot segments, as RFC 3986 5.2.4 has them removed. @param {string} path */
function resolved(path) {
  /** @type {string[]} */
  const kept = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.filter(Boolean).join('/')}`;
}

/** Each is something that some server does to a path. @type {((path: string) => string)[]} */
const HABITS = [
  decoded,
  resolved,
  (path) => path.replaceAll('\\', '/'),
  (path) => path.replaceAll(/\/{2,}/g, '/'),
  // Tomcat, Jetty, Spring: path parameters.
  (path) => path.replaceAll(/;[^/]*/g, ''),
  // C strings, and whatever takes what was encoded for the end of a path.
  (path) => path.split('\0')[0],
  (path) => path.split(/[?#]/)[0],
  // Windows: dots and spaces at the end of a name; alternate streams.
  (path) => path.replaceAll(/([^/.])[. ]+(?=\/|$)/g, '$1').replaceAll(/(\.\.)[. ]+(?=\/|$)/g, '$1'),
  (path) => path.replaceAll(/::\$[^/]*/g, ''),
  (path) => path.replaceAll(/[\u0000-\u0020\u007f\u0085\u00a0\u00ad\u200b-\u200f\u2028\u2029\u3000\ufeff]/g, ''),
  // What is no slash and looks like one; compatibility forms of everything else.
  (path) => path.replaceAll(/[\u2044\u2215\u29f8\uff0f\u29f5\uff3c\ufe68]/g, '/').normalize('NFKC'),
  (path) => path.toLowerCase().replaceAll('ı', 'i').replaceAll('ſ', 's').replaceAll('K', 'k'),
  (path) => path.replaceAll('+', ' '),
  // Rails, Spring: a format at the end.
  (path) => path.replace(/\.(json|html|xml|css|png|js)$/, ''),
  // `02`, `2.0`, `+2`, ` 2` where a number is wanted.
  (path) => path.replace(/\/[+ 0]*(\d+)(\.0*|[^/\d.][^/]*)?$/, '/$1'),
];

/**
 * All that a path can be taken for, as it is left when nothing more can be done to it or at any time before.
 * @param {string} target @returns {Set<string>}
 */
export function pathsOf(target) {
  const path = target.replace(/^[a-z]+:\/\/[^/?#\\]*/i, '').replace(/[?#].*$/s, '') || '/';
  const found = new Set([path]);
  // A set grows while it is walked.
  for (const one of found) {
    for (const habit of HABITS) {
      if (found.size < 3000) found.add(habit(one));
    }
  }
  return found;
}

/** A name as CGI and its heirs have it: without case, and one sign for whatever is no letter or digit. @param {string} name */
const folded = (name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');

/** A name of a parameter as somebody reads it: without case, the array's brackets, what stands behind a NUL. @param {string} name */
const parameter = (name) =>
  folded(
    decoded(decoded(name.replaceAll('+', ' ')))
      .trim()
      .split(/[[\0]/)[0],
  );

/** All values of all that could be a parameter. @param {string} text @returns {[string, string][]} */
const parametersOf = (text) =>
  text.split(/[&;]|%26|%3b/i).map((pair) => {
    const [name, ...value] = pair.split(/=|%3d/i);
    return [parameter(name), decoded(decoded(value.join('=').replaceAll('+', ' ')))];
  });

// --- What a request can be taken for ---

/**
 * @typedef {object} Readings
 * @property {Set<string>} methods
 * @property {Set<string>} paths
 * @property {Set<string>} people whom it could be taken to come from; `''` where nobody is named
 * @property {Set<string>} addresses of clients, and hosts that were asked for
 * @property {(name: string) => Set<string>} values that a parameter of the query or of the body could have
 * @property {Set<string>} tokens
 */

/** Headers that name another path for somebody. Symfony, Zend, IIS, nginx, Envoy, WSGI, and what is tried out on all. */
const PATHS =
  /^(x-)?(original|rewrite|override|forwarded|envoy-original|http-destination|proxy|request|accel|script|base|http|middleware)-?(url|uri|path|prefix|name|rewrite|destinationurl|subrequest|invoke|next)?$/;
/** Headers that name a method for somebody. */
const METHODS = /(^|-)(http-)?method(-|$)|^x-http-verb/;
/** Headers that name a person for somebody. */
const PEOPLE =
  /^palisade-|(^|-)(remote-user|authenticated-user|forwarded-user|forwarded-email|auth-request-user|auth-request-email|user-id|webauth-user)$/;
/** Headers that name the client's address, or the host that was asked for. */
const ADDRESSES =
  /^(x-)?(forwarded|real|client|cluster-client|true-client|remote|originating)(-for|-ip|-addr|-host|-server)?$|^x-host$|^x-http-host-override$|^x-forwarded-/;

/** @param {Seen} seen @returns {Readings} */
export function readingsOf({ method, target, headers, body }) {
  const query = target.slice(target.indexOf('?') + 1).replace(/^[^?]*$/s, (all) => (target.includes('?') ? all : ''));
  const form = /^[^{[]*=/.test(body) ? parametersOf(body) : [];
  const parameters = [...parametersOf(query), ...form];
  const of = (/** @type {RegExp} */ names) =>
    headers.filter(([name]) => names.test(folded(name))).map(([, value]) => value);

  const overrides = [
    ...of(METHODS),
    ...parameters.filter(([name]) => METHODS.test(name.replace(/^-+/, ''))).map(([, value]) => value),
  ];
  const methods = new Set([method, ...overrides].map((one) => one.trim().toUpperCase()));

  const paths = pathsOf(target);
  const found = [...of(PATHS), ...parameters.filter(([name]) => PATHS.test(name)).map(([, value]) => value)];
  for (const other of found) for (const path of pathsOf(other)) paths.add(path).add(resolved(path + target));

  const people = new Set(
    headers
      .filter(([name]) => PEOPLE.test(folded(name)) && folded(name) !== 'palisade-decision')
      .map(([, value]) => value),
  );
  const cookies = headers.filter(([name]) => folded(name) === 'cookie').flatMap(([, value]) => value.split(/[;,]/));
  const tokens = new Set([
    ...headers
      .filter(([name]) => folded(name) === 'authorization')
      .flatMap(([, value]) => value.split(','))
      .map((value) => value.trim().replace(/^bearer +/i, '')),
    ...cookies
      .map((pair) => pair.split('='))
      .filter(([name]) => decoded(name).trim() === 'session')
      .map(([, value]) =>
        decoded(value ?? '')
          .replaceAll('"', '')
          .trim(),
      ),
  ]);
  return {
    methods,
    paths,
    people: people.size > 0 ? people : new Set(['']),
    addresses: new Set(of(ADDRESSES)),
    tokens,
    values: (wanted) =>
      new Set([
        ...parameters.filter(([name]) => name === folded(wanted)).map(([, value]) => value),
        ...fieldsOf(body, wanted),
      ]),
  };
}

/** The texts of a JSON body under a name that somebody takes for this one: each of them, whichever would count. @param {string} body @param {string} wanted */
function fieldsOf(body, wanted) {
  const text = body.replaceAll(/\/\*.*?\*\//gs, '');
  const pairs = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)"/g)];
  const plain = (/** @type {string} */ one) =>
    one.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return pairs
    .map(([, name, value]) => [plain(name), plain(value)])
    .filter(([name]) => folded(name) === folded(wanted))
    .map(([, value]) => value);
}
