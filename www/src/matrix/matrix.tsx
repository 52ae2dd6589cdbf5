// SPDX-License-Identifier: Apache-2.0
// "Who may do what?": everybody and all actions for one resource, or all resources and all actions for one principal. A
// cell is a question: clicking it asks it, and the answer says why.
import './matrix.css';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { showPane } from '../app/places.ts';
import { literal, sameUid } from '../case/case.ts';
import { current, setAsk } from '../case/store.ts';
import { matrixOf, matrixShown, results, state as engine } from '../engine/engine.ts';
import type { Matrix, MatrixQuestion, Uid } from '../engine/shapes.ts';
import { notice, problem } from '../ui/notices.tsx';
import { Empty, Menu } from '../ui/parts.tsx';
import { useAtLeast } from '../ui/width.ts';
import { Grid } from './grid.tsx';
import {
  find,
  labels,
  over,
  pickedPrincipal,
  pickedResource,
  pickedType,
  principal,
  principals,
  question,
  resource,
  resources,
  turn,
  type,
  wish,
} from './state.ts';
import {
  LETTERS,
  OUTCOMES,
  type Show,
  type View,
  WISH,
  type Wish,
  csvOf,
  flipsIn,
  keyOf,
  nextOrder,
  questionAt,
  view,
} from './table.ts';

/** Up to so many entities can be picked from a list; more are found by typing. */
const MOST_LISTED = 200;

export function MatrixView() {
  const root = useRef<HTMLDivElement>(null);
  const seen = useAtLeast(1, root);
  const wanted = question.value;
  // The engine makes it while it is looked at, and only then.
  useEffect(() => {
    matrixOf.value = seen ? wanted : null;
  }, [seen, wanted]);
  useEffect(
    () => () => {
      matrixOf.value = null;
    },
    [],
  );
  return (
    <div class="matrix" ref={root}>
      <Shown />
    </div>
  );
}

/** A sentence with blanks: what the matrix is about. */
function About() {
  const of = over.value;
  const types = resources.value.map(({ type }) => type);
  return (
    <div class="matrix-about">
      <select
        aria-label="What the matrix shows"
        value={of}
        onChange={(event) => (over.value = event.currentTarget.value as typeof of)}
      >
        <option value="principals">Who may do what with</option>
        <option value="resources">All that may be done by</option>
      </select>
      {of === 'principals' ? (
        <Pick
          label="Resource"
          of={resources.value}
          value={resource.value}
          asked={current.value.ask.resource}
          picked={pickedResource.value}
          pick={(uid) => (pickedResource.value = uid)}
        />
      ) : (
        <>
          <Pick
            label="Principal"
            of={principals.value}
            value={principal.value}
            asked={current.value.ask.principal}
            picked={pickedPrincipal.value}
            pick={(uid) => (pickedPrincipal.value = uid)}
          />
          <label>
            to each{' '}
            <select
              aria-label="Type of the resources"
              value={type.value}
              onChange={(event) => (pickedType.value = event.currentTarget.value)}
            >
              {!types.includes(type.value) && (
                <option value={type.value}>{type.value === '' ? 'type' : type.value}</option>
              )}
              {types.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </>
      )}
    </div>
  );
}

interface PickProps {
  label: string;
  of: { type: string; all: Uid[] }[];
  value: Uid | undefined;
  /** The one in the question. */
  asked: Uid;
  /** Undefined while the matrix follows the question. */
  picked: Uid | undefined;
  pick: (uid: Uid | undefined) => void;
}

function Pick({ label, of, value, asked, picked, pick }: PickProps) {
  const list = useId();
  const [bad, setBad] = useState(false);
  const written = value === undefined ? '' : literal(value);
  const take = (text: string) => {
    const uid = find(of, text.trim());
    setBad(uid === undefined);
    if (uid !== undefined) pick(sameUid(uid, asked) ? undefined : uid);
  };
  const hint =
    picked === undefined ? 'It follows the question' : 'Picked here; pick the one in the question to follow it again';
  if (of.reduce((sum, { all }) => sum + all.length, 0) > MOST_LISTED) {
    return (
      <>
        <input
          aria-label={label}
          title={hint}
          list={list}
          key={written}
          defaultValue={written}
          aria-invalid={bad}
          placeholder="type an id"
          onChange={(event) => take(event.currentTarget.value)}
        />
        <datalist id={list}>
          {of.flatMap(({ all }) =>
            all.map((uid) => <option key={keyOf(uid)} value={literal(uid)} label={labels.value.get(keyOf(uid))} />),
          )}
        </datalist>
        {bad && <span class="bad">no such entity</span>}
      </>
    );
  }
  const listed = value !== undefined && of.some(({ all }) => all.some((uid) => sameUid(uid, value)));
  return (
    <select aria-label={label} title={hint} value={written} onChange={(event) => take(event.currentTarget.value)}>
      {!listed && (
        <option value={written}>{value === undefined ? 'nothing to pick' : `${value.id} (${value.type})`}</option>
      )}
      {of.map(({ type, all }) => (
        <optgroup key={type} label={type}>
          {all.map((uid) => {
            const name = labels.value.get(keyOf(uid));
            return (
              <option key={uid.id} value={literal(uid)}>
                {uid.id}
                {name !== undefined && ` – ${name}`}
              </option>
            );
          })}
        </optgroup>
      ))}
    </select>
  );
}

function Shown() {
  const matrix = results.matrix.value;
  const of = matrixShown.value;
  let none: string | undefined;
  // Without anything to ask about, what is there is of a case that was left.
  if (matrix === undefined || of === null || question.value === null) none = nothing();
  else if ('problem' in matrix) none = matrix.problem === '' ? nothing() : `The matrix cannot be made: ${matrix.problem}`;
  else if (matrix.entities.length > 0) return <Table of={of} matrix={matrix} />;
  else if (of.over === 'principals') none = 'No row makes anybody who could ask.';
  else none = `There is no ${of.type} among the rows.`;
  return (
    <>
      <div class="matrix-top">
        <About />
      </div>
      <Empty>{none}</Empty>
    </>
  );
}

function nothing(): string {
  if (engine.value.is === 'loading') return 'Loading the engine …';
  if (question.value !== null) return engine.value.is === 'working' ? 'Asking …' : 'There is nothing to show yet.';
  return over.value === 'principals' ? 'There is no resource yet: add rows.' : 'There is nobody yet: add rows.';
}

function Table({ of, matrix }: { of: MatrixQuestion; matrix: Matrix }) {
  const { ask } = current.value;
  const changes = results.changes.value;
  const wanted = wish.value;
  const flips = useMemo(() => flipsIn(of, matrix, changes), [of, matrix, changes]);
  const beside = useMemo(() => ({ labels: labels.value, flips, asked: ask.action }), [labels.value, flips, ask.action]);
  const seen = useMemo(() => view(matrix, wanted, beside), [matrix, wanted, beside]);
  const asked = useMemo(() => {
    const about = of.over === 'principals' ? sameUid(of.resource, ask.resource) : sameUid(of.principal, ask.principal);
    const other = of.over === 'principals' ? ask.principal : ask.resource;
    const row = about ? matrix.entities.findIndex((entity) => sameUid(entity, other)) : -1;
    const column = matrix.actions.indexOf(ask.action);
    return row < 0 || column < 0 ? undefined : { row, column };
  }, [of, matrix, ask]);
  const set = (part: Partial<Wish>) => (wish.value = { ...wanted, ...part });
  const subject = of.over === 'principals' ? of.resource : of.principal;
  const label =
    of.over === 'principals' ? `Who may do what with ${subject.id}` : `What ${subject.id} may do with each ${of.type}`;
  const old = results.compiled.value?.ok === false;
  return (
    <>
      <div class="matrix-top">
        <About />
        <Filters set={set} flips={flips.size} copy={() => copy(csvOf(of, matrix, seen))} />
      </div>
      {old && <p class="matrix-old warn">The texts have an error: this is what the last good ones decide.</p>}
      {seen.rows.length === 0 || seen.columns.length === 0 ? (
        <div class="matrix-none">
          <Empty>
            {seen.unused > 0 && wanted.hideUnused && wanted.rows + wanted.actions === '' && wanted.show === 'all'
              ? 'Nobody may do anything here. '
              : 'Nothing fits the filter. '}
            <button type="button" onClick={() => (wish.value = { ...WISH, hideUnused: false })}>
              Show everything
            </button>
          </Empty>
        </div>
      ) : (
        <Grid
          of={of}
          matrix={matrix}
          seen={seen}
          beside={beside}
          asked={asked}
          order={wanted.sortRows}
          label={label}
          choose={(row, column) => {
            setAsk(questionAt(of, matrix, row, column));
            // What was picked here is asked about now: from here on the matrix follows the question again.
            pickedResource.value = undefined;
            pickedPrincipal.value = undefined;
            showPane('ask');
          }}
          chooseRow={(row) => turn(matrix.entities[row]!)}
          chooseColumn={(column) => set({ sortRows: nextOrder(wanted.sortRows, matrix.actions[column]!) })}
        />
      )}
      <Legend seen={seen} set={set} hides={wanted.hideUnused && wanted.show !== 'forbidden'} />
    </>
  );
}

const ORDERS = ['order', 'name', 'most'] as const;
const ROWS = { order: 'as in the tables', name: 'by name', most: 'most allowed first' };

function Filters({ set, flips, copy }: { set: (part: Partial<Wish>) => void; flips: number; copy: () => void }) {
  const { rows, actions, show, hideUnused, sortRows, sortActions } = wish.value;
  const people = over.value === 'principals';
  const chosen = (on: boolean) => (on ? '● ' : '○ ');
  return (
    <div class="matrix-filters" role="group" aria-label="Filter and sort">
      <input
        type="search"
        aria-label={people ? 'Filter who' : 'Filter what'}
        placeholder={people ? 'who …' : 'what …'}
        value={rows}
        onInput={(event) => set({ rows: event.currentTarget.value })}
      />
      <input
        type="search"
        aria-label="Filter actions"
        placeholder="action …"
        value={actions}
        onInput={(event) => set({ actions: event.currentTarget.value })}
      />
      <select
        aria-label="Which cells"
        value={show}
        onChange={(event) => set({ show: event.currentTarget.value as Show })}
      >
        <option value="all">all</option>
        <option value="allowed">only allowed</option>
        <option value="forbidden">only forbidden</option>
        {(flips > 0 || show === 'changed') && <option value="changed">only changed</option>}
      </select>
      <Menu
        class="matrix-more"
        label="More"
        title="Sort, hide, copy"
        items={[
          ...ORDERS.map((by) => ({
            label: `${chosen(sortRows === by)}Rows ${ROWS[by]}`,
            act: () => set({ sortRows: by }),
          })),
          ...ORDERS.map((by) => ({
            label: `${chosen(sortActions === by)}Actions ${ROWS[by]}`,
            act: () => set({ sortActions: by }),
          })),
          {
            label: `${hideUnused ? '☑' : '☐'} Hide actions that nobody may do`,
            act: () => set({ hideUnused: !hideUnused }),
          },
          { label: 'Copy as CSV', hint: 'what is shown, for a spreadsheet', act: copy },
        ]}
      />
    </div>
  );
}

function Legend({ seen, set, hides }: { seen: View; set: (part: Partial<Wish>) => void; hides: boolean }) {
  return (
    <p class="matrix-legend">
      {LETTERS.map((letter) =>
        (letter === 'e' || letter === 'f') && seen.counts[letter] === 0 ? null : (
          <span key={letter}>
            <i data-is={letter} aria-hidden="true">
              {OUTCOMES[letter].sign}
            </i>
            {seen.counts[letter]} {OUTCOMES[letter].legend}
          </span>
        ),
      )}
      {seen.changed > 0 && (
        <span>
          <i data-changed="" aria-hidden="true" />
          {seen.changed} changed
        </span>
      )}
      {hides && seen.unused > 0 && (
        <span title="Actions that nobody may do">
          {seen.unused} unused {seen.unused === 1 ? 'action' : 'actions'}:{' '}
          <button type="button" class="link" onClick={() => set({ hideUnused: false })}>
            show
          </button>
        </span>
      )}
    </p>
  );
}

function copy(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => notice('Copied as CSV.'),
    () => problem(new Error('The browser does not let this page copy.')),
  );
}
