// SPDX-License-Identifier: Apache-2.0
// What the user set for the page itself, and not for a case. Kept in the browser; a browser that keeps nothing is no
// error.
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'palisade.theme';

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

export const theme = signal<Theme>(kept());

const system = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(system.matches);
system.addEventListener('change', () => (systemDark.value = system.matches));

/** Whether the page is dark as it is shown now. */
const dark = signal(false);

const INTRO_KEY = 'palisade.intro';

function seenIntro(): boolean {
  try {
    return localStorage.getItem(INTRO_KEY) !== null;
  } catch {
    return false;
  }
}

/** Whether the introduction is shown: until it is closed once. */
export const intro = signal(!seenIntro());

effect(() => {
  if (intro.value) return;
  try {
    localStorage.setItem(INTRO_KEY, 'seen');
  } catch {
    // It is shown again, then.
  }
});

effect(() => {
  const is = theme.value === 'dark' || (theme.value === 'system' && systemDark.value);
  dark.value = is;
  document.documentElement.dataset['theme'] = is ? 'dark' : 'light';
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // Private windows may keep nothing.
  }
});
