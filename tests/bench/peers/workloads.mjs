// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Writes what the peers are measured on: <folder>/<workload>/<n>/ with policies, entities, requests and neutral rules.
//   node tests/bench/peers/workloads.mjs [FOLDER] [--quick]     by default target/bench; quick: up to 1,000 rules
//
// The same bytes in each run: whoever doubts a number can make the same world again.
import { apps } from './apps.mjs';
import { cedarEntities, cedarSchema, chance, draw, forbids, policy, typeOf, write } from './world.mjs';

/** @typedef {import('./world.mjs').World} World */
/** @typedef {import('./world.mjs').Node} Node */

/** @param {number} count @param {(at: number) => string} name */
const named = (count, name) => Array.from({ length: count }, (_, at) => name(at));

/**
 * Finishes a world in which every grant is one policy.
 * @param {string} root
 * @param {World} world
 * @param {{ targets: string[], actions: string[], schema: string }} asked every action can be asked for on every target
 * @param {import('./world.mjs').Chance} random
 */
function finish(root, world, { targets, actions, schema }, random) {
  const users = Object.keys(world.principals).filter((uid) => typeOf(uid) === 'User');
  const possible = Object.fromEntries(targets.map((target) => [typeOf(target), actions]));
  const requests = draw(world, { users, targets, actions: possible }, random);
  const policies = [...world.grants.map(policy), ...forbids(world)].join('');
  write(root, world, { policies, entities: cedarEntities(world.principals, world.resources), schema }, requests);
}

/** @type {Omit<import('./world.mjs').Grant, 'id' | 'principal' | 'actions'>} */
const ANYWHERE = { type: null, scope: null, exact: false, attr: null };

const VERBS = ['read', 'write', 'delete', 'share', 'approve', 'export', 'comment', 'archive'];
const KINDS = ['Document', 'Invoice', 'Report', 'Ticket', 'Contract'];

/**
 * Role checks: users hold a few of many roles, and each rule gives a role one action on one type of resource. With
 * `guarded`, three conditions must hold beside the rule.
 * @param {string} root
 * @param {number} size
 * @param {boolean} guarded
 */
function roles(root, size, guarded) {
  const workload = guarded ? 'conditions' : 'role';
  const random = chance(`${workload} ${size}`);
  const { held, users, things, tenants } = {
    10: { held: 2, users: 20, things: 20, tenants: 2 },
    1000: { held: 8, users: 1000, things: 1000, tenants: 10 },
    100000: { held: 16, users: 20_000, things: 20_000, tenants: 50 },
  }[size] ?? { held: 8, users: size, things: size, tenants: 10 };
  const names = named(Math.ceil(size / held), (at) => `Role::r${at}`);
  const rights = VERBS.flatMap((action) => KINDS.map((type) => ({ action, type })));

  /** @type {World} */
  const world = { workload, size, unit: 'rules', grants: [], always: [], principals: {}, resources: {} };
  for (const principal of names) {
    for (const { action, type } of random.some(rights, held)) {
      world.grants.push({ ...ANYWHERE, id: `g${world.grants.length}`, principal, actions: [action], type });
    }
    world.principals[principal] = { parents: [] };
  }
  world.grants.length = size;
  const tenant = () => `t${random.below(tenants)}`;
  for (const user of named(users, (at) => `User::u${at}`)) {
    const parents = random.some(names, 1 + random.below(4));
    world.principals[user] = guarded
      ? { parents, attrs: { active: random.happens(0.9), tenant: tenant() } }
      : { parents };
  }
  named(things, (at) => `${KINDS[at % KINDS.length]}::d${at}`).forEach((thing) => {
    const attrs = { tenant: tenant(), secret: random.happens(0.3) };
    world.resources[thing] = guarded ? { parents: [], attrs } : { parents: [] };
  });
  if (guarded) world.always = ['active', 'tenant', 'mfa'];

  const thing = guarded ? { attrs: { tenant: 'String', secret: 'Bool' } } : {};
  const user = { in: ['Role'], ...(guarded ? { attrs: { active: 'Bool', tenant: 'String' } } : {}) };
  const schema = cedarSchema({ Role: {}, User: user, ...Object.fromEntries(KINDS.map((kind) => [kind, thing])) }, [
    { actions: VERBS, resources: KINDS, ...(guarded ? { context: '{ mfa: Bool }' } : {}) },
  ]);
  finish(root, world, { targets: Object.keys(world.resources), actions: VERBS, schema }, random);
}

/** What a role may do within its scope. @type {Record<string, string[]>} */
const SCOPED_ROLES = {
  viewer: ['read'],
  auditor: ['read', 'export'],
  commenter: ['read', 'comment'],
  editor: ['read', 'comment', 'write'],
  manager: ['read', 'comment', 'write', 'share'],
  owner: ['read', 'comment', 'write', 'share', 'export', 'delete'],
};

/**
 * Roles held within a scope: each rule is one user's role in a project or in a whole organisation; documents stand in
 * projects, projects in organisations.
 * @param {string} root
 * @param {number} size
 */
function scoped(root, size) {
  const random = chance(`scoped ${size}`);
  const { users, organisations, projects, documents } = {
    10: { users: 5, organisations: 2, projects: 4, documents: 20 },
    1000: { users: 200, organisations: 10, projects: 100, documents: 1000 },
    100000: { users: 20_000, organisations: 100, projects: 2000, documents: 20_000 },
  }[size] ?? { users: size, organisations: 10, projects: 100, documents: size };

  /** @type {World} */
  const world = { workload: 'scoped', size, unit: 'rules', grants: [], always: [], principals: {}, resources: {} };
  const tops = named(organisations, (at) => `Organization::o${at}`);
  const middles = named(projects, (at) => `Project::p${at}`);
  const leaves = named(documents, (at) => `Document::d${at}`);
  for (const top of tops) world.resources[top] = { parents: [] };
  middles.forEach((middle, at) => (world.resources[middle] = { parents: [tops[at % organisations]] }));
  for (const leaf of leaves) world.resources[leaf] = { parents: [random.one(middles)] };
  const people = named(users, (at) => `User::u${at}`);
  for (const user of people) world.principals[user] = { parents: [] };
  const taken = new Set();
  while (world.grants.length < size) {
    const [principal, role] = [random.one(people), random.one(Object.keys(SCOPED_ROLES))];
    const scope = random.one(random.happens(0.15) ? tops : middles);
    if (taken.has(`${principal} ${role} ${scope}`)) continue;
    taken.add(`${principal} ${role} ${scope}`);
    const [id, actions] = [`g${world.grants.length}`, SCOPED_ROLES[role]];
    world.grants.push({ ...ANYWHERE, id, principal, actions, type: 'Document', scope, role });
  }
  const schema = cedarSchema(
    { User: {}, Organization: {}, Project: { in: ['Organization'] }, Document: { in: ['Project'] } },
    [{ actions: SCOPED_ROLES.owner, resources: ['Document'] }],
  );
  finish(root, world, { targets: leaves, actions: SCOPED_ROLES.owner, schema }, random);
}

/**
 * Access-control lists: each rule is a row on a folder, for a user or a group, and holds for all that is below. Folders
 * stand four deep, documents in the deepest.
 * @param {string} root
 * @param {number} size
 */
function acl(root, size) {
  const random = chance(`acl ${size}`);
  const { users, groups, tops, branches, documents } = {
    10: { users: 10, groups: 4, tops: 2, branches: 2, documents: 20 },
    1000: { users: 500, groups: 50, tops: 5, branches: 4, documents: 1000 },
    100000: { users: 20_000, groups: 2000, tops: 40, branches: 6, documents: 20_000 },
  }[size] ?? { users: size, groups: 50, tops: 5, branches: 4, documents: size };

  /** @type {World} */
  const world = { workload: 'acl', size, unit: 'rules', grants: [], always: [], principals: {}, resources: {} };
  let level = named(tops, (at) => `Folder::f${at}`);
  for (const folder of level) world.resources[folder] = { parents: [] };
  for (let deep = 2; deep <= 4; deep++) {
    const first = Object.keys(world.resources).length;
    level = level.flatMap((parent, at) =>
      named(branches, (branch) => `Folder::f${first + at * branches + branch}`).map((folder) => {
        world.resources[folder] = { parents: [parent] };
        return folder;
      }),
    );
  }
  const folders = Object.keys(world.resources);
  const leaves = named(documents, (at) => `Document::d${at}`);
  for (const leaf of leaves) world.resources[leaf] = { parents: [random.one(level)] };
  const teams = named(groups, (at) => `Group::g${at}`);
  const people = named(users, (at) => `User::u${at}`);
  for (const team of teams) world.principals[team] = { parents: [] };
  for (const user of people) world.principals[user] = { parents: random.some(teams, 1 + random.below(3)) };
  const actions = ['read', 'write', 'share', 'delete'];
  const taken = new Set();
  while (world.grants.length < size) {
    const [principal, action] = [random.one(random.happens(0.6) ? teams : people), random.one(actions)];
    const scope = random.one(folders);
    if (taken.has(`${principal} ${action} ${scope}`)) continue;
    taken.add(`${principal} ${action} ${scope}`);
    world.grants.push({ ...ANYWHERE, id: `g${world.grants.length}`, principal, actions: [action], scope });
  }
  const schema = cedarSchema(
    { Group: {}, User: { in: ['Group'] }, Folder: { in: ['Folder'] }, Document: { in: ['Folder'] } },
    [{ actions, resources: ['Folder', 'Document'] }],
  );
  finish(root, world, { targets: leaves, actions, schema }, random);
}

const quick = process.argv.includes('--quick');
const root = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? 'target/bench';
for (const size of quick ? [10, 1000] : [10, 1000, 100_000]) {
  roles(root, size, false);
  scoped(root, size);
  acl(root, size);
  roles(root, size, true);
}
for (const size of quick ? [5, 20] : [5, 20, 50]) apps(root, size);
