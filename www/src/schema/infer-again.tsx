// SPDX-License-Identifier: Apache-2.0
// The dialog that compares the model with one made anew from the schema.
import { useEffect } from 'preact/hooks';
import { current, setText } from '../case/store.ts';
import { Dialog } from '../ui/parts.tsx';
import { notice } from '../ui/notices.tsx';
import { KindChip } from './facts.tsx';
import { fromSchema, watchInferred } from './inferred.ts';
import { Findings } from './report.tsx';
import { type Difference, differences, withNewTables } from './sections.ts';
import { counted } from './tables.ts';

const GROUPS: { change: Difference['change']; sign: string; title: string }[] = [
  { change: 'added', sign: '+', title: 'Tables that the model does not have yet' },
  { change: 'removed', sign: '−', title: 'Tables that the schema does not have' },
  { change: 'kind', sign: '≠', title: 'Tables that would become another kind' },
  { change: 'text', sign: '~', title: 'Tables of the same kind with other lines' },
];

export function InferAgain({ close }: { close: () => void }) {
  useEffect(() => watchInferred(), []);
  const { model, schema } = current.value;
  const now = fromSchema.value;
  const ready = now?.schema === schema;
  const text = ready ? (now.inferred?.model ?? '') : '';
  const all = text === '' ? [] : differences(model, text);
  const added = all.filter(({ change }) => change === 'added').length;
  const use = (next: string, says: string) => {
    setText('model', next);
    notice(`${says} Undo takes it back.`);
    close();
  };
  return (
    <Dialog title="Infer the model again" close={close} wide>
      {!ready && <p class="muted">Reading the schema …</p>}
      {ready && text === '' && (
        <>
          <p>{now.problem ?? 'The schema has errors, so no model can be made from it.'}</p>
          <Findings findings={now.inferred?.findings ?? []} />
        </>
      )}
      {text !== '' && (
        <>
          {all.length === 0 ? (
            <p class="good">✓ A model made from the schema now would say the same of every table.</p>
          ) : (
            <p class="muted">This is how a model made from the schema now differs from yours. Comments do not count.</p>
          )}
          {GROUPS.map(({ change, sign, title }) => {
            const some = all.filter((one) => one.change === change);
            if (some.length === 0) return null;
            return (
              <section key={change} class="schema-difference">
                <h3>
                  {title} <span class="badge">{some.length}</span>
                </h3>
                {some.map((one) => (
                  <details key={one.table}>
                    <summary>
                      <span aria-hidden="true">{sign}</span> <b>{one.table}</b>{' '}
                      {one.before !== undefined && <KindChip kind={one.before} />}
                      {change === 'kind' && ' → '}
                      {one.after !== undefined && change !== 'text' && <KindChip kind={one.after} />}
                    </summary>
                    <div class="schema-beside">
                      {one.was !== '' && (
                        <figure>
                          <figcaption>now</figcaption>
                          <pre>{one.was}</pre>
                        </figure>
                      )}
                      {one.becomes !== '' && (
                        <figure>
                          <figcaption>inferred</figcaption>
                          <pre>{one.becomes}</pre>
                        </figure>
                      )}
                    </div>
                  </details>
                ))}
              </section>
            );
          })}
          <p class="schema-buttons">
            <button
              type="button"
              class={added > 0 ? 'first' : ''}
              disabled={added === 0}
              onClick={() => use(withNewTables(model, text), `Added ${counted(added, 'table')} to model.toml.`)}
            >
              Add only the new tables
            </button>
            <button
              type="button"
              disabled={all.length === 0}
              onClick={() => use(text, 'model.toml is the inferred one now.')}
            >
              Replace the whole model
            </button>
            <span class="muted">Replacing also drops your actions, contexts and comments.</span>
          </p>
        </>
      )}
    </Dialog>
  );
}
