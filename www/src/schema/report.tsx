// SPDX-License-Identifier: Apache-2.0
// The fidelity report: what a model inferred from the schema would keep, refuse and assume, and where the model
// differs.
import { useEffect } from 'preact/hooks';
import { current } from '../case/store.ts';
import type { Fidelity, Finding } from '../engine/shapes.ts';
import { TextLink } from '../ui/parts.tsx';
import { KindChip, PARTS, Sentences, Ticked } from './facts.tsx';
import { fromSchema, watchInferred } from './inferred.ts';
import { KINDS } from './kinds.ts';
import { diagram, sections, showTable } from './look.ts';
import { type Counts, countsOf, disagreements, type Disagreement, inOrder } from './report.ts';
import { toneOf } from './tables.ts';

export function ReportView({ inferAgain }: { inferAgain: () => void }) {
  useEffect(() => watchInferred(), []);
  const now = fromSchema.value;
  const fidelity = now?.inferred?.fidelity ?? undefined;
  if (now === undefined) return <p class="empty">Reading the schema …</p>;
  if (now.problem !== undefined) return <p class="empty">The report could not be made: {now.problem}</p>;
  if (fidelity === undefined) {
    return (
      <div class="schema-report">
        <p>The schema cannot be read, so nothing can be inferred from it.</p>
        <Findings findings={now.inferred?.findings ?? []} file={current.value.schemaFile} />
      </div>
    );
  }
  const names = diagram.value?.tables.map(({ name }) => name) ?? fidelity.tables.map(({ table }) => table);
  return (
    <div class="schema-report" aria-busy={now.schema !== current.value.schema}>
      <p class="muted">
        What a model would keep if it were inferred from this schema now. What is refused or approximated grants less
        than the schema might mean, never more. Confirm what is assumed.
      </p>
      <CountLine counts={countsOf(fidelity.tables)} tables={fidelity.tables.length} />
      <Differs all={disagreements(names, sections.value, fidelity.tables)} inferAgain={inferAgain} />
      <Cards fidelity={fidelity} goTo={showTable} />
    </div>
  );
}

/** How many sentences of each sort there are. */
export function CountLine({ counts, tables }: { counts: Counts; tables: number }) {
  return (
    <ul class="schema-counts">
      <li>
        <b>{tables}</b> {tables === 1 ? 'table' : 'tables'}
      </li>
      {PARTS.map(({ part, sign, tone, says }) => (
        <li key={part} class={counts[part] > 0 ? tone : 'muted'} title={`What is ${part} ${says}`}>
          <span aria-hidden="true">{sign}</span> <b>{counts[part]}</b> {part}
        </li>
      ))}
    </ul>
  );
}

function Differs({ all, inferAgain }: { all: Disagreement[]; inferAgain: () => void }) {
  if (all.length === 0) {
    return (
      <p class="good">
        <span aria-hidden="true">✓</span> model.toml has a section for every table, each of the kind that would be
        inferred.
      </p>
    );
  }
  const missing = all.filter(({ is }) => is === 'missing').length;
  return (
    <section class="schema-differs">
      <h3>Where model.toml says something else</h3>
      <ul>
        {all.map((one) => (
          <li key={one.is + one.table}>
            <Differing one={one} />
          </li>
        ))}
      </ul>
      {missing > 0 && (
        <button type="button" onClick={inferAgain}>
          Add {missing === 1 ? 'it' : 'them'} to the model …
        </button>
      )}
    </section>
  );
}

function Differing({ one }: { one: Disagreement }) {
  const table = (
    <button type="button" class="link" onClick={() => showTable(one.table)}>
      {one.table}
    </button>
  );
  switch (one.is) {
    case 'missing':
      return (
        <>
          <span class="bad">✗ missing</span> {table} is in the schema and has no section
          {one.inferred !== undefined && (
            <>
              ; it would be <KindChip kind={one.inferred} />
            </>
          )}
        </>
      );
    case 'unknown':
      return (
        <>
          <span class="bad">✗ unknown</span>{' '}
          <TextLink place={{ file: 'model.toml', line: one.line }}>{one.table}</TextLink> has a section, and the schema
          has no such table
        </>
      );
    case 'kind':
      return (
        <>
          <span class="muted">≠ kind</span> {table} is <KindChip kind={one.model} /> in{' '}
          <TextLink place={{ file: 'model.toml', line: one.line }}>model.toml</TextLink>; the schema alone looks
          like <KindChip kind={one.inferred} />
        </>
      );
  }
}

/** A card for each table, what needs a hand first. */
export function Cards({ fidelity, goTo }: { fidelity: Fidelity; goTo?: (table: string) => void }) {
  return (
    <>
      {fidelity.notes.length > 0 && (
        <ul class="schema-notes">
          {fidelity.notes.map((note) => (
            <li key={note}>
              <Ticked text={note} />
            </li>
          ))}
        </ul>
      )}
      <div class="schema-cards">
        {inOrder(fidelity.tables).map((judged) => (
          <article key={judged.table} data-tone={toneOf(judged.kind)}>
            <h3>
              {goTo === undefined ? (
                judged.table
              ) : (
                <button type="button" class="link" title="Go to the table" onClick={() => goTo(judged.table)}>
                  {judged.table}
                </button>
              )}
              <KindChip kind={judged.kind} />
            </h3>
            <p>Holds {KINDS[judged.kind]?.holds ?? judged.kind}.</p>
            <p class="muted">
              Why: <Ticked text={judged.seen} />.
            </p>
            <Sentences of={judged} />
          </article>
        ))}
      </div>
    </>
  );
}

/** What was found in a schema. With `file`, each leads to its line. */
export function Findings({ findings, file }: { findings: Finding[]; file?: string }) {
  if (findings.length === 0) return null;
  const weight = { error: 0, warning: 1, note: 2 };
  const sorted = [...findings].sort((a, b) => weight[a.severity] - weight[b.severity]);
  return (
    <ul class="schema-found">
      {sorted.map(({ severity, message, help, place, utf16 }, at) => (
        <li key={at}>
          <span class={{ error: 'bad', warning: 'warn', note: 'muted' }[severity]}>
            {{ error: '✗ error', warning: '! warning', note: 'note' }[severity]}
          </span>{' '}
          {place !== undefined && place.line > 0 && (
            <>
              {file === undefined ? (
                <b>line {place.line}</b>
              ) : (
                <TextLink place={{ file, line: place.line, column: utf16?.column, length: utf16?.length }}>
                  line {place.line}
                </TextLink>
              )}
              {': '}
            </>
          )}
          <Ticked text={message} />
          {place?.excerpt !== undefined && place.excerpt !== '' && severity !== 'note' && (
            <code class="schema-excerpt">{place.excerpt.trim()}</code>
          )}
          {help !== undefined && (
            <div class="muted">
              <Ticked text={help} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

