// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The data and rules of tests/page/typical.rs, as each peer of a page wants them. Runs in a page.
//
// Somebody holds 10 roles with 200 permissions between them, 67 of these for documents; stands in 100 rows of an
// access-control list; owns every seventh of 100 documents; and every tenth document is locked.

/** @typedef {{ id: string, owner: string, state: string, listed: string }} Document */
/** @typedef {{ mfa?: boolean }} Context */

const ME = 'me';
const VERBS = ['view', 'list', 'export', 'approve', 'archive'];
const TYPES = ['document', 'folder', 'report'];
const PERMISSIONS = Array.from({ length: 200 }, (_, n) => ({
  role: `r${n % 10}`,
  type: TYPES[n % 3],
  action: `${TYPES[n % 3]}:${VERBS[n % 5]}${n}`,
}));
/** What the access-control list says, and what that implies. @type {Record<string, string[]>} */
const IMPLIED = {
  'document:read': ['document:read'],
  'document:edit': ['document:edit', 'document:read'],
  'document:share': ['document:share'],
};
const OWNED = ['document:edit', 'document:read', 'document:share'];

/** In the order of their ids in `asked`. @param {string[]} ids @returns {Document[]} */
export const documents = (ids) =>
  ids.map((id, n) => ({
    id,
    owner: n % 7 === 0 ? ME : `other-${n % 9}`,
    state: n % 10 === 0 ? 'locked' : 'open',
    listed: Object.keys(IMPLIED)[n % 3],
  }));

/** What is right. @param {Document} document @param {string} action @param {Context} context */
export function judge({ owner, state, listed }, action, { mfa = false }) {
  if (action === 'document:edit' && state === 'locked') return false;
  if (action === 'document:share' && !mfa) return false;
  if (PERMISSIONS.some((one) => one.type === 'document' && one.action === action)) return true;
  return IMPLIED[listed].includes(action) || (owner === ME && OWNED.includes(action));
}

/**
 * For CASL: the rules of this user, in this session. The rows of the list are one rule for each permission, with `$in`:
 * that was faster than a rule for each row.
 * @param {Document[]} all @param {Context} context
 */
export function caslRules(all, { mfa = false }) {
  const subjects = { document: 'Document', folder: 'Folder', report: 'all' };
  const rules = Object.entries(subjects).map(([type, subject]) => ({
    action: PERMISSIONS.filter((one) => one.type === type).map(({ action }) => action),
    subject,
  }));
  const listed = Object.entries(IMPLIED).map(([permission, action]) => {
    const ids = all.filter((one) => one.listed === permission).map(({ id }) => id);
    return { action, subject: 'Document', conditions: { id: { $in: ids } } };
  });
  const owned = { action: OWNED, subject: 'Document', conditions: { owner: ME } };
  const locked = { inverted: true, action: 'document:edit', subject: 'Document', conditions: { state: 'locked' } };
  const unshared = { inverted: true, action: 'document:share', subject: 'Document' };
  return [...rules, ...listed, owned, locked, ...(mfa ? [] : [unshared])];
}

/** For Cedar: a policy for each role and type, and one for each other way to a right. */
export function cedarPolicies() {
  const kinds = { document: 'resource is Document', folder: 'resource is Folder', report: 'resource' };
  const roles = [...new Set(PERMISSIONS.map(({ role }) => role))];
  const granted = roles.flatMap((role) =>
    Object.entries(kinds).map(([type, resource]) => {
      const own = PERMISSIONS.filter((one) => one.role === role && one.type === type);
      const actions = own.map(({ action }) => `Action::"${action}"`).join(', ');
      return `permit (principal in Role::"${role}", action in [${actions}], ${resource});`;
    }),
  );
  /** @param {string[]} actions @param {string} when */
  const permit = (actions, when) => {
    const list = actions.map((action) => `Action::"${action}"`).join(', ');
    return `permit (principal, action in [${list}], resource is Document) when { ${when} };`;
  };
  /** @param {string} action @param {string} when */
  const forbid = (action, when) => `forbid (principal, action == Action::"${action}", resource is Document) ${when};`;
  const listed = Object.entries(IMPLIED).map(([permission, actions]) =>
    permit(actions, `resource.listed.contains("${permission}")`),
  );
  const owned = permit(OWNED, 'resource.owner == principal');
  return [
    ...granted,
    ...listed,
    owned,
    forbid('document:edit', 'when { resource.state == "locked" }'),
    forbid('document:share', 'unless { context has mfa && context.mfa }'),
  ].join('\n');
}

/**
 * A call of Cedar's interface, with the entities that this one question needs.
 * @param {Document} document @param {string} action @param {Context} context
 */
export function cedarCall({ id, owner, state, listed }, action, context) {
  const entity = (/** @type {string} */ type, /** @type {string} */ id) => ({ type, id });
  const roles = [...new Set(PERMISSIONS.map(({ role }) => role))].map((role) => entity('Role', role));
  const attrs = { owner: { __entity: entity('User', owner) }, state, listed: [listed] };
  return {
    principal: entity('User', ME),
    action: entity('Action', action),
    resource: entity('Document', id),
    context,
    preparsedPolicySetId: 'typical',
    entities: [
      { uid: entity('User', ME), attrs: {}, parents: roles },
      { uid: entity('Document', id), attrs, parents: [] },
    ],
  };
}
