// SPDX-License-Identifier: Apache-2.0
// "What must hold?": the decisions that are kept as tests, how they come out now, what none of them looks at, and their
// text.
import './tests.css';
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { findingsIn } from '../app/badges.ts';
import { showPane, showText, wantedText } from '../app/places.ts';
import { nameOf } from '../ask/state.ts';
import { current, setAsk, setText } from '../case/store.ts';
import { ask, instant, madeOf, questionOf, results } from '../engine/engine.ts';
import type { TestResult, TestsRun } from '../engine/shapes.ts';
import { Editor } from '../editors/editor.tsx';
import { notice, problem } from '../ui/notices.tsx';
import { Empty, Menu, type Tab, TabPanel, Tabs, TextLink } from '../ui/parts.tsx';
import { useAtLeast } from '../ui/width.ts';
import { Coverage } from './coverage.tsx';
import { newTest, testName } from './new.ts';
import { accept, contextOfTest, namesReasons, withoutTest } from './toml.ts';
import { visible } from '../ui/visible.ts';

type Part = 'results' | 'coverage' | 'text';
const part = signal<Part>('results');
const only = signal<'all' | 'failed'>('all');

/** From this width on, the text stands beside the results. */
const WIDE = 820;
/** Results that are in the page at once; more are shown where they are asked for. */
const MOST = 300;

export function TestsView() {
  const root = useRef<HTMLDivElement>(null);
  const wide = useAtLeast(WIDE, root);
  const place = wantedText.value;
  useEffect(() => {
    if (place?.file === 'tests.toml') part.value = 'text';
  }, [place]);
  const run = results.tests.value;
  const tests = run !== undefined && 'results' in run ? run : undefined;
  const shown: Part = wide && part.value === 'text' ? 'results' : part.value;
  const tabs: Tab<Part>[] = [
    { name: 'results', label: 'Results' },
    { name: 'coverage', label: 'Coverage', ...coverageBadge(tests) },
    ...(wide ? [] : [{ name: 'text' as const, label: 'tests.toml' }]),
  ];
  return (
    <div class="tests" ref={root} data-wide={wide}>
      <div class="tests-side">
        <div class="view-bar">
          <Tabs
            id="tests"
            label="Results, coverage, text"
            tabs={tabs}
            chosen={shown}
            choose={(name) => (part.value = name)}
          />
          <New tests={tests} />
        </div>
        <TabPanel id="tests" chosen={shown}>
          {shown === 'results' && <Results run={run} />}
          {shown === 'coverage' && <Coverage run={tests} />}
          {shown === 'text' && <Text />}
        </TabPanel>
      </div>
      {wide && (
        <div class="tests-side">
          <Text />
        </div>
      )}
    </div>
  );
}

function coverageBadge(tests: TestsRun | undefined) {
  if (tests === undefined) return {};
  const all = [...tests.coverage.policies, ...tests.coverage.rows];
  if (all.length === 0) return {};
  const covered = all.filter(({ tests }) => tests > 0).length;
  return {
    badge: `${covered}/${all.length}`,
    badgeSays: `${covered} of ${all.length} policies and rows decide a test`,
  };
}

/** The present question becomes a test; the text is carried away. */
function New({ tests }: { tests: TestsRun | undefined }) {
  const [busy, setBusy] = useState(false);
  const answer = results.answer.value;
  const possible = answer !== undefined && 'allow' in answer && !answer.undecided && questionOf(current.value) !== null;
  const keep = async () => {
    const before = current.value;
    const question = questionOf(before);
    if (question === null || busy) return;
    setBusy(true);
    try {
      // The answer that is shown, where it is of this very case; else it is asked once more.
      const shown = madeOf.value.answer === before && answer !== undefined && 'allow' in answer ? answer : undefined;
      const given = shown ?? (await ask('decide', question));
      const names = tests?.results.map(({ name }) => name) ?? [];
      const name = testName(before.ask, given.allow, nameOf, names);
      const test = newTest(before.ask, name, given, instant(before));
      const text = await ask('addTest', { tests: before.tests, test });
      if (current.value.tests !== before.tests) throw new Error('The tests changed meanwhile: keep it once more.');
      setText('tests', text);
      notice(`Kept as a test: ${name}`);
    } catch (error) {
      problem(error);
    } finally {
      setBusy(false);
    }
  };
  const text = current.value.tests;
  return (
    <span class="tests-tools">
      <button
        type="button"
        onClick={() => void keep()}
        disabled={!possible || busy}
        aria-label="New test: keep the decision on the present question"
        title="Keeps what is decided on the present question as a test"
      >
        + New test
      </button>
      <Menu
        class="tests-more"
        label="More"
        items={[
          { label: 'Copy tests.toml', disabled: text === '', act: () => copy(text) },
          { label: 'Save tests.toml', hint: 'as a file', disabled: text === '', act: () => save('tests.toml', text) },
        ]}
      />
    </span>
  );
}

function copy(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => notice('Copied tests.toml.'),
    () => problem(new Error('The browser does not let this page copy.')),
  );
}

function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/toml' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function Results({ run }: { run: TestsRun | { problem: string } | undefined }) {
  const [most, setMost] = useState(MOST);
  if (run === undefined) return <Empty>The tests have not been run yet.</Empty>;
  const broken = findingsIn('tests.toml').some(({ severity }) => severity === 'error');
  if (!('results' in run)) {
    return <Empty>The tests cannot be run{run.problem === '' ? '' : `: ${run.problem}`}. {broken && <ToText />}</Empty>;
  }
  if (run.results.length === 0) {
    return (
      <Empty>
        {broken
          ? 'The text of the tests cannot be read. '
          : 'No decision is kept yet. Ask something, and keep the answer: from then on you see at once when a ' +
            'change of yours breaks it.'}
        {broken && <ToText />}
      </Empty>
    );
  }
  const failed = run.results.filter(({ passed }) => !passed);
  // Those that failed come first: with a hundred tests they would not be seen.
  const listed = only.value === 'failed' ? failed : [...failed, ...run.results.filter(({ passed }) => passed)];
  return (
    <>
      <div class="tests-sum">
        <span class={failed.length > 0 ? 'bad' : 'good'}>
          {failed.length > 0
            ? `✗ ${failed.length} of ${run.results.length} failed`
            : `✓ all ${run.results.length} passed`}
        </span>
        <label>
          <input
            type="checkbox"
            checked={only.value === 'failed'}
            onChange={(event) => (only.value = event.currentTarget.checked ? 'failed' : 'all')}
          />{' '}
          only failed
        </label>
      </div>
      {broken && (
        <p class="tests-old warn">
          The text has an error: these are the tests from before. <ToText />
        </p>
      )}
      {listed.length === 0 && <Empty>None failed.</Empty>}
      <ul class="tests-list">
        {listed.slice(0, most).map((test) => (
          <Result key={`${test.line}/${test.name}`} test={test} />
        ))}
      </ul>
      {listed.length > most && (
        <p class="empty">
          <button type="button" onClick={() => setMost(most + 1000)}>
            Show more: {listed.length - most} are not listed
          </button>
        </p>
      )}
    </>
  );
}

const ToText = () => (
  <TextLink place={{ file: 'tests.toml', line: findingsIn('tests.toml')[0]?.place?.line || 1 }}>
    Show where
  </TextLink>
);

function Result({ test }: { test: TestResult }) {
  const { name, line, principal, action, resource, expect, got, passed, why, own_rows } = test;
  const go = () => {
    setAsk({ principal, action, resource, context: contextOfTest(current.value.tests, line) });
    showPane('ask');
  };
  const edit = (text: string | undefined, what: string) => {
    if (text === undefined) notice('The text of the tests changed: wait until they were run again.', true);
    else {
      setText('tests', text);
      notice(what);
    }
  };
  const agree = () => {
    const text = current.value.tests;
    if (got === null) return;
    const reasons = namesReasons(text, line) ? ' The reasons that it named are taken out.' : '';
    edit(accept(text, line, got), `“${name}” expects ${got === 'allow' ? 'an allow' : 'a deny'} now.${reasons}`);
  };
  return (
    <li class="tests-result" data-passed={passed}>
      <span class={`tests-sign ${passed ? 'good' : 'bad'}`}>
        <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
        <span class="hidden">{passed ? 'passed: ' : 'failed: '}</span>
      </span>
      <div class="tests-what">
        <button type="button" class="tests-name" onClick={go} title="Ask this, and see why">
          {name}
        </button>
        <div class="tests-question">
          <span>{visible(principal.id)}</span> <b>{visible(action)}</b> <span>{visible(resource.id)}</span>
          <span class={expect === 'allow' ? 'good' : 'bad'}> → {expect}</span>
          {own_rows && <span class="muted"> with rows of its own</span>}
        </div>
        {!passed && <div class="tests-why bad">{why}</div>}
        {!passed && (
          <div class="tests-acts">
            {got !== null && (
              <button type="button" onClick={agree} title={`Changes the test: it then expects ${got}`}>
                Accept what is so now
              </button>
            )}
          </div>
        )}
      </div>
      <span class="tests-ends">
        <button
          type="button"
          class="link"
          onClick={() => showText({ file: 'tests.toml', line })}
          title={`Show line ${line} of tests.toml`}
        >
          line {line}
          <span class="hidden"> of tests.toml</span>
        </button>
        <button
          type="button"
          class="quiet"
          aria-label={`Delete the test: ${name}`}
          title="Delete this test"
          onClick={() => edit(withoutTest(current.value.tests, line), `Deleted: ${name}`)}
        >
          ✕
        </button>
      </span>
    </li>
  );
}

function Text() {
  return (
    <Editor
      file="tests.toml"
      label="tests.toml: decisions that must hold"
      language="toml"
      value={current.value.tests}
      onChange={(text) => setText('tests', text)}
      findings={findingsIn('tests.toml')}
    />
  );
}
