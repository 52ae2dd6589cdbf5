// SPDX-License-Identifier: Apache-2.0
// @ts-check
// CASL: one ability for each user, made of the rules that are for that user, as its documentation has it.
//
// Which rules those are, the application finds out (as a rule when somebody signs in): before the clock starts, and so
// are the abilities made. What is measured is `can` alone, on a subject that knows where it stands.
import { createRequire } from 'node:module';
import { above, readRequests, readWorld, uidOf } from '../world.mjs';

const requires = createRequire(import.meta.url);

export const name = 'casl';
export const packageName = '@casl/ability';

/** @typedef {import('../world.mjs').World} World */
/** @typedef {import('../world.mjs').Grant} Grant */

/** @param {Grant} grant @returns {object} */
function rule({ actions, type, scope, exact, attr }) {
  /** @type {Record<string, any>} */ const conditions = {};
  if (scope !== null) conditions[exact ? 'uid' : 'path'] = scope;
  if (attr !== null) conditions[attr] = true;
  return { action: actions, subject: type ?? 'all', ...(Object.keys(conditions).length ? { conditions } : {}) };
}

/**
 * What must always hold, as what is never allowed. The user's side of it is known when the ability is made.
 * @param {World} world @param {Record<string, any>} user @param {Record<string, any>} context
 */
function never(world, user, context) {
  const rules = [];
  const never = { action: 'manage', subject: 'all', inverted: true };
  for (const condition of world.always) {
    if (condition === 'active' && !user.active) rules.push(never);
    if (condition === 'tenant') rules.push({ ...never, conditions: { tenant: { $ne: user.tenant } } });
    if (condition === 'mfa' && !context.mfa) rules.push({ ...never, conditions: { secret: true } });
  }
  return rules;
}

/** @param {string} folder */
export async function load(folder) {
  const { createMongoAbility, subject } = requires('@casl/ability');
  const world = readWorld(folder);
  /** @type {Map<string | null, Grant[]>} */ const grants = new Map();
  for (const grant of world.grants) {
    const list = grants.get(grant.principal);
    if (list) list.push(grant);
    else grants.set(grant.principal, [grant]);
  }
  /** @type {Map<string, any>} */ const abilities = new Map();
  const prepared = readRequests(folder).map(({ principal, action, resource, context }) => {
    const [user, thing] = [uidOf(principal), uidOf(resource)];
    const session = `${user} ${JSON.stringify(context)}`;
    let ability = abilities.get(session);
    if (!ability) {
      const granted = [null, ...above(world.principals, user)].flatMap((holder) => grants.get(holder) ?? []);
      const forbidden = never(world, world.principals[user].attrs ?? {}, context);
      ability = createMongoAbility([...granted.map(rule), ...forbidden]);
      abilities.set(session, ability);
    }
    const path = [...above(world.resources, thing)];
    const object = subject(resource.type, { uid: thing, path, ...world.resources[thing].attrs });
    return { ability, action: action.id, object };
  });
  return {
    /** @param {number} at @returns {boolean} */
    decide(at) {
      const { ability, action, object } = prepared[at];
      return ability.can(action, object);
    },
    close() {},
  };
}
