// SPDX-License-Identifier: Apache-2.0
// The screen as a whole: the bar on top, the panes, the line at the foot; and the keys that work everywhere.
import { useEffect } from 'preact/hooks';
import { AskPane } from '../ask/pane.tsx';
import { redo, undo } from '../case/store.ts';
import { ChangesView } from '../changes/changes.tsx';
import { MatrixView } from '../matrix/matrix.tsx';
import { RowsPane } from '../rows/pane.tsx';
import { RulesPane } from '../rules/pane.tsx';
import { SchemaPane } from '../schema/pane.tsx';
import { TestsView } from '../tests/tests.tsx';
import { Notices } from '../ui/notices.tsx';
import { Pane } from '../ui/pane.tsx';
import { BadgeOf, TabPanel, Tabs } from '../ui/parts.tsx';
import { Bar } from './bar.tsx';
import { Foot } from './foot.tsx';
import { enlarged, pane, type PaneName, showPane, workTab } from './places.ts';
import { workTabs } from './badges.ts';

const PANES: { name: PaneName; label: string }[] = [
  { name: 'ask', label: 'What happens' },
  { name: 'schema', label: 'Schema' },
  { name: 'rules', label: 'Rules' },
  { name: 'rows', label: 'Rows' },
  { name: 'matrix', label: 'Matrix' },
  { name: 'tests', label: 'Tests' },
  { name: 'changes', label: 'Changes' },
];

export function App() {
  useEffect(() => {
    document.addEventListener('keydown', keys);
    return () => document.removeEventListener('keydown', keys);
  }, []);
  return (
    <div class="screen">
      <Bar />
      <PaneBar />
      <main class="panes" data-chosen={pane.value}>
        <SchemaPane />
        <RulesPane />
        <RowsPane />
        <Work />
        <AskPane />
      </main>
      <Foot />
      <Notices />
    </div>
  );
}

/** The panes by name, where not all of them are seen at once. */
function PaneBar() {
  return (
    <nav class="panebar" aria-label="Panes">
      {PANES.map(({ name, label }) => (
        <button key={name} type="button" class="tab" aria-current={pane.value === name} onClick={() => showPane(name)}>
          {label}
          <BadgeOf {...(workTabs.value.find((tab) => tab.name === name) ?? {})} />
        </button>
      ))}
    </nav>
  );
}

/** The lower middle pane: what all questions together come to. */
function Work() {
  const chosen = workTab.value;
  const heading = { matrix: 'Who may do what?', tests: 'What must hold?', changes: 'What would change?' }[chosen];
  return (
    <Pane
      name="matrix"
      seenAs={['matrix', 'tests', 'changes']}
      heading={heading}
      tools={<Tabs id="work" label="Matrix, tests, changes" tabs={workTabs.value} chosen={chosen} choose={showPane} />}
    >
      <TabPanel id="work" chosen={chosen}>
        {chosen === 'matrix' && <MatrixView />}
        {chosen === 'tests' && <TestsView />}
        {chosen === 'changes' && <ChangesView />}
      </TabPanel>
    </Pane>
  );
}

function keys(event: KeyboardEvent): void {
  if (event.key === 'Escape' && enlarged.value !== undefined && !event.defaultPrevented) {
    enlarged.value = undefined;
    return;
  }
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
  const key = event.key.toLowerCase();
  if (key === 'z' && !event.shiftKey) {
    event.preventDefault();
    undo();
  } else if ((key === 'z' && event.shiftKey) || key === 'y') {
    event.preventDefault();
    redo();
  }
}
