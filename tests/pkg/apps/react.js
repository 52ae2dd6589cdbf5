// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A page in React, as bundlers take it.
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { open } from 'palisade-gate';
import { Can, PalisadeProvider, useCan, useCheck, useGate } from 'palisade-gate/react';

/** @type {any} */
const page = globalThis;
const gate = (page.gate = open({ types: ['Message'] }));
page.renders = 0;

function Row({ /** @type {string} */ id }) {
  const may = useCan('read', `Message:${id}`);
  page.renders += 1;
  return h('li', { id }, may ? 'may' : 'may not');
}

function Page() {
  const state = useCheck('read', 'Message:fire');
  const [shown, setShown] = useState(true);
  const { status } = useGate();
  return h(
    'main',
    { 'data-state': state, 'data-status': status },
    h('button', { id: 'toggle', onClick: () => setShown(!shown) }, 'toggle'),
    shown && h('ul', null, h(Row, { id: 'fire' }), h(Row, { id: 'none' })),
    h(Can, { action: 'read', resource: 'Message:fire' }, h('b', { id: 'yes' }, 'yes')),
    h(
      Can,
      { action: 'read', resource: 'Message:none', fallback: h('i', { id: 'fallback' }, 'no') },
      h('b', { id: 'no' }, 'yes'),
    ),
    h(
      Can,
      { action: 'read', resource: 'Message:none', mode: 'disable' },
      h('button', { id: 'off', onClick: () => (page.clicked = 'button') }, 'off'),
      h('a', { id: 'link', href: '#went', onClick: () => (page.clicked = 'link') }, 'link'),
    ),
    h(Can, { action: 'read', resource: 'Message:none' }, (/** @type {string} */ given) =>
      h('u', { id: 'given' }, given),
    ),
  );
}

createRoot(/** @type {HTMLElement} */ (document.getElementById('app'))).render(h(PalisadeProvider, { gate }, h(Page)));
