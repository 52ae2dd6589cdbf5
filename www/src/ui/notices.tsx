// SPDX-License-Identifier: Apache-2.0
// Short messages at the edge of the page: what was done, and what could not be done and why. Screen readers are told,
// too.
import { signal } from '@preact/signals';

/** What can be done about a message: `Undo`, `Show`. */
export interface NoticeAction {
  label: string;
  act: () => void;
  /** The message goes where this does not hold any more. */
  while?: () => boolean;
}

interface Notice {
  number: number;
  text: string;
  bad: boolean;
  action: NoticeAction | undefined;
}

/** On a narrow screen they would hide what they are about. */
const narrow = matchMedia('(max-width: 719px)');

const notices = signal<Notice[]>([]);
let number = 0;

/** Says something for some seconds; what went wrong stays until it is closed. */
export function notice(text: string, bad = false, action?: NoticeAction): void {
  number += 1;
  const own = number;
  notices.value = [...(narrow.matches ? [] : notices.value.slice(-1)), { number: own, text, bad, action }];
  // What can be pressed must be there long enough to be reached by keyboard.
  if (!bad) setTimeout(() => close(own), action === undefined ? 5000 : 12_000);
}

/** Says what went wrong. */
export const problem = (error: unknown) => notice(error instanceof Error ? error.message : String(error), true);

/** Where the focus was before it came to a message. */
let before: HTMLElement | undefined;

function close(number: number): void {
  const inside = document.activeElement?.closest('.notices') != null;
  notices.value = notices.value.filter((one) => one.number !== number);
  if (inside && before?.isConnected === true) before.focus({ preventScroll: true });
}

export function Notices() {
  return (
    <div
      class="notices"
      role="status"
      aria-live="polite"
      onFocusIn={({ relatedTarget, currentTarget }) => {
        if (relatedTarget instanceof HTMLElement && !currentTarget.contains(relatedTarget)) before = relatedTarget;
      }}
    >
      {notices.value.filter(({ action }) => action?.while?.() ?? true).map((one) => (
        <div key={one.number} class={one.bad ? 'notice bad' : 'notice'}>
          <span>{one.text}</span>
          {one.action !== undefined && (
            <button
              type="button"
              onClick={() => {
                close(one.number);
                one.action?.act();
              }}
            >
              {one.action.label}
            </button>
          )}
          <button type="button" class="quiet" onClick={() => close(one.number)} aria-label="Close this message">
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
