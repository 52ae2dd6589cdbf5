// SPDX-License-Identifier: Apache-2.0
// One table, explained: beside the drawing, and in the list.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { showRow, showText } from '../app/places.ts';
import { current } from '../case/store.ts';
import type { Kind } from '../engine/shapes.ts';
import { fidelityOf, fromSchema, watchInferred } from './inferred.ts';
import { KINDS, spaced } from './kinds.ts';
import { counted, keysOf, type KnownTable, matters, signOf, toneOf } from './tables.ts';

/** A kind with its sign and colour. */
export function KindChip({ kind }: { kind: Kind | undefined }) {
  return (
    <span class="schema-kind" data-tone={toneOf(kind)}>
      <span aria-hidden="true">{signOf(kind)}</span> {kind === undefined ? 'no kind yet' : spaced(kind)}
    </span>
  );
}

/** What is known of a table, with ways to where it stands. `heading` is left out where the list has it. */
export function TableFacts({ table, heading }: { table: KnownTable; heading?: ComponentChildren }) {
  const { name, kind, says, schemaLine, modelLine } = table;
  const rows = current.value.rows[name]?.rows.length ?? 0;
  return (
    <div class="schema-facts">
      {heading}
      <p class="schema-facts-kind">
        <KindChip kind={kind} />{' '}
        <span class="muted">
          {kind === undefined ? 'model.toml does not say what this table means.' : `Holds ${KINDS[kind].holds}.`}
          {table.type !== undefined && (
            <>
              {' '}
              In rules: <code>{table.type}</code>.
            </>
          )}
        </span>
      </p>
      {says !== undefined && says !== '' && <p class="schema-says">{says}</p>}
      <Columns table={table} />
      <Why table={table} />
      <p class="schema-facts-links">
        {modelLine > 0 && (
          <button type="button" class="link" onClick={() => showText({ file: 'model.toml', line: modelLine })}>
            its section in model.toml
          </button>
        )}
        {schemaLine > 0 && (
          <button
            type="button"
            class="link"
            onClick={() => showText({ file: current.value.schemaFile, line: schemaLine })}
          >
            line {schemaLine} of the schema
          </button>
        )}
        <button type="button" class="link" onClick={() => showRow({ table: name, row: null, column: null })}>
          {rows === 0 ? 'its rows (none yet)' : `its ${counted(rows, 'row')}`}
        </button>
      </p>
    </div>
  );
}

function Columns({ table }: { table: KnownTable }) {
  const [all, setAll] = useState(false);
  const chosen = table.columns.filter(matters);
  const shown = all || chosen.length === 0 ? table.columns : chosen;
  const more = table.columns.length - shown.length;
  if (table.columns.length === 0) {
    const none = table.declared ? 'It has no columns.' : 'The schema names it only in relations, without columns.';
    return <p class="muted">{none}</p>;
  }
  return (
    <>
      <table class="schema-columns">
        <thead class="hidden">
          <tr>
            <th>Column</th>
            <th>Type</th>
            <th>Meaning</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((column) => {
            const keys = keysOf(column);
            return (
              <tr key={column.name}>
                <td>
                  <code>{column.name}</code>
                  {keys.length > 0 && <small class="schema-keys"> {keys.join(', ')}</small>}
                </td>
                <td class="muted">{column.type}</td>
                <td>
                  {column.role ?? (column.secret ? '' : <span class="muted">no say</span>)}
                  {column.secret && <span class="muted"> secret</span>}
                  {column.references !== null && (
                    <span class="muted">
                      {' '}
                      → <span class="mono">{column.references}</span>
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {(more > 0 || (all && chosen.length > 0 && chosen.length < table.columns.length)) && (
        <button type="button" class="link" onClick={() => setAll(!all)}>
          {all ? 'only the columns that matter' : `${counted(more, 'more column')} without a say`}
        </button>
      )}
    </>
  );
}

/** What a report calls its parts, and in which order one should read them. */
export const PARTS = [
  { part: 'refused', sign: '✗', tone: 'bad', says: 'cannot be said, so it grants nothing' },
  { part: 'assumed', sign: '?', tone: 'warn', says: 'was taken to be so: confirm it' },
  { part: 'approximated', sign: '≈', tone: 'warn', says: 'is said more narrowly than the schema does' },
  { part: 'kept', sign: '✓', tone: 'good', says: 'is said as the schema says it' },
] as const;

/** Why a table would be inferred to be what it is. */
function Why({ table }: { table: KnownTable }) {
  useEffect(() => watchInferred(), []);
  const fidelity = fidelityOf(table.name);
  if (fidelity === undefined) return fromSchema.value === undefined ? <p class="muted">Reading why …</p> : null;
  const differs = table.kind !== undefined && fidelity.kind !== table.kind;
  return (
    <div class="schema-why">
      <h3>What the schema alone says</h3>
      <p>
        {differs ? (
          <>
            It would be taken for <KindChip kind={fidelity.kind} />, your model says{' '}
            <KindChip kind={table.kind} />: <Ticked text={fidelity.seen} />.
          </>
        ) : (
          <>
            It looks like <KindChip kind={fidelity.kind} />: <Ticked text={fidelity.seen} />.
          </>
        )}
      </p>
      <Sentences of={fidelity} />
    </div>
  );
}

/** The sentences of a report about one table. */
export function Sentences({ of }: { of: Record<(typeof PARTS)[number]['part'], string[]> }) {
  const all = PARTS.flatMap(({ part, sign, tone }) => of[part].map((text) => ({ part, sign, tone, text })));
  if (all.length === 0) return null;
  return (
    <ul class="schema-sentences">
      {all.map(({ part, sign, tone, text }) => (
        <li key={part + text}>
          <span class={tone}>
            <span aria-hidden="true">{sign}</span> {part}
          </span>{' '}
          <Ticked text={text} />
        </li>
      ))}
    </ul>
  );
}

/** A sentence with names between back-ticks, as the engine writes them. */
export function Ticked({ text }: { text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
