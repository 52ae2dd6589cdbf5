// SPDX-License-Identifier: Apache-2.0
// The kinds of tables in words for people who do not know them, with the sign and the colour each is drawn with.
import type { Kind } from '../engine/shapes.ts';

/** Which tokens of style/tokens.css draw it: `--role`, `--role-bg`. */
export type Tone = 'principal' | 'role' | 'group' | 'tenant' | 'resource' | 'grant' | 'session' | 'ignored';

export interface KindWords {
  /** A heading over the tables of this kind. */
  many: string;
  /** What one such table is, after "This table holds". */
  holds: string;
  tone: Tone;
  /** Drawn beside the name, so that colour is never alone. */
  sign: string;
}

const GRANT = { tone: 'grant', sign: '→' } as const;

export const KINDS: Record<Kind, KindWords> = {
  principal: { many: 'Who acts', holds: 'those who act: people or programs', tone: 'principal', sign: '●' },
  role: { many: 'Roles', holds: 'roles: names for a set of permissions', tone: 'role', sign: '◆' },
  group: { many: 'Groups', holds: 'groups of people', tone: 'group', sign: '◎' },
  tenant: { many: 'Tenants', holds: 'tenants: customers whose data stay apart', tone: 'tenant', sign: '▣' },
  resource: { many: 'What is acted on', holds: 'things that are acted on', tone: 'resource', sign: '■' },
  permission: { many: 'Permissions', holds: 'permissions: what may be done to what', ...GRANT },
  role_permission: { many: 'What a role may do', holds: 'which permissions a role has', ...GRANT },
  role_assignment: { many: 'Who holds which role', holds: 'who holds which role, and where', ...GRANT },
  direct_permission: {
    many: 'Permissions without a role',
    holds: 'permissions given to one person, without a role',
    ...GRANT,
  },
  group_membership: { many: 'Who is in which group', holds: 'who is in which group', ...GRANT },
  acl: { many: 'Access lists', holds: 'an access list: who may do what to one thing', ...GRANT },
  link: { many: 'What lies in what', holds: 'what lies in what, so that access is carried down', ...GRANT },
  login_session: { many: 'Who is signed in', holds: 'sessions: who is signed in', tone: 'session', sign: '◷' },
  ignored: { many: 'Not used for decisions', holds: 'nothing that decisions use', tone: 'ignored', sign: '○' },
};

/** In the order in which one explains a model: who, in what capacity, what, and what joins them. */
export const KIND_ORDER = Object.keys(KINDS) as Kind[];

export const isKind = (word: string): word is Kind => Object.hasOwn(KINDS, word);

/** A kind as text says it: `role assignment`. */
export const spaced = (kind: string) => kind.replaceAll('_', ' ');

/** What the colours of the diagram mean. */
export const LEGEND: { tone: Tone; sign: string; label: string }[] = [
  { tone: 'principal', sign: '●', label: 'who acts' },
  { tone: 'role', sign: '◆', label: 'role' },
  { tone: 'group', sign: '◎', label: 'group' },
  { tone: 'tenant', sign: '▣', label: 'tenant' },
  { tone: 'resource', sign: '■', label: 'acted on' },
  { tone: 'grant', sign: '→', label: 'grants or joins' },
  { tone: 'session', sign: '◷', label: 'signed in' },
  { tone: 'ignored', sign: '○', label: 'not used' },
];
