// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Casbin for Node: a model for each kind of workload, the rules as its policy rows, `enforceSync`.
//
// Its matcher is tried on one row after the other until one allows. So cheap comparisons stand first in it, as its
// documentation advises; and where rows only say who holds which role where, they are groupings, which it looks up by
// name. Its caching enforcer is not used: 512 requests again and again would measure a look-up in a map.
import { createRequire } from 'node:module';
import { above, readRequests, readWorld, uidOf } from '../world.mjs';

const requires = createRequire(import.meta.url);

export const name = 'casbin';
export const packageName = 'casbin';

/** @typedef {import('../world.mjs').World} World */
/** @typedef {import('../world.mjs').Request} Request */
/** @typedef {Record<string, import('../world.mjs').Node>} Nodes */
/**
 * @typedef {object} Setup
 * @property {string} request
 * @property {string} policy
 * @property {string[]} groupings
 * @property {string} matcher
 * @property {string[][]} rows the first word of each says what it is: p, g, g2
 * @property {(request: Request) => any[][]} ask what is asked for a request: it is allowed if any of these is
 */

/** @param {string} kind @param {Nodes} nodes */
const edges = (kind, nodes) =>
  Object.entries(nodes).flatMap(([child, { parents }]) => parents.map((parent) => [kind, child, parent]));

/** @param {World} world @returns {Setup} */
const role = (world) => ({
  request: 'sub, act, type',
  policy: 'sub, act, type',
  groupings: ['g = _, _'],
  matcher: 'r.act == p.act && r.type == p.type && g(r.sub, p.sub)',
  rows: [
    ...world.grants.map(({ principal, actions, type }) => ['p', `${principal}`, actions[0], `${type}`]),
    ...edges('g', world.principals),
  ],
  ask: ({ principal, action, resource }) => [[uidOf(principal), action.id, resource.type]],
});

/** Attributes of what is asked about, as its ABAC has them. @param {World} world @returns {Setup} */
const conditions = (world) => ({
  ...role(world),
  request: 'sub, act, obj, mfa',
  matcher:
    'r.act == p.act && r.obj.type == p.type && r.sub.active && r.obj.tenant == r.sub.tenant' +
    ' && (r.mfa || !r.obj.secret) && g(r.sub.uid, p.sub)',
  ask: ({ principal, action, resource, context }) => {
    const [user, thing] = [uidOf(principal), uidOf(resource)];
    const sub = { uid: user, ...world.principals[user].attrs };
    return [[sub, action.id, { type: resource.type, ...world.resources[thing].attrs }, context.mfa]];
  },
});

/**
 * RBAC with domains: a scope is a domain. It knows no domains within domains, so it is asked once for each scope that
 * the resource stands in, until one allows.
 * @param {World} world @returns {Setup}
 */
function scoped(world) {
  const roles = new Map(world.grants.map(({ role: held, actions, type }) => [`${held}`, { actions, type: `${type}` }]));
  return {
    request: 'sub, dom, act, type',
    policy: 'sub, act, type',
    groupings: ['g = _, _, _'],
    matcher: 'r.act == p.act && r.type == p.type && g(r.sub, p.sub, r.dom)',
    rows: [
      ...[...roles].flatMap(([held, { actions, type }]) => actions.map((action) => ['p', held, action, type])),
      ...world.grants.map(({ principal, role: held, scope }) => ['g', `${principal}`, `${held}`, `${scope}`]),
    ],
    ask: ({ principal, action, resource }) => {
      const scopes = [...above(world.resources, uidOf(resource))];
      return scopes.map((scope) => [uidOf(principal), scope, action.id, resource.type]);
    },
  };
}

/** RBAC for users and, once more, for resources. @param {World} world @returns {Setup} */
const acl = (world) => ({
  request: 'sub, act, obj',
  policy: 'sub, act, obj',
  groupings: ['g = _, _', 'g2 = _, _'],
  matcher: 'r.act == p.act && g(r.sub, p.sub) && g2(r.obj, p.obj)',
  rows: [
    ...world.grants.map(({ principal, actions, scope }) => ['p', `${principal}`, actions[0], `${scope}`]),
    ...edges('g', world.principals),
    ...edges('g2', world.resources),
  ],
  ask: ({ principal, action, resource }) => [[uidOf(principal), action.id, uidOf(resource)]],
});

/**
 * Relations of an application: on a thing itself, on all below it, or with an attribute.
 * @param {World} world @returns {Setup}
 */
const relations = (world) => ({
  request: 'sub, act, obj',
  policy: 'sub, act, how, obj',
  groupings: ['g = _, _', 'g2 = _, _'],
  matcher:
    'r.act == p.act && (p.sub == "*" || g(r.sub, p.sub)) && (p.how == "is" && r.obj.uid == p.obj' +
    ' || p.how == "in" && g2(r.obj.uid, p.obj) || p.how == "public" && r.obj.isPublic)',
  rows: [
    ...world.grants.flatMap(({ principal, actions, scope, exact, attr }) => {
      const how = attr === 'isPublic' ? 'public' : exact ? 'is' : 'in';
      return actions.map((action) => ['p', principal ?? '*', action, how, scope ?? '*']);
    }),
    ...edges('g', world.principals),
    ...edges('g2', world.resources),
  ],
  ask: ({ principal, action, resource }) => {
    const uid = uidOf(resource);
    return [[uidOf(principal), action.id, { uid, isPublic: false, ...world.resources[uid].attrs }]];
  },
});

/** @type {Record<string, (world: World) => Setup>} */
const SETUPS = { role, conditions, scoped, acl, gdrive: relations, github: relations, tinytodo: relations };

/** @param {string} folder */
export async function load(folder) {
  const { newEnforcer, newModelFromString, StringAdapter } = requires('casbin');
  const world = readWorld(folder);
  const { request, policy, groupings, matcher, rows, ask } = SETUPS[world.workload](world);
  const model = newModelFromString(`[request_definition]
r = ${request}
[policy_definition]
p = ${policy}
[role_definition]
${groupings.join('\n')}
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = ${matcher}
`);
  const enforcer = await newEnforcer(model, new StringAdapter(rows.map((row) => row.join(', ')).join('\n')));
  const asked = readRequests(folder).map(ask);
  return {
    /** @param {number} at @returns {boolean} */
    decide: (at) => asked[at].some((values) => enforcer.enforceSync(...values)),
    close() {},
  };
}
