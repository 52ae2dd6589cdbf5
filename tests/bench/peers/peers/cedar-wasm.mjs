// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Cedar's own WebAssembly build, through its stateful interface: policies are parsed once and named in each call.
//
// It has nowhere to keep entities: they cross into WebAssembly with each request. So each request is given what it
// needs and no more: principal and resource, with all that they stand below as their parents; entities that a policy
// reads through an attribute; and only those attributes that some policy reads. An application would have to find these
// out at each request; here that is done before the clock starts. No schema is given: without one, requests are not
// checked against it, which is quicker.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { entity, readRequests, uidOf } from '../world.mjs';

// By `require`: the type check must pass where the peers are not installed.
const requires = createRequire(import.meta.url);

export const name = 'cedar-wasm';
export const packageName = '@cedar-policy/cedar-wasm';

/** @typedef {{ uid: any, attrs: Record<string, any>, parents: any[] }} CedarEntity */

/**
 * What a request needs of the store.
 * @param {Map<string, CedarEntity>} store
 * @param {{ read: string[], through: string[] }} attributes that policies read, and that they read others through
 * @param {string[]} from
 */
function slice(store, { read, through }, from) {
  const needed = new Set(from);
  const sliced = [];
  for (const uid of needed) {
    const found = store.get(uid);
    if (!found) continue;
    const parents = new Set(found.parents.map(uidOf));
    for (const parent of parents) for (const next of store.get(parent)?.parents ?? []) parents.add(uidOf(next));
    const kept = read.filter((attribute) => attribute in found.attrs);
    for (const attribute of kept) {
      const other = found.attrs[attribute].__entity;
      if (other && through.includes(attribute)) needed.add(uidOf(other));
    }
    const attrs = Object.fromEntries(kept.map((attribute) => [attribute, found.attrs[attribute]]));
    sliced.push({ uid: found.uid, attrs, parents: [...parents].map(entity) });
  }
  return sliced;
}

/** @param {string} folder */
export async function load(folder) {
  const { preparsePolicySet, statefulIsAuthorized } = requires('@cedar-policy/cedar-wasm/nodejs');
  const policies = readFileSync(join(folder, 'policies.cedar'), 'utf8');
  const parsed = preparsePolicySet('bench', { staticPolicies: policies });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));

  /** @type {CedarEntity[]} */
  const entities = JSON.parse(readFileSync(join(folder, 'entities.json'), 'utf8'));
  const store = new Map(entities.map((one) => [uidOf(one.uid), one]));
  const names = [...new Set(entities.flatMap(({ attrs }) => Object.keys(attrs)))];
  const read = names.filter((attribute) => new RegExp(`\\.${attribute}\\b`).test(policies));
  const through = read.filter((attribute) => read.some((other) => policies.includes(`.${attribute}.${other}`)));
  const calls = readRequests(folder).map(({ principal, action, resource, context }) => ({
    principal,
    action,
    resource,
    context,
    preparsedPolicySetId: 'bench',
    entities: slice(store, { read, through }, [uidOf(principal), uidOf(resource)]),
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
