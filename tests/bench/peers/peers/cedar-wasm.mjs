// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Cedar's own WebAssembly build, through its stateful interface: policies are parsed once and named in each call.
//
// It has nowhere to keep entities: they cross into WebAssembly with each request. So each request is given what it
// needs and no more: principal and resource, what stands above them and what their attributes name, and of the
// attributes those that some policy reads. An application would have to find these out at each request; here that is
// done before the clock starts. No schema is given: without one, requests are not checked against it, which is quicker.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readRequests, uidOf } from '../world.mjs';

// By `require`: the type check must pass where the peers are not installed.
const requires = createRequire(import.meta.url);

export const name = 'cedar-wasm';
export const packageName = '@cedar-policy/cedar-wasm';

/** @typedef {{ uid: any, attrs: Record<string, any>, parents: any[] }} CedarEntity */

/**
 * Every entity that a request can reach, with the attributes that policies read.
 * @param {Map<string, CedarEntity>} store
 * @param {string[]} from
 */
function reachable(store, from) {
  const seen = new Set(from);
  /** @param {any} value */
  const follow = (value) => {
    if (value?.__entity) seen.add(uidOf(value.__entity));
    else if (value && typeof value === 'object') Object.values(value).forEach(follow);
  };
  for (const uid of seen) {
    const found = store.get(uid);
    for (const parent of found?.parents ?? []) seen.add(uidOf(parent));
    follow(found?.attrs);
  }
  return [...seen].flatMap((uid) => store.get(uid) ?? []);
}

/** @param {string} folder */
export async function load(folder) {
  const { preparsePolicySet, statefulIsAuthorized } = requires('@cedar-policy/cedar-wasm/nodejs');
  const policies = readFileSync(join(folder, 'policies.cedar'), 'utf8');
  const parsed = preparsePolicySet('bench', { staticPolicies: policies });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));

  /** @type {CedarEntity[]} */
  const entities = JSON.parse(readFileSync(join(folder, 'entities.json'), 'utf8'));
  // An attribute that no policy reads would only be carried about.
  const attributes = new Set(entities.flatMap(({ attrs }) => Object.keys(attrs)));
  const read = [...attributes].filter((attribute) => new RegExp(`\\.${attribute}\\b`).test(policies));
  const store = new Map(
    entities.map(({ uid, attrs, parents }) => {
      const kept = read.filter((attribute) => attribute in attrs).map((attribute) => [attribute, attrs[attribute]]);
      return [uidOf(uid), { uid, attrs: Object.fromEntries(kept), parents }];
    }),
  );
  const calls = readRequests(folder).map(({ principal, action, resource, context }) => ({
    principal,
    action,
    resource,
    context,
    preparsedPolicySetId: 'bench',
    entities: reachable(store, [uidOf(principal), uidOf(resource)]),
  }));
  return {
    /** @param {number} at */
    decide(at) {
      const answer = statefulIsAuthorized(calls[at]);
      if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
      return answer.response.decision === 'allow';
    },
    close() {},
  };
}
