// SPDX-License-Identifier: Apache-2.0
// Keeps the work in the browser while it is changed, and says where another tab of the same browser changed it, too.
import { effect, signal } from '@preact/signals';
import type { Case } from '../case/case.ts';
import { base, current, open } from '../case/store.ts';
import { notice, problem } from '../ui/notices.tsx';
import { FORMER, KEY, type Kept, nameOf, printKept, readKept } from './keep.ts';

/** Letters that follow each other within this many milliseconds are kept together. */
const PAUSE = 300;

/** What the browser holds as far as is known; undefined where it is to be written whatever it is. */
let held: { of: Case; from: Case } | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Whether the user knows: of a browser that keeps no more, of another tab. */
let toldFull = false;
let toldOther = false;

/** From now on, everything is kept. `now` is what need not be, as long as it stays as it is. */
export function keep(now: { of: Case; from: Case } | undefined): void {
  held = now;
  effect(() => {
    const changed = current.value !== held?.of || base.value !== held?.from;
    clearTimeout(timer);
    timer = changed ? setTimeout(write, PAUSE) : undefined;
  });
  addEventListener('pagehide', flush);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') flush();
  });
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY && newValue !== null) other();
    if (key === FORMER) formerName.value = nameOf(newValue);
  });
  try {
    formerName.value = nameOf(localStorage.getItem(FORMER));
  } catch {
    // A browser that keeps nothing has nothing from before.
  }
}

function flush(): void {
  if (timer === undefined) return;
  clearTimeout(timer);
  write();
}

function write(): void {
  timer = undefined;
  const [of, from] = [current.value, base.value];
  try {
    localStorage.setItem(KEY, printKept(of, from));
    held = { of, from };
    toldFull = false;
    toldOther = false;
  } catch (error) {
    if (toldFull) return;
    toldFull = true;
    const none = error instanceof DOMException && error.name !== 'QuotaExceededError';
    const why = !none ? 'This case is larger than what this browser keeps' : 'This browser keeps nothing for this page';
    notice(`${why}: a reload loses your changes. Save the case as a file to have them.`, true);
  }
}

/** What is written last is kept: the other tab's work, until something is changed here. */
function other(): void {
  if (toldOther) return;
  toldOther = true;
  notice('The case was changed in another tab. What is changed last is what a reload shows.', true, {
    label: 'Load it here',
    act: load,
  });
}

function load(): void {
  toldOther = false;
  try {
    const text = localStorage.getItem(KEY);
    if (text === null) return;
    const { of, from } = readKept(text);
    held = { of, from };
    open(of, 'load what another tab changed', from);
  } catch (error) {
    problem(error);
  }
}

/** Sets the work aside before another case takes its place: it can be had back after a reload, too. */
export function setAside(): void {
  try {
    localStorage.setItem(FORMER, printKept(current.value, base.value));
    formerName.value = current.value.name;
  } catch {
    // There is no room for it. Undo has it as long as the page is open.
  }
}

/** What the work is called that was set aside. */
export const formerName = signal<string | undefined>(undefined);

/** The work that was set aside. */
export function former(): Kept | undefined {
  try {
    const text = localStorage.getItem(FORMER);
    return text === null ? undefined : readKept(text);
  } catch {
    return undefined;
  }
}
