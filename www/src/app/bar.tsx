// SPDX-License-Identifier: Apache-2.0
// The bar on top: what this is, which case, and what can be done with it as a whole.
import { CarryMenu } from '../carry/menu.tsx';
import { current, change, redo, redoes, undo, undoes } from '../case/store.ts';
import { theme, type Theme } from './settings.ts';

const THEMES: Record<Theme, { next: Theme; label: string; sign: string }> = {
  system: { next: 'light', label: 'Colours: as the system has them', sign: '◐' },
  light: { next: 'dark', label: 'Colours: light', sign: '☀' },
  dark: { next: 'system', label: 'Colours: dark', sign: '☾' },
};

export function Bar() {
  const { next, label, sign } = THEMES[theme.value];
  return (
    <header>
      <div class="bar">
        <h1>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M3 11 6 7l3 4v17H3zM13 11l3-4 3 4v17h-6zM23 11l3-4 3 4v17h-6zM1 15h30v3H1zM1 23h30v3H1z" />
          </svg>
          Palisade
        </h1>
        <input
          class="name"
          aria-label="Name of the case"
          value={current.value.name}
          onInput={(event) => change({ name: event.currentTarget.value }, 'change the name', 'name')}
        />
        <CarryMenu />
        <span class="space" />
        <button type="button" class="quiet" disabled={undoes.value === undefined} title={`Undo${undoes.value ? `: ${undoes.value}` : ''} (Ctrl+Z)`} onClick={undo}>
          ↶ Undo
        </button>
        <button type="button" class="quiet" disabled={redoes.value === undefined} title={`Redo${redoes.value ? `: ${redoes.value}` : ''} (Ctrl+Shift+Z)`} onClick={redo}>
          ↷ Redo
        </button>
        <button type="button" class="quiet" title={label} aria-label={label} onClick={() => (theme.value = next)}>
          <span aria-hidden="true">{sign}</span>
        </button>
      </div>
      <p class="intro">
        Your tables already say who may do what: here you see what they decide, and why, before anybody relies on it. Nothing leaves this page.
      </p>
    </header>
  );
}
