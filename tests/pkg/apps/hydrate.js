// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A page in React that a server rendered: it knows more than the server when it takes over.
import { createElement as h } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { open } from 'palisade-gate';
import { Can, PalisadeProvider, useCan } from 'palisade-gate/react';

export const gate = open({ types: ['Message'] });

const Line = () => h('p', { id: 'line' }, String(useCan('read', 'Message:fire')));
const asked = { action: 'read', resource: 'Message:fire' };

export const page = h(
  PalisadeProvider,
  { gate },
  h(Line),
  h(Can, { ...asked, pending: h('i', null, 'wait') }, h('b', { id: 'yes' }, 'yes')),
  h(Can, { ...asked, mode: 'disable' }, h('button', null, 'Edit')),
);

if (typeof document !== 'undefined') {
  await gate.ready;
  /** @type {any} */ (globalThis).wrong = [];
  hydrateRoot(/** @type {HTMLElement} */ (document.getElementById('app')), page, {
    onRecoverableError: (error) => /** @type {any} */ (globalThis).wrong.push(String(error)),
  });
}
