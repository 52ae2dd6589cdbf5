// SPDX-License-Identifier: Apache-2.0
// What words mean, in a sentence or two: Cedar's, and those of model.toml, routes.toml and tests.toml. For people who
// came across them a minute ago.
import type { Kind } from '../engine/shapes.ts';

/** A table to look words up in that somebody typed: `constructor` is none of them. */
export const lookup = <Value>(of: Record<string, Value>): Record<string, Value> =>
  Object.assign(Object.create(null), of);

/** Words and signs of Cedar. */
export const CEDAR: Record<string, string> = lookup({
  permit: 'Allows a request that fits. One permit is enough, as long as no forbid fits.',
  forbid: 'Denies a request that fits, whatever permits there are.',
  when: 'The policy holds only where this condition is true.',
  unless: 'The policy holds only where this condition is false.',
  if: '`if A then B else C`: B where A is true, otherwise C.',
  then: 'What `if` gives where its condition is true.',
  else: 'What `if` gives where its condition is false.',
  in: 'Whether the left side is the right one, or lies below it: a member of a group, a document in a folder.',
  is: 'Whether an entity has this type.',
  has: 'Whether an attribute is there. Ask this before you read one that may be missing, else the policy fails.',
  like: 'Compares text with a pattern, in which * stands for any characters.',
  true: 'Yes.',
  false: 'No.',
  principal: 'Who asks: the person or the service that wants to do something.',
  action: 'What is to be done.',
  resource: 'What it is to be done to.',
  context: 'What else comes with the request: the time, how somebody signed in, a reason.',
  '==': 'Whether both sides are the same.',
  '!=': 'Whether both sides differ.',
  '<': 'Smaller, for whole numbers and points in time.',
  '<=': 'Smaller or the same, for whole numbers and points in time.',
  '>': 'Greater, for whole numbers and points in time.',
  '>=': 'Greater or the same, for whole numbers and points in time.',
  '&&': 'And: the right side is looked at only where the left one is true.',
  '||': 'Or: the right side is looked at only where the left one is false.',
  '!': 'Not.',
  '+': 'Adds whole numbers.',
  '-': 'Takes one whole number from another.',
  '*': 'Multiplies whole numbers.',
  '@id': 'The name of this policy. Answers and tests speak of it by this name.',
  '@reason': 'A sentence for end users: a page shows it where this forbid is why they may not. It is sent to browsers.',
  '@source': 'Where this policy comes from: a table, or a row as TABLE/KEY.',
  contains: 'Whether the set has this element.',
  containsAll: 'Whether the set has every element of another set.',
  containsAny: 'Whether the set has at least one element of another set.',
  isEmpty: 'Whether the set has no element.',
  lessThan: 'Whether the decimal is smaller.',
  lessThanOrEqual: 'Whether the decimal is smaller or the same.',
  greaterThan: 'Whether the decimal is greater.',
  greaterThanOrEqual: 'Whether the decimal is greater or the same.',
  isIpv4: 'Whether it is an IPv4 address.',
  isIpv6: 'Whether it is an IPv6 address.',
  isLoopback: 'Whether the address means the same machine.',
  isMulticast: 'Whether it is a multicast address.',
  isInRange: 'Whether the address lies in a range such as ip("10.0.0.0/8").',
  offset: 'The point in time that lies this duration later.',
  durationSince: 'The time that went by since another point in time.',
  toDate: 'The start of that day, in UTC.',
  toTime: 'The time since the start of that day, in UTC.',
  toMilliseconds: 'The duration in whole milliseconds.',
  toSeconds: 'The duration in whole seconds.',
  toMinutes: 'The duration in whole minutes.',
  toHours: 'The duration in whole hours.',
  toDays: 'The duration in whole days.',
  datetime: 'A point in time: datetime("2026-01-31T09:00:00Z").',
  duration: 'A length of time: duration("1d12h").',
  decimal: 'A number with up to four digits behind the point: decimal("1.25").',
  ip: 'An address or a range of them: ip("10.0.0.0/8").',
});

/** Types of Cedar's values. */
export const CEDAR_TYPES: Record<string, string> = lookup({
  Bool: 'true or false',
  Long: 'a whole number',
  String: 'text',
  decimal: 'a number with up to four digits behind the point',
  datetime: 'a point in time',
  duration: 'a length of time',
  ipaddr: 'an address or a range of addresses',
});

/** Words of Cedar's schemas. */
export const CEDAR_SCHEMA: Record<string, string> = lookup({
  entity:
    'A type of entities, with the types in which they can lie and their attributes. `?` marks one that may be missing.',
  action: 'Something that can be done, with who may ask for it, to what it applies, and what its context brings.',
  appliesTo: 'For which principals and resources the action is meant.',
  namespace: 'A common start of the names within.',
  type: 'A name for a type that is used several times.',
  Set: 'Any number of values of one type, each once.',
  ...CEDAR_TYPES,
});

export const KINDS = lookup({
  principal: 'Who acts: each row is somebody who can ask for something.',
  role: 'A named set of permissions. Whoever holds the role may do what it grants.',
  group: 'A set of principals. Groups can lie in groups, and can be acted on themselves.',
  tenant: 'A boundary between customers or organizations: nothing is done across it.',
  resource: 'Something that is acted on: a document, a project, an order.',
  permission: 'What can be done: each row names an action, perhaps on one type of resource.',
  role_permission: 'Each row says that a role has a permission, or is denied it.',
  role_assignment: 'Each row gives a role to a principal: everywhere or within a scope, for good or until a time.',
  direct_permission: 'Each row gives a permission to one principal, without a role between them.',
  group_membership: 'Each row puts a principal into a group, perhaps with a role in it.',
  acl: 'Each row lets somebody do something with one thing: an access-control list.',
  link: 'Each row puts one thing below another: a document into a folder, where there can be several.',
  login_session: 'Each row is somebody being signed in, by the hash of a token.',
  ignored: 'Decides nothing. `because` says why, so that nobody has to wonder.',
} satisfies Record<Kind, string>) as Record<Kind, string>;

/** The keys that each kind takes: what must be there first. */
export const KEYS = lookup({
  principal: {
    must: [],
    may: ['as', 'id', 'live', 'role', 'groups', 'tenant', 'attributes', 'request', 'expose', 'references'],
  },
  role: {
    must: [],
    may: ['as', 'id', 'name', 'live', 'level', 'system', 'tenant', 'attributes', 'request', 'expose', 'references'],
  },
  group: {
    must: [],
    may: [
      'as',
      'id',
      'live',
      'owner',
      'owner_actions',
      'parent',
      'tenant',
      'attributes',
      'request',
      'expose',
      'references',
    ],
  },
  tenant: {
    must: [],
    may: ['as', 'id', 'live', 'owner', 'owner_actions', 'attributes', 'request', 'expose', 'references'],
  },
  resource: {
    must: [],
    may: [
      'as',
      'id',
      'live',
      'owner',
      'owner_actions',
      'parents',
      'tenant',
      'attributes',
      'request',
      'expose',
      'references',
    ],
  },
  permission: {
    must: ['action'],
    may: [
      'resource',
      'live',
      'as',
      'id',
      'owner',
      'owner_actions',
      'parents',
      'tenant',
      'attributes',
      'request',
      'expose',
      'references',
    ],
  },
  role_permission: { must: ['role', 'permission'], may: ['granted', 'live', 'references'] },
  role_assignment: { must: ['principal', 'role'], may: ['scope', 'expires', 'live', 'references'] },
  direct_permission: { must: ['principal', 'permission'], may: ['scope', 'granted', 'expires', 'live', 'references'] },
  group_membership: {
    must: ['principal', 'group'],
    may: ['member_role', 'member_actions', 'expires', 'live', 'references'],
  },
  acl: { must: ['subject', 'object', 'action'], may: ['inherit', 'granted', 'expires', 'live', 'references'] },
  link: { must: ['child', 'parent'], may: ['live', 'references'] },
  login_session: {
    must: ['token_hash', 'principal'],
    may: [
      'live',
      'expires',
      'revoked',
      'context',
      'as',
      'id',
      'owner',
      'owner_actions',
      'parents',
      'tenant',
      'attributes',
      'request',
      'expose',
      'references',
    ],
  },
  ignored: { must: ['because'], may: [] },
} satisfies Record<Kind, { must: string[]; may: string[] }>) as Record<Kind, { must: string[]; may: string[] }>;

/**
 * What a key's value looks like, for writing one. `text` is a word in quotes, `list` several, `value` anything else.
 */
export type Form = 'text' | 'list' | 'value';

export interface Key {
  says: string;
  form: Form;
  /** What may stand there. */
  of?: 'column' | 'foreign' | 'boolean' | 'action' | 'type' | 'table' | 'kind' | 'entity' | 'method' | 'decision';
  /** A value to begin with, as a snippet. */
  begins?: string;
}

/** Keys of a table's section. */
export const TABLE_KEYS: Record<string, Key> = lookup({
  kind: { says: 'What the rows of this table mean for decisions.', form: 'text', of: 'kind' },
  as: {
    says: 'The Cedar entity type of its rows. The table’s own name where it is left out.',
    form: 'text',
    of: 'type',
  },
  id: {
    says: 'The column whose value is the entity’s id. The primary key where it is left out.',
    form: 'text',
    of: 'column',
  },
  name: {
    says: 'The column with the role’s name, by which hand-written policies know it.',
    form: 'text',
    of: 'column',
  },
  live: {
    says:
      'When a row counts: a column that must be true, `!column` for one that must be false, a value or NULL to ' +
      'compare with, or a list, of which all must hold. NULL is never live.',
    form: 'text',
    of: 'boolean',
  },
  role: { says: 'The column that refers to a role.', form: 'text', of: 'foreign' },
  groups: { says: 'The columns that refer to groups which the principal is in.', form: 'list', of: 'foreign' },
  group: { says: 'The column that refers to the group.', form: 'text', of: 'foreign' },
  tenant: {
    says: 'The column that refers to the tenant. Nothing is done across tenants.',
    form: 'text',
    of: 'foreign',
  },
  attributes: {
    says: 'The only columns that become attributes. All but secrets where it is left out.',
    form: 'list',
    of: 'column',
  },
  request: {
    says: 'Attributes to which a caller of the decision API may give another value.',
    form: 'list',
    of: 'column',
  },
  expose: {
    says: 'Secret columns that shall become attributes all the same, each with why.',
    form: 'value',
    of: 'column',
    begins: '{ ${column} = "${why}" }',
  },
  references: {
    says: 'Where a foreign key leads, where that cannot be seen from names and relations: column = table.',
    form: 'value',
    of: 'table',
    begins: '{ ${column} = "${TABLE}" }',
  },
  level: {
    says: 'The column with a whole number that ranks roles, for hand-written policies.',
    form: 'text',
    of: 'column',
  },
  system: {
    says: 'The column that marks roles which belong to the product, for hand-written policies.',
    form: 'text',
    of: 'boolean',
  },
  owner: { says: 'The column that refers to the principal who owns the row.', form: 'text', of: 'foreign' },
  owner_actions: { says: 'What the owner of a row may do with it.', form: 'list', of: 'action' },
  parent: { says: 'The column that refers to what this lies in.', form: 'text', of: 'foreign' },
  parents: {
    says: 'The columns that refer to what this lies in. A grant on that counts here, too.',
    form: 'list',
    of: 'foreign',
  },
  action: {
    says: 'The action: a column, or a pattern over columns such as {resource}:{action}.',
    form: 'text',
    of: 'column',
  },
  resource: {
    says: 'The column that names the type of resource, by table or entity type, in any case.',
    form: 'text',
    of: 'column',
  },
  permission: { says: 'The column that refers to the permission.', form: 'text', of: 'foreign' },
  principal: { says: 'The column that refers to the principal.', form: 'text', of: 'foreign' },
  granted: {
    says: 'The column that says whether the row grants (true) or denies (false). Without it every row grants.',
    form: 'text',
    of: 'boolean',
  },
  scope: {
    says:
      'Within what it counts: one column that refers to it, or a pair of columns with type and id. ' +
      'NULL is everywhere.',
    form: 'value',
    of: 'foreign',
    begins: '{ type = "${scope_type}", id = "${scope_id}" }',
  },
  expires: { says: 'The column with the instant at which the row ends. NULL is never.', form: 'text', of: 'column' },
  revoked: {
    says: 'The column with the instant at which the session was ended. NULL where it was not.',
    form: 'text',
    of: 'column',
  },
  member_role: {
    says: 'The column that says what somebody is within the group: admin, member.',
    form: 'text',
    of: 'column',
  },
  member_actions: {
    says: 'What each role within the group may do to the group.',
    form: 'value',
    of: 'action',
    begins: '{ ${admin} = ["${action}"] }',
  },
  subject: {
    says: 'Who is given something: one column that refers to it, or a pair of columns with type and id.',
    form: 'value',
    of: 'foreign',
    begins: '{ type = "${subject_type}", id = "${subject_id}" }',
  },
  object: {
    says: 'To what: one column that refers to it, or a pair of columns with type and id.',
    form: 'value',
    of: 'foreign',
    begins: '{ type = "${object_type}", id = "${object_id}" }',
  },
  inherit: {
    says: 'Whether a row counts for all that lies below its object: a column, or true for every row.',
    form: 'text',
    of: 'boolean',
  },
  child: { says: 'The column that refers to what lies below.', form: 'text', of: 'foreign' },
  token_hash: { says: 'The column with the SHA-256 of the session’s token.', form: 'text', of: 'column' },
  context: {
    says: 'Columns that decisions see in the context: name = column.',
    form: 'value',
    of: 'column',
    begins: '{ ${mfa} = "${column}" }',
  },
  because: { says: 'Why this table decides nothing, in a few words.', form: 'text' },
});

/** Keys within `{ … }` of a table's section. */
export const PAIR_KEYS: Record<string, Key> = lookup({
  type: { says: 'The column that names the type.', form: 'text', of: 'column' },
  id: { says: 'The column with the id.', form: 'text', of: 'column' },
  types: {
    says: 'What the words of the type column mean: word = entity type.',
    form: 'value',
    of: 'type',
    begins: '{ ${word} = "${Type}" }',
  },
  column: { says: 'The column that is compared.', form: 'text', of: 'column' },
  equals: { says: 'The value that it must have.', form: 'text' },
  is_null: { says: 'True: it must be NULL. False: it must not.', form: 'value', begins: 'true' },
  otherwise: { says: 'What any other word means: "any" is every type.', form: 'text' },
});

/** Keys of `[action.ID]`. */
export const ACTION_KEYS: Record<string, Key> = lookup({
  implies: { says: 'Actions that come with it: a grant of this one is a grant of those.', form: 'list', of: 'action' },
  resources: { says: 'The entity types that it applies to. All where it is left out.', form: 'list', of: 'type' },
  context: {
    says: 'What the request brings with it: name = "Type", with ? where it may be missing.',
    form: 'value',
    begins: '{ ${name} = "${String?}" }',
  },
});

/** Keys of `[external.Type]`. */
export const EXTERNAL_KEYS: Record<string, Key> = lookup({
  parents: { says: 'The types in which these entities can lie.', form: 'list', of: 'type' },
  attributes: {
    says: 'Attributes that the question gives: name = "Type", with ? where it may be missing.',
    form: 'value',
    begins: '{ ${name} = "${String?}" }',
  },
});

/** Keys of `[[test]]`. */
export const TEST_KEYS: Record<string, Key> = lookup({
  name: { says: 'What must hold, as a sentence.', form: 'text' },
  principal: { says: 'Who asks, as Cedar writes it: User::"ann".', form: 'text', of: 'entity' },
  action: { says: 'What is to be done.', form: 'text', of: 'action' },
  resource: { says: 'What it is to be done to, as Cedar writes it: Document::"d1".', form: 'text', of: 'entity' },
  expect: { says: 'The decision that must come out: allow or deny.', form: 'text', of: 'decision' },
  because: { says: 'What must have decided: rows as TABLE/KEY, or the @id of a policy.', form: 'list' },
  context: { says: 'What else comes with the request.', form: 'value', begins: '{ ${name} = ${value} }' },
  at: {
    says: 'The instant of this decision. That of the whole file where it is left out.',
    form: 'text',
    begins: '"2026-01-01T00:00:00Z"',
  },
  rows: {
    says: 'INSERTs that add rows for this test alone.',
    form: 'text',
    begins: '"""\nINSERT INTO ${TABLE} VALUES (${…});\n"""',
  },
});

/** Keys of `[[route]]`. */
export const ROUTE_KEYS: Record<string, Key> = lookup({
  method: { says: 'The HTTP method, or a list of them. HEAD follows GET.', form: 'text', of: 'method' },
  path: {
    says: 'The path, with {name} for a segment that changes and {rest...} for all that follows.',
    form: 'text',
    begins: '"/${documents}/{${id}}"',
  },
  action: { says: 'The action that the request asks for.', form: 'text', of: 'action' },
  resource: {
    says: 'The entity that it is about: its type, and where its id stands in the request.',
    form: 'value',
    begins: '{ type = "${Type}", id = "{${id}}" }',
  },
  context: { says: 'What of the request becomes context.', form: 'value', begins: '{ ${name} = "{query.${name}}" }' },
  public: { says: 'True: forwarded without asking anybody.', form: 'value', begins: 'true' },
  body_limit: {
    says: 'The most bytes that are read of a body. Only where a {body…} is used.',
    form: 'value',
    begins: '65536',
  },
  cors: {
    says: 'Which pages of other origins may read the answers. False: nothing is said of it.',
    form: 'value',
    begins: '{ origins = ["${https://app.example.com}"] }',
  },
});

/** Keys of `[cors]`. */
export const CORS_KEYS: Record<string, Key> = lookup({
  origins: { says: 'Origins whose pages may read the answers, or ["*"] for all.', form: 'list' },
  headers: { says: 'Headers that pages may send, beside the harmless ones.', form: 'list' },
  expose: { says: 'Headers of the answer that pages may read.', form: 'list' },
  credentials: { says: 'Whether cookies go along. False where it is left out.', form: 'value', begins: 'true' },
  max_age: { says: 'Seconds that a browser may remember a preflight, at most 86400.', form: 'value', begins: '600' },
});

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Types of attributes and contexts in model.toml. */
export const VALUE_TYPES = ['String', 'Long', 'Bool', 'decimal', 'datetime', 'ipaddr', 'Set<String>'];
