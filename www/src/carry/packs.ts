// SPDX-License-Identifier: Apache-2.0
// The examples: what each of policies/* is about, in the order of the menu, and a question that is good to begin with.
import type { Asked } from '../case/case.ts';
import type { Uid } from '../engine/shapes.ts';

export interface Example {
  /** The folder below policies/. */
  name: string;
  title: string;
  says: string;
  ask: Asked;
  /** The instant that its rows are made for. */
  at: string;
}

const uid = (type: string, id: string): Uid => ({ type, id });
const asked = (principal: Uid, action: string, resource: Uid): Asked => ({ principal, action, resource, context: '' });
const JANUARY = '2026-01-15T09:00:00Z';

export const EXAMPLES: Example[] = [
  {
    name: 'handbook',
    title: 'Handbook',
    says: 'Documents in folders, shared with people and teams. Why can Bob not open the salaries?',
    ask: asked(uid('User', 'bob'), 'open', uid('Document', 'salaries')),
    at: '2026-09-01T09:00:00Z',
  },
  {
    name: 'workspace',
    title: 'Workspace',
    says: 'Roles and permissions within an organization, a project or a document, and until a time.',
    ask: asked(uid('User', 'ben'), 'document:write', uid('Document', 'survey')),
    at: JANUARY,
  },
  {
    name: 'members',
    title: 'Members',
    says: 'Accounts, login sessions and groups with owners and administrators.',
    ask: asked(uid('User', 'gus'), 'groups:update', uid('Group', 'board')),
    at: JANUARY,
  },
  {
    name: 'chat',
    title: 'Chat',
    says: 'Groups, scenarios and models; roles that grant and roles that deny.',
    ask: asked(uid('User', 'dan'), 'use', uid('Scenario', 'helpdesk')),
    at: JANUARY,
  },
  {
    name: 'rag',
    title: 'Knowledge base',
    says: 'Documents and chunks of several organizations, with an access-control list. Table names are Chinese.',
    ask: asked(uid('User', 'mei'), 'READ', uid('Document', 'payroll')),
    at: JANUARY,
  },
  {
    name: 'rag-roles',
    title: 'Knowledge base by roles',
    says: 'The same in a simpler form: roles are given documents, and nothing is written by hand.',
    ask: asked(uid('User', 'jing'), 'READ', uid('Document', 'prices')),
    at: JANUARY,
  },
];

/** The one that somebody sees who comes for the first time. */
export const FIRST = 'handbook';
