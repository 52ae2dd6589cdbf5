// SPDX-License-Identifier: Apache-2.0
// Short messages at the edge of the page: what was done, and what could not be done and why. Screen readers are told, too.
import { signal } from '@preact/signals';

interface Notice {
  number: number;
  text: string;
  bad: boolean;
}

const notices = signal<Notice[]>([]);
let number = 0;

/** Says something for some seconds; what went wrong stays until it is closed. */
export function notice(text: string, bad = false): void {
  number += 1;
  const own = number;
  notices.value = [...notices.value.slice(-2), { number: own, text, bad }];
  if (!bad) setTimeout(() => close(own), 5000);
}

/** Says what went wrong. */
export const problem = (error: unknown) => notice(error instanceof Error ? error.message : String(error), true);

const close = (number: number) => (notices.value = notices.value.filter((one) => one.number !== number));

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((one) => (
        <div key={one.number} class={one.bad ? 'notice bad' : 'notice'}>
          <span>{one.text}</span>
          <button type="button" class="quiet" onClick={() => close(one.number)} aria-label="Close this message">
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
