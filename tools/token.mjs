// SPDX-License-Identifier: Apache-2.0
// @ts-check
// JSON Web Tokens for trying things out: a key made on this machine, believed only by a gate that was told of it.
//   node tools/token.mjs SUBJECT [SECONDS]   prints a token, good for an hour unless told otherwise
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Who signs, and for whom. */
export const ISSUER = 'https://issuer.localhost/';
export const AUDIENCE = 'https://gate.localhost/';
const KEY_ID = 'trial';

/**
 * @typedef {import('node:crypto').KeyObject} KeyObject
 * @param {string} file where the key is kept; made where it is not there
 * @returns {KeyObject}
 */
export function trialKey(file) {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(file, pem, { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(file));
}

/**
 * The gate's setting `ISSUERS` that believes a key.
 * @param {KeyObject} key
 * @param {string} [principalType] the entity type of subjects
 */
export function issuers(key, principalType = 'User') {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const keys = [{ ...jwk, kid: KEY_ID, alg: 'EdDSA', use: 'sig' }];
  return JSON.stringify([
    { issuer: ISSUER, audiences: [AUDIENCE], algorithms: ['EdDSA'], jwks: { keys }, principal_type: principalType },
  ]);
}

/**
 * A token for a subject.
 * @param {KeyObject} key
 * @param {string} subject
 * @param {Record<string, unknown>} [claims] instead of or beside those that a good token has
 * @param {Record<string, unknown>} [header]
 */
export function token(key, subject, claims = {}, header = {}) {
  const now = Math.floor(Date.now() / 1000);
  const good = { iss: ISSUER, aud: AUDIENCE, sub: subject, iat: now, exp: now + 3600 };
  const part = (/** @type {unknown} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'EdDSA', typ: 'JWT', kid: KEY_ID, ...header })}.${part({ ...good, ...claims })}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

/** Where `make run` keeps its key. */
export const TRIAL_KEY_FILE = fileURLToPath(new URL('../.palisade/trial-key.pem', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [subject, seconds = '3600'] = process.argv.slice(2);
  if (!subject || !(Number(seconds) > 0)) {
    console.error('usage: node tools/token.mjs SUBJECT [SECONDS]');
    process.exit(2);
  }
  const exp = Math.floor(Date.now() / 1000) + Number(seconds);
  console.log(token(trialKey(TRIAL_KEY_FILE), subject, { exp }));
}
