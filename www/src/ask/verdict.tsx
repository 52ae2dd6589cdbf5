// SPDX-License-Identifier: Apache-2.0
// The verdict, large: a sign, a word, and the sentence that says why. Its room is kept, so that nothing below it jumps.
import { computed, signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { current, setText } from '../case/store.ts';
import { ask as call, instant, madeOf, results, state } from '../engine/engine.ts';
import { showPane } from '../app/places.ts';
import { newTest, testName } from '../tests/new.ts';
import { notice, problem as sayProblem } from '../ui/notices.tsx';
import { NextSteps, stepsNow } from './next.tsx';
import { Said } from './said.tsx';
import { answer, answered, complete, explained, explanation, nameOf, outdated, problem } from './state.ts';
import { decisionSays, parted, verdict } from './words.ts';

/** An answer that takes longer than this many milliseconds is drawn pale. */
const LONG = 200;

export function Verdict() {
  const { ask } = current.value;
  const box = useRef<HTMLDivElement>(null);
  /** How high it was with its last full sentence: until the next one is there, nothing below it moves. */
  const height = useRef(0);
  useLayoutEffect(() => {
    if (box.current !== null && explained.value && !outdated.value) height.current = box.current.offsetHeight;
  });
  const given = answer.value;
  const late = useLate(!answered.value && state.value.is === 'working');
  const stopped = state.value.is === 'stopped' || state.value.is === 'broken';
  const compiled = results.compiled.value;
  const why = problem.value;
  const said = explanation.value;
  if (given === undefined) {
    const first = complete(ask) || stopped ? undefined : stepsNow();
    const text =
      why === undefined
        ? stopped
          ? 'The engine has stopped: let it go on, at the foot of the page.'
          : 'The engine is loading …'
        : complete(ask)
          ? 'This question cannot be asked as it stands: see above.'
          : first !== undefined
            ? 'There is nothing to ask yet.'
            : 'Choose who, what and with what above, and the answer stands here.';
    return (
      <>
        <div class="ask-verdict" data-tone="none" role="status" aria-live="polite" aria-atomic="true">
          <span class="ask-sign" aria-hidden="true">
            –
          </span>
          <div>
            <strong>No answer</strong>
            <p>{text}</p>
          </div>
        </div>
        {first !== undefined && <NextSteps of={first} />}
      </>
    );
  }
  const { sign, word, tone } = verdict(given);
  const settled = said !== undefined && !outdated.value && explained.value;
  // The sentence of the moment before stays while it says the same, so that letters typed elsewhere do not make it flicker.
  const same = said?.allow === given.allow && said.undecided === given.undecided;
  const short = given.undecided
    ? (given.errors[0] ?? 'The rows or the question cannot be judged by.')
    : decisionSays(ask, given.allow, nameOf);
  const says = said !== undefined && !outdated.value && (explained.value || same) ? parted(said.says).says : short;
  return (
    <>
      <div
        class="ask-verdict"
        tabIndex={-1}
        ref={box}
        style={settled ? undefined : { minHeight: height.current }}
        data-tone={tone}
        data-late={late || (stopped && !answered.value)}
        aria-busy={late}
        role="status"
        aria-live="polite"
        aria-atomic="true"
      >
        <span class="ask-sign" aria-hidden="true">
          {sign}
        </span>
        <div>
          <strong>{word}</strong>
          <p>
            <Said text={says} />
          </p>
        </div>
      </div>
      {stopped && madeOf.value.answer !== current.value && (
        <p class="ask-stale">! From before: the engine has stopped. Let it go on, at the foot of the page.</p>
      )}
      {compiled !== undefined && !compiled.ok && (
        <p class="ask-stale">
          ! By the last version of the texts without an error: the present one has errors, so its changes do not count
          yet.
        </p>
      )}
    </>
  );
}

/** Whether something has been so for a while. */
function useLate(now: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!now) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), LONG);
    return () => clearTimeout(timer);
  }, [now]);
  return late && now;
}

/** The name of the test that the decision becomes: it is proposed, and may be changed; undefined while none is kept. */
const keeping = signal<string | undefined>(undefined);

const proposed = (allow: boolean) => {
  const tests = results.tests.value;
  const names = tests !== undefined && 'results' in tests ? tests.results.map((one) => one.name) : [];
  return testName(current.value.ask, allow, nameOf, names);
};

/** The form goes; whoever was in it is back at the button. */
function endKeeping(): void {
  keeping.value = undefined;
  document.querySelector<HTMLElement>('.ask-keep-open')?.focus();
}

const possible = computed(() => answer.value !== undefined && !answer.value.undecided && answered.value);

/** The button that begins it, in the head of the pane. */
export function KeepButton() {
  const given = answer.value;
  return (
    <button
      type="button"
      class="ask-keep-open"
      disabled={!possible.value}
      aria-expanded={keeping.value !== undefined}
      title="Write this decision into tests.toml, so that you are told when it changes"
      onClick={() =>
        (keeping.value = keeping.value === undefined && given !== undefined ? proposed(given.allow) : undefined)
      }
    >
      Keep as a test
    </button>
  );
}

/** The name, below the verdict. */
export function Keep() {
  const [busy, setBusy] = useState(false);
  const given = answer.value;
  const { ask } = current.value;
  const name = keeping.value;
  // A name is that of one decision.
  useEffect(() => {
    keeping.value = undefined;
  }, [ask, given?.allow]);
  const keep = async () => {
    if (given === undefined || name === undefined || busy) return;
    setBusy(true);
    const called = name.trim() === '' ? proposed(given.allow) : name.trim();
    const before = current.value;
    try {
      const test = newTest(ask, called, given, instant(before));
      const text = await call('addTest', { tests: before.tests, test });
      // Whoever wrote in the tests meanwhile loses nothing.
      if (current.value.tests !== before.tests) throw new Error('The tests changed meanwhile: keep it once more.');
      setText('tests', text);
      endKeeping();
      notice(`Kept as a test: ${called}`, false, { label: 'Show', act: () => showPane('tests') });
    } catch (error) {
      sayProblem(error);
    } finally {
      setBusy(false);
    }
  };
  if (name === undefined) return null;
  return (
    <form
      class="ask-keep"
      aria-label="Keep as a test"
      onSubmit={(event) => {
        event.preventDefault();
        void keep();
      }}
    >
      <input
        aria-label="Name of the test"
        value={name}
        ref={focusAll}
        onInput={(event) => (keeping.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          endKeeping();
        }}
      />
      <button type="submit" class="first" disabled={busy || !possible.value}>
        Keep
      </button>
      <button type="button" class="quiet" onClick={endKeeping}>
        Cancel
      </button>
    </form>
  );
}

/** Once, when the field appears: it is a name that one may want to write over. */
function focusAll(field: HTMLInputElement | null): void {
  if (field === null || field.dataset['seen'] === 'true') return;
  field.dataset['seen'] = 'true';
  field.focus();
  field.select();
}
