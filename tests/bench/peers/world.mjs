// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What every workload is made of: grants, a graph of principals, a tree of resources, 512 requests, a judge.
//
// A peer's adapter reads `rules.json` and `requests.json` only, or Cedar's own files. What is neutral here names no
// peer's idea of a rule: a grant says who may do what to which resources, and that is all.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `Type::id`; no id in these worlds has a colon. @typedef {string} Uid */
/** @typedef {{ parents: Uid[], attrs?: Record<string, any> }} Node */

/**
 * Whoever is `principal` or below it may do `actions` to what is of `type` (any type: null), stands at or below `scope`
 * (anywhere: null) and has `attr` set to true (whatever it has: null).
 * @typedef {object} Grant
 * @property {string} id
 * @property {Uid | null} principal null: everybody
 * @property {string[]} actions
 * @property {string | null} type
 * @property {Uid | null} scope
 * @property {boolean} exact only `scope` itself, nothing below it
 * @property {string | null} attr
 * @property {string} [role] what a grant is called where a whole role is held within a scope
 */

/**
 * @typedef {object} World
 * @property {string} workload
 * @property {number} size
 * @property {string} unit what `size` counts
 * @property {Grant[]} grants
 * @property {Condition[]} always what must hold beside a grant, whatever it is
 * @property {Record<Uid, Node>} principals
 * @property {Record<Uid, Node>} resources
 */

/** @typedef {{ type: string, id: string }} Entity */
/**
 * @typedef {object} Request
 * @property {Entity} principal
 * @property {Entity} action
 * @property {Entity} resource
 * @property {Record<string, any>} context
 * @property {'allow' | 'deny'} expect
 */

export const REQUESTS = 512;

// --- Chance ---

/**
 * Numbers that look random and are the same in each run: a 32-bit counter, mixed as splitmix does.
 * @param {string} seed
 */
export function chance(seed) {
  let state = 0x9e3779b9;
  for (const letter of seed) state = Math.imul(state ^ /** @type {number} */ (letter.codePointAt(0)), 0x01000193);
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ end) => Math.floor(next() * end);
  return {
    below,
    /** @param {number} share */
    happens: (share) => next() < share,
    /** @template T @param {readonly T[]} values @returns {T} */
    one: (values) => values[below(values.length)],
    /** @template T @param {T[]} values @returns {T[]} the same list, in another order */
    shuffle(values) {
      for (let at = values.length - 1; at > 0; at--) {
        const other = below(at + 1);
        [values[at], values[other]] = [values[other], values[at]];
      }
      return values;
    },
    /**
     * So many different values, or all there are.
     * @template T @param {readonly T[]} values @param {number} count @returns {T[]}
     */
    some(values, count) {
      /** @type {Set<T>} */
      const taken = new Set();
      while (taken.size < Math.min(count, values.length)) taken.add(values[below(values.length)]);
      return [...taken];
    },
  };
}
/** @typedef {ReturnType<typeof chance>} Chance */

// --- The graph ---

/** @param {Uid} uid @returns {Entity} */
export function entity(uid) {
  const at = uid.indexOf('::');
  return { type: uid.slice(0, at), id: uid.slice(at + 2) };
}
/** @param {Entity} of @returns {Uid} */
export const uidOf = ({ type, id }) => `${type}::${id}`;
/** @param {Uid} uid */
export const typeOf = (uid) => uid.slice(0, uid.indexOf('::'));

/**
 * A node and everything above it.
 * @param {Record<Uid, Node>} nodes @param {Uid} uid
 */
export function above(nodes, uid) {
  const seen = new Set([uid]);
  for (const one of seen) for (const parent of nodes[one]?.parents ?? []) seen.add(parent);
  return seen;
}

// --- The judge ---

/**
 * Each is a sentence about principal, resource and context that must hold beside a grant.
 * @typedef {'active' | 'tenant' | 'mfa'} Condition
 * @typedef {Record<string, any>} Values
 * @type {Record<Condition, (user: Values, resource: Values, context: Values) => boolean>}
 */
const CONDITIONS = {
  active: (user) => user.active,
  tenant: (user, resource) => resource.tenant === user.tenant,
  mfa: (_, resource, context) => context.mfa || !resource.secret,
};

/** @typedef {{ principal: Uid, action: string, resource: Uid, context: Record<string, any> }} Question */

/** @param {World} world @param {Question} question */
function conditionsHold(world, { principal, resource, context }) {
  const [user, thing] = [world.principals[principal].attrs ?? {}, world.resources[resource].attrs ?? {}];
  return world.always.every((name) => CONDITIONS[name](user, thing, context));
}

/**
 * Reads every grant, one after the other, as it is written. Slow, and for that easy to believe.
 * @param {World} world @param {Question} question
 */
export function judge(world, question) {
  if (!conditionsHold(world, question)) return false;
  const who = above(world.principals, question.principal);
  const where = above(world.resources, question.resource);
  const attrs = world.resources[question.resource].attrs ?? {};
  return world.grants.some(
    ({ principal, actions, type, scope, exact, attr }) =>
      (principal === null || who.has(principal)) &&
      actions.includes(question.action) &&
      (type === null || type === typeOf(question.resource)) &&
      (scope === null || (exact ? scope === question.resource : where.has(scope))) &&
      (attr === null || attrs[attr] === true),
  );
}

// --- Requests ---

/** @param {Map<string, Uid[]>} map @param {string} key @param {Uid} uid */
function put(map, key, uid) {
  const list = map.get(key);
  if (list) list.push(uid);
  else map.set(key, [uid]);
}

/**
 * Half of the requests are allowed. Each of those is made from a grant of its own as long as there are any: no few
 * rules are asked for again and again. Half of the others differ from an allowed one in one thing only, the rest are
 * random.
 * @param {World} world
 * @param {{ users: Uid[], targets: Uid[], actions: Record<string, string[]> }} asked what requests are made of; no
 *   action is asked for on a type that has no such action
 * @param {Chance} random
 * @returns {Request[]}
 */
export function draw(world, { users, targets, actions }, random) {
  /** @type {Map<string, Uid[]>} */ const members = new Map();
  for (const user of users) for (const group of above(world.principals, user)) put(members, group, user);
  /** @type {Map<string, Uid[]>} */ const standing = new Map();
  for (const target of targets) {
    put(standing, typeOf(target), target);
    for (const scope of above(world.resources, target)) put(standing, scope, target);
  }
  const context = () => (world.always.includes('mfa') ? { mfa: random.happens(0.5) } : {});

  /** @param {Grant} grant @returns {Question | undefined} what the grant allows, if anything can ask for it */
  function ask({ principal, actions: granted, type, scope, exact }) {
    const who = principal === null ? users : (members.get(principal) ?? []);
    let what = scope === null ? (type === null ? targets : (standing.get(type) ?? [])) : (standing.get(scope) ?? []);
    if (exact) what = what.filter((target) => target === scope);
    if (who.length === 0 || what.length === 0) return undefined;
    const question = () => {
      return {
        principal: random.one(who),
        action: random.one(granted),
        resource: random.one(what),
        context: context(),
      };
    };
    let drawn = question();
    // A grant is for many, and the conditions hold for few of them.
    for (let left = 1000; left > 0 && !conditionsHold(world, drawn); left--) drawn = question();
    return drawn;
  }

  const order = random.shuffle(world.grants.map((_, at) => at));
  let turn = 0;
  /** @returns {Question} */
  function allowed() {
    for (let left = order.length + 1000; left > 0; left--) {
      const question = ask(world.grants[order[turn++ % order.length]]);
      if (question && judge(world, question)) return question;
    }
    throw new Error(`${world.workload} ${world.size}: nothing is allowed`);
  }
  /** @returns {Question} */
  function denied() {
    for (let left = 100_000; left > 0; left--) {
      const near = random.happens(0.5);
      const question = near ? allowed() : /** @type {Question} */ ({ context: context() });
      const changed = near ? random.one(['principal', 'action', 'resource', 'context']) : '';
      if (!near || changed === 'principal') question.principal = random.one(users);
      if (!near || changed === 'resource') question.resource = random.one(targets);
      const possible = actions[typeOf(question.resource)];
      if (!near || changed === 'action' || !possible.includes(question.action)) question.action = random.one(possible);
      if (changed === 'context' && 'mfa' in question.context) question.context = { mfa: false };
      if (!judge(world, question)) return question;
    }
    throw new Error(`${world.workload} ${world.size}: everything is allowed`);
  }
  const questions = Array.from({ length: REQUESTS }, (_, at) => (at % 2 ? denied() : allowed()));
  return random.shuffle(questions).map((question) => ({
    principal: entity(question.principal),
    action: { type: 'Action', id: question.action },
    resource: entity(question.resource),
    context: question.context,
    expect: judge(world, question) ? 'allow' : 'deny',
  }));
}

// --- Cedar ---

/** @param {Uid} uid */
const literal = (uid) => `${typeOf(uid)}::"${entity(uid).id}"`;

/**
 * A grant as Palisade exports a row: everything in the scope of the policy.
 * @param {Grant} grant
 */
export function policy({ id, principal, actions, type, scope, exact }) {
  const who =
    principal === null ? 'principal' : `principal ${typeOf(principal) === 'User' ? '==' : 'in'} ${literal(principal)}`;
  const listed = actions.map((action) => `Action::"${action}"`);
  const what = listed.length === 1 ? `action == ${listed[0]}` : `action in [${listed.join(', ')}]`;
  const where = [type === null ? '' : ` is ${type}`, scope === null ? '' : ` ${exact ? '==' : 'in'} ${literal(scope)}`];
  return `@id("${id}")\npermit (${who}, ${what}, resource${where.join('')});\n`;
}

/** @type {Record<Condition, string>} */
const UNLESS = {
  active: 'principal.active',
  tenant: 'resource.tenant == principal.tenant',
  mfa: 'context.mfa || !resource.secret',
};
/** What always must hold, a policy each. @param {World} world */
export const forbids = ({ always }) =>
  always.map((name) => `@id("${name}")\nforbid (principal, action, resource) unless { ${UNLESS[name]} };\n`);

/** @param {Record<Uid, Node>[]} stores @returns {object[]} entities in Cedar's JSON format */
export const cedarEntities = (...stores) =>
  stores.flatMap((nodes) =>
    Object.entries(nodes).map(([uid, { parents, attrs }]) => {
      return { uid: entity(uid), attrs: attrs ?? {}, parents: parents.map(entity) };
    }),
  );

/**
 * A Cedar schema of one record for each type: what it can be below of, and its attributes.
 * @param {Record<string, { in?: string[], attrs?: Record<string, string> }>} types
 * @param {{ actions: string[], resources: string[], context?: string }[]} rules
 */
export function cedarSchema(types, rules) {
  const entities = Object.entries(types).map(([name, { in: parents = [], attrs = {} }]) => {
    const shape = Object.entries(attrs).map(([attr, type]) => `${attr}: ${type}`);
    const below = parents.length ? ` in [${parents.join(', ')}]` : '';
    return `entity ${name}${below}${shape.length ? ` { ${shape.join(', ')} }` : ''};\n`;
  });
  const actions = rules.map(({ actions: names, resources, context }) => {
    const applies = [
      `principal: [User]`,
      `resource: [${resources.join(', ')}]`,
      ...(context ? [`context: ${context}`] : []),
    ];
    return `action ${names.map((name) => `"${name}"`).join(', ')} appliesTo { ${applies.join(', ')} };\n`;
  });
  return [...entities, ...actions].join('');
}

// --- Files ---

/** One item a line: a diff and an editor can bear it. @param {object[]} items */
const lines = (items) => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;

/**
 * @param {string} root
 * @param {World} world
 * @param {{ policies: string, entities: object[], schema: string }} cedar
 * @param {Request[]} requests
 */
export function write(root, world, { policies, entities, schema }, requests) {
  const allowed = requests.filter(({ expect }) => expect === 'allow').length / requests.length;
  if (allowed < 0.4 || allowed > 0.6)
    throw new Error(`${world.workload} ${world.size}: ${allowed} of the requests are allowed`);
  const folder = join(root, world.workload, `${world.size}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'policies.cedar'), policies);
  writeFileSync(join(folder, 'schema.cedarschema'), schema);
  writeFileSync(join(folder, 'entities.json'), lines(entities));
  writeFileSync(join(folder, 'requests.json'), lines(requests));
  writeFileSync(join(folder, 'rules.json'), `${JSON.stringify(world)}\n`);
}

/** @param {string} folder @returns {World} */
export const readWorld = (folder) => JSON.parse(readFileSync(join(folder, 'rules.json'), 'utf8'));
/** @param {string} folder @returns {Request[]} */
export const readRequests = (folder) => JSON.parse(readFileSync(join(folder, 'requests.json'), 'utf8'));
