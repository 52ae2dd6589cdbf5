// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A page in Vue, as bundlers take it.
import { createApp, defineComponent, h, ref, resolveDirective, withDirectives } from 'vue';
import { open } from 'palisade-gate';
import { palisade, useCan, useCheck } from 'palisade-gate/vue';
import { can } from 'palisade-gate/svelte';

/** @type {any} */
const page = globalThis;
const gate = (page.gate = open({ types: ['Message'] }));
page.values = [];
page.unsubscribe = can(gate, 'read', 'Message:fire').subscribe((value) => page.values.push(value));

const Page = defineComponent({
  setup() {
    const id = (page.id = ref('fire'));
    const may = useCan('read', () => `Message:${id.value}`);
    const state = useCheck('read', { type: 'Message', id: 'none' });
    const directive = /** @type {any} */ (resolveDirective('can'));
    return () =>
      h('main', [
        h('p', { id: 'may' }, `${may.value} ${state.value}`),
        withDirectives(h('p', { id: 'hide' }, 'x'), [[directive, ['read', `Message:${id.value}`]]]),
        withDirectives(h('button', { id: 'off' }, 'x'), [
          [directive, ['read', { type: 'Message', id: 'none' }], 'disable'],
        ]),
      ]);
  },
});

page.app = createApp(Page).use(palisade, gate);
page.app.mount('#app');
