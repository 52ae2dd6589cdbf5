// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Keys with which a gate signs what it tells the application of who asks: its secret `ASSERTION_KEYS`.
//   node tools/keys.mjs | npx wrangler secret put ASSERTION_KEYS     a first key
//   node tools/keys.mjs FILE                                         the set in FILE with a new key behind the others
// The first key of a set signs, all are published. To rotate: put the set with the new key behind; some minutes later the same
// with the new key in front; and some minutes after that the new key alone.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A private key for ES256, named by its thumbprint (RFC 7638).
 * @returns {Record<string, unknown>}
 */
export function newKey() {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const { crv, kty, x, y } = jwk;
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url').slice(0, 16);
  return { kid, alg: 'ES256', use: 'sig', ...jwk };
}

/**
 * The key set of a gate on this machine.
 * @param {string} file where it is kept; made where it is not there
 */
export function trialKeys(file) {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ keys: [newKey()] }), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}

/** Where `make run` keeps its set. */
export const TRIAL_KEYS_FILE = fileURLToPath(new URL('../.palisade/trial-assertion-keys.json', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, more] = process.argv.slice(2);
  if (more || file?.startsWith('-')) {
    console.error('usage: node tools/keys.mjs [FILE]');
    process.exit(2);
  }
  const { keys } = file ? JSON.parse(readFileSync(file, 'utf8')) : { keys: [] };
  console.log(JSON.stringify({ keys: [...keys, newKey()] }));
}
