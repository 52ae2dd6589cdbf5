// SPDX-License-Identifier: Apache-2.0
// The very declarations that `palisade compile` writes for the packs `chat` and `members`.
import { connect } from 'palisade-gate';
import type { Pack as Chat } from './chat.js';
import type { Pack as Members } from './members.js';

const chat = await connect<Chat>({ types: ['Scenario'] });
chat.can('use', 'Scenario:helpdesk', { model: { __entity: { type: 'Model', id: 'fast' } } });
chat.can('read', 'Session:1');
// @ts-expect-error a misspelt action
chat.can('uze', 'Scenario:helpdesk');
// @ts-expect-error a misspelt type
chat.can('use', 'Szenario:helpdesk');
// @ts-expect-error an attribute that the action does not take
chat.can('read', 'Session:1', { model: { __entity: { type: 'Model', id: 'fast' } } });
// @ts-expect-error an entity of another type
chat.can('use', 'Scenario:helpdesk', { model: { __entity: { type: 'Scenario', id: 'fast' } } });

const members = await connect<Members>();
members.can('groups:update', 'Group:board');
// @ts-expect-error an action of another pack
members.can('use', 'Group:board');
