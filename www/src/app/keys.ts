// SPDX-License-Identifier: Apache-2.0
// Keys that lead from pane to pane.
import { pane, type PaneName, showPane, workTab } from './places.ts';

/** In the order of the keys Alt+1 to Alt+7. */
const NUMBERED: PaneName[] = ['ask', 'schema', 'rules', 'rows', 'matrix', 'tests', 'changes'];
/** In the order in which F6 goes through them: as they stand on a wide screen. */
const ROUND: PaneName[] = ['schema', 'rules', 'rows', 'matrix', 'ask'];

/** The section that shows a pane: matrix, tests and changes share one. */
const sectionOf = (name: PaneName) => (name === 'tests' || name === 'changes' ? 'matrix' : name);

/** Shows a pane and goes to its heading, where a screen reader begins to read. */
export function goTo(name: PaneName): void {
  showPane(name);
  // It may be there only after the next drawing.
  requestAnimationFrame(() => {
    const heading = document.getElementById(`${sectionOf(name)}-heading`);
    if (heading === null) return;
    heading.tabIndex = -1;
    heading.focus();
  });
}

function round(by: 1 | -1): void {
  const section = document.activeElement?.closest<HTMLElement>('[data-pane]')?.dataset['pane'];
  const at = ROUND.findIndex((name) => name === section);
  const next = at < 0 ? ROUND.indexOf(sectionOf(pane.value)) : (at + by + ROUND.length) % ROUND.length;
  const name = ROUND[next]!;
  // The lower middle pane stays with what it shows.
  goTo(name === 'matrix' ? workTab.value : name);
}

/** Whether letters that are typed there are text. */
const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('input, textarea, select, [role="grid"] *'));

export function paneKeys(event: KeyboardEvent, help: () => void): void {
  // A dialog over the page has the keys for itself.
  if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
  const { altKey, ctrlKey, metaKey, shiftKey, key, code } = event;
  const number = altKey && !ctrlKey && !metaKey && !shiftKey ? /^Digit([1-7])$/.exec(code)?.[1] : undefined;
  if (number !== undefined) goTo(NUMBERED[Number(number) - 1]!);
  else if (key === 'F6' && !altKey && !ctrlKey && !metaKey) round(shiftKey ? -1 : 1);
  else if (key === '?' && !ctrlKey && !metaKey && !isField(event.target)) help();
  else return;
  event.preventDefault();
}
