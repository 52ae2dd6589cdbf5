// SPDX-License-Identifier: Apache-2.0
// @ts-check
// How an application checks what its gate says of who asks: the header `Palisade-Assertion`. With node's own crypto and
// nothing else, to be copied into one.
import { createPublicKey, verify } from 'node:crypto';

/** An unknown key's name has the set fetched again at most this often, whatever names come. */
const REFETCH_MILLIS = 60_000;
/** How long a fetched set serves before it is fetched again: a key that was taken out of it must not stay for ever. */
const FRESH_MILLIS = 300_000;
/** How far the clocks of gate and application may differ. */
const SKEW_SECONDS = 5;
/** The longest that an assertion may be good. */
const LONGEST_SECONDS = 60;

/** @typedef {{ algorithm: string, key: import('node:crypto').KeyObject }} Key */
/**
 * @typedef {object} Claims
 * @property {string} iss @property {string} aud @property {string} sub the principal as an entity literal
 * @property {{ type: string, id: string }} principal
 * @property {string[]} roles the names of the roles that the principal holds everywhere
 * @property {string} jti the decision's id @property {string} method @property {string} path
 * @property {number} iat @property {number} exp
 */

/**
 * A function that checks a request's assertion: it answers with the claims, and throws where there is no good one.
 *
 * @param {{ jwks: string, audience: string, now?: () => number }} options where the gate publishes its keys
 *   (`https://…/.palisade/jwks.json`), and whom assertions must be for: the gate's `ORIGIN_AUDIENCE`, or its `ORIGIN`
 * @returns {(request: { method?: string, url?: string, headers: import('node:http').IncomingHttpHeaders }) => Promise<Claims>}
 */
export function assertionVerifier({ jwks, audience, now = Date.now }) {
  /** @type {Map<string, Key>} */
  let keys = new Map();
  let fetched = -Infinity;
  let tried = -Infinity;
  /** @type {Promise<void> | undefined} */
  let underWay;

  const refetch = () =>
    (underWay ??= (async () => {
      tried = now();
      try {
        const response = await fetch(jwks, { redirect: 'error', signal: AbortSignal.timeout(5_000) });
        if (!response.ok) throw new Error(`${jwks} answers ${response.status}`);
        keys = read(/** @type {any} */ (await response.json()));
        fetched = now();
      } finally {
        underWay = undefined;
      }
    })());

  /** @param {unknown} kid */
  const keyOf = async (kid) => {
    const due = !keys.has(String(kid)) || now() - fetched >= FRESH_MILLIS;
    if (underWay || (due && now() - tried >= REFETCH_MILLIS)) {
      // Without an answer the keys that are here serve on.
      await refetch().catch(() => {});
    }
    const key = keys.get(String(kid));
    if (!key) throw new Error('signed by a key that the gate does not publish');
    return key;
  };

  return async ({ method, url, headers }) => {
    const text = headers['palisade-assertion'];
    if (typeof text !== 'string' || text === '') throw new Error('no assertion');
    const parts = text.split('.');
    if (parts.length !== 3) throw new Error('not three parts');
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    const { algorithm, key } = await keyOf(header.kid);
    // The key says how it signs, never the token.
    if (header.alg !== algorithm || header.typ !== 'JWT' || 'crit' in header) throw new Error('another kind of token');
    const signature = Buffer.from(parts[2], 'base64url');
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
    const hash = algorithm === 'ES256' ? 'sha256' : null;
    if (!verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)) throw new Error('the signature is wrong');
    const seconds = now() / 1000;
    if (claims.aud !== audience) throw new Error('for another application');
    if (!(claims.exp > seconds - SKEW_SECONDS)) throw new Error('expired');
    if (!(claims.iat < seconds + SKEW_SECONDS)) throw new Error('from the future');
    if (!(claims.exp - claims.iat <= LONGEST_SECONDS)) throw new Error('good for too long');
    if (claims.method !== method || claims.path !== url) throw new Error('for another request');
    return claims;
  };
}

/**
 * The keys of a set, by their names.
 * @param {{ keys: Record<string, string>[] }} set
 */
function read(set) {
  /** @type {Map<string, Key>} */
  const keys = new Map();
  for (const jwk of set.keys) {
    const algorithm = jwk.kty === 'EC' && jwk.crv === 'P-256' ? 'ES256' : jwk.crv === 'Ed25519' ? 'EdDSA' : undefined;
    if (algorithm && jwk.kid) keys.set(jwk.kid, { algorithm, key: createPublicKey({ key: jwk, format: 'jwk' }) });
  }
  return keys;
}
