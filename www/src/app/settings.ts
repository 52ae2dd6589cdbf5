// SPDX-License-Identifier: Apache-2.0
// What the user set for the page itself, and not for a case. Kept in the browser; a browser that keeps nothing is no error.
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
export const dark = signal(false);

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
