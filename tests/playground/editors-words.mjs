// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The words of a small case, for tests of what editors offer and explain.
import { vocabularyOf } from '../../www/src/editors/vocabulary.ts';

/** @typedef {import('../../www/src/engine/shapes.ts').EntityType} EntityType */

/**
 * @param {string} name
 * @param {[string, string, boolean?][]} attributes
 * @param {Partial<EntityType>} more
 * @returns {EntityType}
 */
const type = (name, attributes, more) => ({
  name,
  table: name.toUpperCase(),
  principal: false,
  resource: true,
  attributes: attributes.map(([name, type, optional = false]) => ({ name, type, optional })),
  parents: [],
  ...more,
});

/** @type {import('../../www/src/engine/shapes.ts').Model} */
const model = {
  tables: [
    {
      name: 'DOCUMENT',
      kind: 'resource',
      type: 'Document',
      says: 'A document, owned by its author.',
      key: ['id'],
      columns: [],
      line: 12,
    },
  ],
  types: [
    type(
      'User',
      [
        ['palisade_row', 'Bool'],
        ['email', 'String', true],
        ['roles', 'Set<String>'],
        ['org_id', 'Org', true],
      ],
      {
        principal: true,
        parents: ['Role', 'Team'],
      },
    ),
    type(
      'Role',
      [
        ['name', 'String', true],
        ['level', 'Long', true],
      ],
      {},
    ),
    type('Team', [], { parents: ['Org'] }),
    type('Org', [['name', 'String', true]], { resource: true }),
    type('Folder', [['name', 'String', true]], { parents: ['Org'] }),
    type(
      'Document',
      [
        ['title', 'String', true],
        ['owner_id', 'User', true],
        ['created_at', 'datetime'],
        ['price', 'decimal'],
        ['狀態', 'String', true],
      ],
      {
        parents: ['Folder'],
      },
    ),
  ],
  actions: [
    { id: 'read', resources: ['Document', 'Folder'], implies: [], context: [], declared: true },
    {
      id: 'write',
      resources: ['Document'],
      implies: ['read'],
      context: [{ name: 'reason', type: 'String', optional: true }],
      declared: true,
    },
    {
      id: 'invite',
      resources: ['Team'],
      implies: [],
      context: [{ name: 'ip', type: 'ipaddr', optional: false }],
      declared: true,
    },
  ],
  policies: [],
};

/**
 * @param {string} name
 * @param {string} type
 * @param {{ primary?: boolean, foreign?: boolean }} more
 */
const column = (name, type, { primary = false, foreign = false } = {}) => ({
  name,
  type,
  primary,
  foreign,
  unique: primary,
  nullable: !primary,
});

/** @type {import('../../www/src/engine/shapes.ts').Diagram} */
const diagram = {
  tables: [
    {
      name: 'DOCUMENT',
      declared: true,
      line: 2,
      columns: [
        column('id', 'string', { primary: true }),
        column('title', 'string'),
        column('is_public', 'boolean'),
        column('author_id', 'string', { foreign: true }),
        column('folder_id', 'string', { foreign: true }),
      ],
    },
    { name: '使用者', declared: true, line: 9, columns: [column('id', 'string', { primary: true })] },
    {
      name: 'PERMISSION',
      declared: true,
      line: 12,
      columns: [column('resource', 'string'), column('action', 'string')],
    },
  ],
  relations: [],
};

export const words = vocabularyOf(model, diagram, {
  findings: [],
  until: null,
  entities: {
    User: [
      { id: 'ann', label: 'Ann Lee', row: null },
      { id: 'bob', label: 'Bob', row: null },
    ],
    Document: [{ id: 'd"1', label: null, row: null }],
  },
  actions: ['read', 'write', 'invite', 'export'],
});
