// SPDX-License-Identifier: Apache-2.0
// A pack that is named once types the hooks and components too.
import { createElement } from 'react';
import { open } from 'palisade-gate';
import { Can, PalisadeProvider, useCan, useCheck } from 'palisade-gate/react';
import { useCan as useCanInVue } from 'palisade-gate/vue';
import type { Pack } from './pack.js';

declare module 'palisade-gate' {
  interface Register {
    pack: Pack;
  }
}

const gate = open();
gate.can('use', 'Scenario:1');
useCan('use', 'Scenario:1') satisfies boolean;
useCheck('manage', { type: 'Model', id: 'x' });
useCanInVue('use', () => 'Scenario:1' as const).value satisfies boolean;
createElement(PalisadeProvider, { gate }, 'x');
createElement(Can<'use'>, { action: 'use', resource: 'Scenario:1', context: {}, fallback: 'no', pending: null }, 'yes');

// @ts-expect-error a misspelt action
gate.can('usee', 'Scenario:1');
// @ts-expect-error a misspelt action
useCan('usee', 'Scenario:1');
// @ts-expect-error a misspelt type
useCheck('use', 'Scenari:1');
// @ts-expect-error a misspelt action
useCanInVue('usee', 'Scenario:1');
// @ts-expect-error a misspelt type
createElement(Can<'use'>, { action: 'use', resource: 'Scenari:1' });
