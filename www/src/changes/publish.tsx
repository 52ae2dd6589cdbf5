// SPDX-License-Identifier: Apache-2.0
// Publishing to the gate that serves this page: compare with what is in force there, on its own rows, and then bring it
// into force. What was compared is what is published, or nothing is.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Case, textsOf } from '../case/case.ts';
import { current } from '../case/store.ts';
import { ask, results, state as engine } from '../engine/engine.ts';
import { Empty } from '../ui/parts.tsx';
import { Decisions } from './decisions.tsx';
import { type Gate, type History, type Published, Refused, history, probe, publish, tokenOf } from './gate.ts';
import { Sum } from './sum.tsx';

/** Undefined until it was asked for. */
const gate = signal<Gate | null | undefined>(undefined);
let asked = false;
/** In this page's memory alone: it is neither kept nor part of a link, and gone with the page. */
const token = signal('');
const note = signal('');
const busy = signal<'' | 'comparing' | 'publishing'>('');
const refused = signal('');
const done = signal<Published | undefined>(undefined);

/** A comparison that the gate made: of which case, and what exactly would be published. */
interface Compared {
  of: Case;
  bundle: string;
  history: History;
  answer: Published;
}
const compared = signal<Compared | undefined>(undefined);

const send: typeof fetch = (...all) => fetch(...all);

async function find(): Promise<void> {
  if (asked) return;
  asked = true;
  gate.value = await probe(location.pathname, send);
}

async function compare(to: Gate): Promise<void> {
  busy.value = 'comparing';
  refused.value = '';
  done.value = undefined;
  compared.value = undefined;
  try {
    const of = current.value;
    const bundle = await ask('bundle', {});
    if (current.value !== of) throw new Error('You changed something meanwhile: compare again.');
    const then = await history(to, token.value, send);
    const answer = await publish(to, token.value, { bundle, base: then.active, note: '', dryRun: true }, send);
    compared.value = { of, bundle, history: then, answer };
  } catch (error) {
    refused.value = why(error);
  } finally {
    busy.value = '';
  }
}

async function bring(to: Gate, { bundle, history: { active } }: Compared): Promise<void> {
  busy.value = 'publishing';
  refused.value = '';
  try {
    done.value = await publish(to, token.value, { bundle, base: active, note: note.value, dryRun: false }, send);
    note.value = '';
    compared.value = undefined;
  } catch (error) {
    refused.value = why(error);
    // Another one is in force, or nobody knows: either way this comparison is of the past.
    if (error instanceof Refused && (error.overtaken || error.status === 0)) compared.value = undefined;
  } finally {
    busy.value = '';
  }
}

const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function Publish() {
  useEffect(() => void find(), []);
  const to = gate.value;
  if (to === undefined) return <Empty>Looking for a gate …</Empty>;
  if (to === null) {
    return (
      <Empty>
        No gate serves this page, so that nothing can be published from here. Open the playground of a gate, below{' '}
        <code>/.palisade/playground/</code> (<code>make run</code> prints such an address), or save the pack and
        run <code>palisade publish</code>.
      </Empty>
    );
  }
  return <Form to={to} />;
}

function Form({ to }: { to: Gate }) {
  const ok = results.compiled.value?.ok === true;
  const ready = ok && engine.value.is === 'idle' && token.value !== '' && busy.value === '';
  const made = compared.value;
  const changed = made !== undefined && JSON.stringify(textsOf(made.of)) !== JSON.stringify(textsOf(current.value));
  return (
    <div class="changes-publish">
      <p class="muted">
        The rules of this case can be brought into force at the gate that serves this page. Its rows stay its own: none
        of those here is sent. The token is kept in this page's memory alone.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void compare(to);
        }}
      >
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={token.value}
            onInput={(event) => (token.value = tokenOf(event.currentTarget.value))}
          />
        </label>
        <button type="submit" class={made === undefined ? 'first' : ''} disabled={!ready}>
          {busy.value === 'comparing' ? 'Comparing …' : 'Compare with what is in force'}
        </button>
      </form>
      {!ok && <p class="changes-note warn">The texts have an error: nothing can be published before it is mended.</p>}
      <div role="status">
        {refused.value !== '' && <p class="changes-refused">✗ {refused.value}</p>}
        {done.value !== undefined && (
          <p class="changes-done">
            ✓ Published: number {done.value.number} is in force
            {done.value.base > 0 && `, in place of ${done.value.base}`}.
            {!done.value.checked && ' Cedar was not there to check the program.'}
          </p>
        )}
      </div>
      {made !== undefined && <Outcome to={to} made={made} changed={changed} />}
    </div>
  );
}

function Outcome({ to, made, changed }: { to: Gate; made: Compared; changed: boolean }) {
  const { answer, history: then } = made;
  const active = then.bundles.find(({ number }) => number === then.active);
  const { comparison } = answer;
  return (
    <>
      <h3>
        {then.active === 0
          ? 'No bundle is in force yet'
          : `Compared with number ${then.active}, on the gate's own rows`}
      </h3>
      {active !== undefined && (
        <p class="muted">
          published {active.at.replace(/T(\d\d:\d\d)[\d:.]*Z$/, ' $1 UTC')}
          {active.author !== '' && ` by ${active.author}`}
          {active.note !== '' && `: ${active.note}`}
        </p>
      )}
      {comparison === null ? (
        <p class="changes-note warn">The gate did not compare: {answer.notCompared || 'it does not say why'}.</p>
      ) : (
        <Sum changes={comparison} />
      )}
      {!answer.checked && (
        <p class="changes-note warn">This gate has no Cedar that would check the program against the policies' text.</p>
      )}
      {changed ? (
        <p class="changes-note warn">You changed something since: compare again before you publish.</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (busy.value === '') void bring(to, made);
          }}
        >
          <label>
            Note
            <input
              maxLength={500}
              placeholder="what this changes, for the history"
              value={note.value}
              onInput={(event) => (note.value = event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="first" disabled={busy.value !== ''}>
            {busy.value === 'publishing' ? 'Publishing …' : 'Publish'}
          </button>
        </form>
      )}
      {comparison !== null && comparison.flips.length > 0 && <Decisions changes={comparison} here={false} />}
    </>
  );
}
