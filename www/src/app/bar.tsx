// SPDX-License-Identifier: Apache-2.0
// The bar on top: what this is, which case, and what can be done with it as a whole.
import { useEffect, useState } from 'preact/hooks';
import { DropZone } from '../carry/drop.tsx';
import { CarryMenu, carryItems } from '../carry/menu.tsx';
import { FIRST } from '../carry/packs.ts';
import { EMPTY } from '../case/case.ts';
import { change, current, redo, redoes, undo, undoes } from '../case/store.ts';
import { Menu } from '../ui/parts.tsx';
import { Help } from './help.tsx';
import { goTo, paneKeys } from './keys.ts';
import { pane } from './places.ts';
import { intro, theme, type Theme } from './settings.ts';

const THEMES: Record<Theme, { next: Theme; label: string; sign: string }> = {
  system: { next: 'light', label: 'Colours: as the system has them', sign: '◐' },
  light: { next: 'dark', label: 'Colours: light', sign: '☀' },
  dark: { next: 'system', label: 'Colours: dark', sign: '☾' },
};

export function Bar() {
  const [help, setHelp] = useState(false);
  useEffect(() => {
    const keys = (event: KeyboardEvent) => paneKeys(event, () => setHelp(true));
    document.addEventListener('keydown', keys);
    return () => document.removeEventListener('keydown', keys);
  }, []);
  const { next, label, sign } = THEMES[theme.value];
  const turn = () => (theme.value = next);
  const showHelp = () => setHelp(true);
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
          maxLength={200}
          spellcheck={false}
          value={current.value.name}
          onInput={(event) => change({ name: event.currentTarget.value }, 'change the name', 'name')}
        />
        <CarryMenu />
        <span class="space" />
        <Step sign="↶" label="Undo" key="undo" keys="Ctrl+Z" what={undoes.value} act={undo} />
        <Step sign="↷" label="Redo" key="redo" keys="Ctrl+Shift+Z" what={redoes.value} act={redo} />
        <button type="button" class="quiet carry-wide" title={label} aria-label={label} onClick={turn}>
          <span aria-hidden="true">{sign}</span>
        </button>
        <button type="button" class="quiet carry-wide" title="Help (?)" onClick={showHelp}>
          Help
        </button>
        <Menu
          class="carry-narrow"
          label="Menu"
          items={[...carryItems(), { label, act: turn }, { label: 'Help', act: showHelp }]}
        />
      </div>
      {intro.value && (
        <p class="intro">
          <span>
            {current.value.name === FIRST || current.value === EMPTY ? (
              <>
                A small company’s database: <strong>see why Bob may not open the salaries</strong>, let him in with one click
                <span class="intro-more">, then try your own tables</span>
              </>
            ) : (
              <>
                Ask whether somebody may do something, see why<span class="intro-more">, and change rows or rules until the answer is right</span>
              </>
            )}
            <span class="intro-more"> – all of it is worked out in this page, and nothing is sent anywhere</span>
            <span class="intro-short"> – nothing leaves this page</span>.
          </span>
          <button type="button" class="quiet" aria-label="Close this introduction" title="Close this introduction" onClick={() => {
              intro.value = false;
              goTo(pane.value);
            }}>
            ✕
          </button>
        </p>
      )}
      <DropZone />
      {help && <Help close={() => setHelp(false)} />}
    </header>
  );
}

/** Undo or redo: on a narrow screen only its sign is seen. */
function Step(props: { sign: string; label: string; keys: string; what: string | undefined; act: () => void }) {
  const { sign, label, keys, what, act } = props;
  return (
    <button
      type="button"
      class="quiet step"
      disabled={what === undefined}
      title={`${label}${what ? `: ${what}` : ''} (${keys})`}
      onClick={act}
    >
      <span aria-hidden="true">{sign}</span> <span class="step-label">{label}</span>
    </button>
  );
}
