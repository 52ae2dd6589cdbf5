// SPDX-License-Identifier: Apache-2.0
// What the tests look at: of the policies and of the rows that grant or deny, those that decide some test; and a way to
// write a test for each of the others.
import { useEffect, useRef, useState } from 'preact/hooks';
import { nameOf } from '../ask/state.ts';
import { current, setText } from '../case/store.ts';
import { ask, instant, results } from '../engine/engine.ts';
import type { Policy, RowPlace, TestsRun } from '../engine/shapes.ts';
import { resources } from '../matrix/state.ts';
import { notice, problem } from '../ui/notices.tsx';
import { Empty, RowLink, TextLink } from '../ui/parts.tsx';
import { byTable } from './lists.ts';
import { newTest, testName } from './new.ts';
import { type Sought, search } from './search.ts';

/** What is being looked for, and how far that is. */
interface Search {
  of: string;
  done: number;
}

export function Coverage({ run }: { run: TestsRun | undefined }) {
  const [search, setSearch] = useState<Search | undefined>(undefined);
  const going = useRef(false);
  // Whoever leaves the view wants no test to appear later.
  useEffect(() => () => void (going.current = false), []);
  if (run === undefined) return <Empty>The tests have not been run yet.</Empty>;
  const { policies, rows } = run.coverage;
  const cancel = () => {
    going.current = false;
  };
  const write = async (of: string, sought: Sought) => {
    if (going.current) return;
    going.current = true;
    setSearch({ of, done: 0 });
    try {
      const said = await written(of, sought, run, (done) => {
        if (going.current) setSearch({ of, done });
        return going.current;
      });
      if (said !== '') notice(said);
    } catch (error) {
      problem(error);
    } finally {
      going.current = false;
      setSearch(undefined);
    }
  };
  const tool = { search, cancel, write: (of: string, sought: Sought) => void write(of, sought) };
  const known = new Map((results.compiled.value?.model?.policies ?? []).map((policy) => [policy.id, policy]));
  const missing = policies.filter(({ tests }) => tests === 0);
  const tables = byTable(rows.filter(({ tests }) => tests === 0));
  return (
    <div class="tests-coverage">
      <Share
        heading="Policies"
        done={policies.length - missing.length}
        all={policies.length}
        says="decided some test"
      />
      {missing.length > 0 && (
        <ul>
          {missing.map(({ id }) => (
            <li key={id}>
              <PolicyLink id={id} policy={known.get(id)} />
              <Write of={id} sought={() => ({ policy: id, hints: [known.get(id)?.text ?? ''] })} {...tool} />
            </li>
          ))}
        </ul>
      )}
      <Share
        heading="Rows that grant or deny"
        done={rows.filter(({ tests }) => tests > 0).length}
        all={rows.length}
        says="decided some test"
      />
      {tables.map(({ table, of }) => (
        <details key={table} open={tables.length === 1 || of.length <= 8}>
          <summary>
            {table}: {of.length} without a test
          </summary>
          <ul>
            {of.slice(0, MOST).map(({ source, row }) => (
              <li key={source}>
                {row === null ? <span>{source}</span> : <RowLink row={row}>{source}</RowLink>}
                <Write of={source} sought={() => ({ source, hints: cellsOf(row) })} {...tool} />
              </li>
            ))}
            {of.length > MOST && <li class="muted">and {of.length - MOST} more</li>}
          </ul>
        </details>
      ))}
      {policies.length + rows.length === 0 && (
        <Empty>There is no policy and no row that grants or denies anything.</Empty>
      )}
    </div>
  );
}

const MOST = 200;

/** Looks for a question, and keeps it as a test. What is to be said of it; empty where it was cancelled. */
async function written(of: string, sought: Sought, run: TestsRun, step: (done: number) => boolean): Promise<string> {
  const before = current.value;
  let cancelled = false;
  const world = {
    resources: resources.value.flatMap(({ all }) => all),
    matrix: (question: Parameters<typeof ask<'matrix'>>[1]) => ask('matrix', question),
    decide: (question: Parameters<typeof ask<'decide'>>[1]) => ask('decide', question),
  };
  const found = await search(sought, world, (done) => {
    const on = step(done);
    cancelled ||= !on;
    return on;
  });
  if (cancelled) return '';
  if (found === undefined) {
    return (
      `None of the questions that were tried is decided by ${of}. ` +
      'It may decide nothing on these rows, or need a context.'
    );
  }
  const asked = { ...found.question, context: '' };
  const name = testName(asked, found.answer.allow, nameOf, run.results.map((one) => one.name));
  const test = newTest(asked, name, found.answer, instant(before));
  const text = await ask('addTest', { tests: current.value.tests, test });
  setText('tests', text);
  return `New test: ${name}`;
}

function cellsOf(row: RowPlace | null): string[] {
  const cells = row === null || row.row === null ? undefined : current.value.rows[row.table]?.rows[row.row];
  return (cells ?? []).flatMap((cell) => (typeof cell === 'string' || typeof cell === 'number' ? [String(cell)] : []));
}

function Share({ heading, done, all, says }: { heading: string; done: number; all: number; says: string }) {
  if (all === 0) return null;
  return (
    <h3 class="tests-share">
      <span>{heading}</span>
      <span class="tests-meter" aria-hidden="true">
        <span style={{ width: `${(100 * done) / all}%` }} />
      </span>
      <span class={done === all ? 'good' : ''}>
        {done === all ? '✓ ' : ''}
        {done} of {all} {says}
      </span>
    </h3>
  );
}

function PolicyLink({ id, policy }: { id: string; policy: Policy | undefined }) {
  if (policy === undefined) return <span>{id}</span>;
  return (
    <span>
      <TextLink place={{ file: policy.source === 'generated' ? 'generated' : 'policies.cedar', line: policy.line }}>
        {id}
      </TextLink>{' '}
      <small class="muted">
        {policy.effect}, {policy.source === 'generated' ? 'generated' : `line ${policy.line}`}
      </small>
    </span>
  );
}

interface WriteProps {
  of: string;
  sought: () => Sought;
  search: Search | undefined;
  cancel: () => void;
  write: (of: string, sought: Sought) => void;
}

function Write(props: WriteProps) {
  const { of, search, cancel } = props;
  if (search?.of === of) {
    return (
      <span class="tests-search" role="status">
        <progress max={1} value={search.done} aria-label={`Looking for a question that ${of} decides`} />
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </span>
    );
  }
  return (
    <button
      type="button"
      disabled={search !== undefined}
      onClick={() => props.write(of, props.sought())}
      aria-label={`Write a test for it: ${of}`}
      title="Looks for a question that it decides, and keeps that as a test"
    >
      Write a test for it
    </button>
  );
}
