// SPDX-License-Identifier: Apache-2.0
// What compiles, and what must not: a line that is expected to be an error and is none fails the test.
import { connect, open, SENTENCES, type Code, type Gate, type GateError } from 'palisade-gate';
import { watch } from 'palisade-gate/dom';
import { can as canStore } from 'palisade-gate/svelte';
import type { Pack } from './pack.js';

const gate = await connect<Pack>({ types: ['Scenario'], resources: ['Model:deep', { type: 'Model', id: 'fast' }] });

const id: string = gate.principal?.id ?? 'nobody';
gate.can('use', 'Scenario:1') satisfies boolean;
gate.can('use', `Scenario:${id}`);
gate.can('use', { type: 'Scenario', id }, { model: { __entity: { type: 'Model', id } } });
gate.can('use', undefined);
gate.can('manage', 'Model:deep', {});
gate.can('document:read', 'Model:deep', { address: { __extn: { fn: 'ip', arg: '10.0.0.1' } }, at: 3 });
gate.check('use', 'Scenario:1') satisfies 'allowed' | 'denied' | 'pending';
gate.explain('use', 'Scenario:1').allowed satisfies Pack['action'][];
gate.list('use', 'Scenario') satisfies string[];
gate.list('use', [{ resource: 'Scenario:1' as const, title: 'a' }])[0].title satisfies string;
gate.list('use', [{ key: 1 }], undefined, ({ key }) => `Scenario:${key}`)[0].key satisfies number;
gate.principal?.type satisfies 'User' | undefined;
const sentence: string = SENTENCES['no-grant' satisfies Code];
watch(gate, { apply: (element, state) => void (element.id = state + sentence) });
canStore(gate, 'use', 'Scenario:1').subscribe((value) => value satisfies boolean);
open<Pack>({ headers: async () => ({ authorization: id }), onError: (error: GateError) => void error.code });

// @ts-expect-error a misspelt action
gate.can('usee', 'Scenario:1');
// @ts-expect-error a misspelt type
gate.can('use', 'Scenari:1');
// @ts-expect-error no type at all
gate.can('use', 'Scenario');
// @ts-expect-error a text that may be anything
gate.can('use', id);
// @ts-expect-error a misspelt type
gate.can('use', { type: 'Scenari', id });
// @ts-expect-error an id is a text
gate.can('use', { type: 'Scenario', id: 1 });
// @ts-expect-error another type of entity
gate.can('use', 'Scenario:1', { model: { __entity: { type: 'User', id } } });
// @ts-expect-error a misspelt field
gate.can('use', 'Scenario:1', { modle: { __entity: { type: 'Model', id } } });
// @ts-expect-error an action without context
gate.can('manage', 'Scenario:1', { model: { __entity: { type: 'Model', id } } });
// @ts-expect-error a field that the action needs
gate.can('document:read', 'Scenario:1', {});
// @ts-expect-error a misspelt action
gate.explain('usee', 'Scenario:1');
// @ts-expect-error a misspelt type
gate.list('use', 'Scenari');
// @ts-expect-error a misspelt type
gate.list('use', ['Scenari:1']);
// @ts-expect-error a misspelt type
open<Pack>({ types: ['Scenari'] });
// @ts-expect-error a misspelt type
open<Pack>({ resources: ['Scenari:1'] });
// @ts-expect-error a misspelt action
canStore(gate, 'usee', 'Scenario:1');
// @ts-expect-error a misspelt option
open<Pack>({ typs: ['Scenario'] });

// Without a pack, anything goes that has the form.
const any = await connect();
any.can('whatever', 'Whatever:1', { a: { b: [1, 2n, 'c', true] } });
any.can('whatever', id);
// @ts-expect-error no value of a context
any.can('whatever', 'Whatever:1', { at: new Date() });
const general: Gate<any> = gate;
general.can('whatever', 'x');
