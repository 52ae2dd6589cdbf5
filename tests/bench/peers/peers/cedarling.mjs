// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Cedarling's WebAssembly build: Cedar behind an interface that makes the entities itself, `authorize_unsigned`.
//
// A request brings attributes of a principal and a resource, and nothing that they could stand below: of entities with
// parents, at most 1,000 come with the policies, and no principal is looked for among them. So the exported policies
// cannot be asked as they are. Here the same rules are written as one has to for it: the names of the groups that a
// principal is in, and of all that a resource stands in, come as sets of strings, and a policy asks whether its own is
// there. They are found out, and the request is written as JSON, before the clock starts. Logs are off and no token is
// checked.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { above, cedarSchema, entity, forbids, policy, readRequests, readWorld, typeOf, uidOf } from '../world.mjs';

const requires = createRequire(import.meta.url);

export const name = 'cedarling';
export const packageName = '@janssenproject/cedarling_wasm';

/** @typedef {import('../world.mjs').World} World */

/** @param {World} world */
function policies(world) {
  const texts = world.grants.map((grant) => {
    const [group, below] = [
      grant.principal !== null && typeOf(grant.principal) !== 'User',
      grant.scope && !grant.exact,
    ];
    const head = policy({ ...grant, principal: group ? null : grant.principal, scope: below ? null : grant.scope });
    const asks = [
      group ? `principal.groups.contains("${grant.principal}")` : '',
      below ? `resource.path.contains("${grant.scope}")` : '',
      grant.attr ? `resource.${grant.attr}` : '',
    ].filter(Boolean);
    return asks.length ? head.replace(/;\n$/, ` when { ${asks.join(' && ')} };\n`) : head;
  });
  return [...texts, ...forbids(world)];
}

/** @param {World} world @param {import('../world.mjs').Request[]} requests */
function schema(world, requests) {
  /** @param {Record<string, import('../world.mjs').Node>} nodes @param {string} set */
  const types = (nodes, set) =>
    Object.fromEntries(
      Object.entries(nodes).map(([uid, { attrs = {} }]) => {
        const own = Object.entries(attrs).map(([attr, value]) => [
          attr,
          typeof value === 'boolean' ? 'Bool' : 'String',
        ]);
        return [typeOf(uid), { attrs: { [set]: 'Set<String>', ...Object.fromEntries(own) } }];
      }),
    );
  const asked = [...new Set(requests.map(({ resource }) => resource.type))];
  const actions = new Set([
    ...world.grants.flatMap((grant) => grant.actions),
    ...requests.map(({ action }) => action.id),
  ]);
  const context = world.always.includes('mfa') ? { context: '{ mfa: Bool }' } : {};
  return cedarSchema({ ...types(world.resources, 'path'), ...types(world.principals, 'groups') }, [
    { actions: [...actions], resources: asked, ...context },
  ]);
}

/** @param {string} folder */
export async function load(folder) {
  const world = readWorld(folder);
  const requests = readRequests(folder);
  const file = requires.resolve(packageName);
  const { init, initSync } = requires(packageName);
  initSync({ module: readFileSync(file.replace(/\.js$/, '_bg.wasm')) });
  const cedar = (/** @type {string} */ body) => ({ encoding: 'none', content_type: 'cedar', body });
  const entries = policies(world).map((text, at) => {
    return [`p${at}`, { description: '', creation_date: '', policy_content: cedar(text) }];
  });
  const store = {
    name: 'bench',
    description: '',
    trusted_issuers: {},
    default_entities: {},
    policies: Object.fromEntries(entries),
    schema: cedar(schema(world, requests)),
  };
  const cedarling = await init({
    CEDARLING_APPLICATION_NAME: 'bench',
    CEDARLING_POLICY_STORE_LOCAL: JSON.stringify({ cedar_version: 'v4.0.0', policy_stores: { bench: store } }),
    CEDARLING_LOG_TYPE: 'off',
    CEDARLING_JWT_SIG_VALIDATION: 'disabled',
    CEDARLING_JWT_STATUS_VALIDATION: 'disabled',
  });
  /** @param {string} uid @param {object} attributes */
  const data = (uid, attributes) => {
    const { type, id } = entity(uid);
    return { cedar_entity_mapping: { entity_type: type, id }, ...attributes };
  };
  const prepared = requests.map(({ principal, action, resource, context }) => {
    const [user, thing] = [uidOf(principal), uidOf(resource)];
    return JSON.stringify({
      principal: data(user, { groups: [...above(world.principals, user)], ...world.principals[user].attrs }),
      action: `Action::"${action.id}"`,
      resource: data(thing, { path: [...above(world.resources, thing)], ...world.resources[thing].attrs }),
      context,
    });
  });
  return {
    /** @param {number} at */
    async decide(at) {
      const result = await cedarling.authorize_unsigned(prepared[at]);
      const { decision } = result;
      result.free();
      return decision;
    },
    close() {},
  };
}
