// SPDX-License-Identifier: Apache-2.0
// Undo and redo: a list of the states that were. States share all that did not change, so that many are cheap to keep.

/** The most steps that can be undone. */
const MOST = 500;
/** Changes of one thing that follow each other within this many milliseconds are one step. */
const TOGETHER = 700;

interface Step<State> {
  state: State;
  /** What was done, for the user: `change policies.cedar`. */
  what: string;
}

export class History<State> {
  #past: Step<State>[] = [];
  #future: Step<State>[] = [];
  #last: { thing: string; at: number } | undefined;

  state: State;

  constructor(state: State) {
    this.state = state;
  }

  /**
   * Puts `next` in place of the state. Changes of the same `thing` in quick succession (letters of a word) are one
   * step.
   */
  change(next: State, what: string, thing = '', now = performance.now()): void {
    if (next === this.state) return;
    const together =
      thing !== '' && this.#last?.thing === thing && now - this.#last.at < TOGETHER && this.#past.length > 0;
    if (!together) {
      this.#past.push({ state: this.state, what });
      if (this.#past.length > MOST) this.#past.shift();
    }
    this.#future = [];
    this.#last = { thing, at: now };
    this.state = next;
  }

  /** What undoing would take back; undefined where there is nothing. */
  get undoes(): string | undefined {
    return this.#past.at(-1)?.what;
  }

  get redoes(): string | undefined {
    return this.#future.at(-1)?.what;
  }

  undo(): State {
    return this.#go(this.#past, this.#future);
  }

  redo(): State {
    return this.#go(this.#future, this.#past);
  }

  #go(from: Step<State>[], to: Step<State>[]): State {
    const step = from.pop();
    if (step !== undefined) {
      to.push({ state: this.state, what: step.what });
      this.state = step.state;
      this.#last = undefined;
    }
    return this.state;
  }
}
