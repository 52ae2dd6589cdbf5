// SPDX-License-Identifier: Apache-2.0
// "What would change?": the case as it stands against the one that was begun with. Decisions gained and lost on the
// rows as they are, the texts and rows that differ, and, where a gate serves the page, publishing.
import './changes.css';
import { base, compareFromHere, open } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import type { Changes } from '../engine/shapes.ts';
import { Empty, Menu, type Tab, TabPanel, Tabs } from '../ui/parts.tsx';
import { Decisions } from './decisions.tsx';
import { tableSays } from './diff.ts';
import { Differences } from './differences.tsx';
import { Publish } from './publish.tsx';
import { type Part, differs, instants, part, tables, texts } from './state.ts';
import { Sum } from './sum.tsx';

export function ChangesView() {
  const shown = part.value;
  const changes = results.changes.value;
  const made = changes !== undefined && 'flips' in changes ? changes : undefined;
  const places = texts.value.length + tables.value.length;
  const tabs: Tab<Part>[] = [
    { name: 'decisions', label: 'Decisions' },
    {
      name: 'texts',
      label: 'Texts and rows',
      ...(places > 0 ? { badge: String(places), badgeSays: `${places} differ` } : {}),
    },
    { name: 'publish', label: 'Publish' },
  ];
  return (
    <div class="changes">
      <div class="view-bar">
        <Tabs
          id="changes"
          label="Decisions, texts and rows, publish"
          tabs={tabs}
          chosen={shown}
          choose={(name) => (part.value = name)}
        />
        <Menu
          class="changes-start"
          label="Starting point"
          title="What the case is compared with"
          items={[
            {
              label: 'Start comparing from here',
              hint: 'the case as it stands is what later changes are compared with',
              disabled: !differs.value,
              act: compareFromHere,
            },
            {
              label: 'Back to the start',
              hint: 'takes back all that differs; that can be undone',
              disabled: !differs.value,
              act: () => open(base.value, 'go back to the start'),
            },
          ]}
        />
      </div>
      <TabPanel id="changes" chosen={shown}>
        {shown === 'decisions' && <Here changes={made} />}
        {shown === 'texts' && <Differences />}
        {shown === 'publish' && <Publish />}
      </TabPanel>
    </div>
  );
}

/** The comparison on the rows in this page. */
function Here({ changes }: { changes: Changes | undefined }) {
  const given = results.changes.value;
  if (!differs.value) {
    return (
      <Empty>
        Nothing is changed yet. Edit a rule, a row or the model: the decisions that come out otherwise than now are
        listed here, before anybody relies on them.
      </Empty>
    );
  }
  if (given !== undefined && 'problem' in given)
    return <Empty>The decisions cannot be compared{given.problem === '' ? '.' : `: ${given.problem}`}</Empty>;
  if (changes === undefined) return <Empty>Comparing …</Empty>;
  return (
    <>
      <Sum changes={changes} />
      {results.compiled.value?.ok === false && (
        <p class="changes-note warn">The texts have an error: the last good ones are compared.</p>
      )}
      <p class="changes-note muted">{whatDiffers()}</p>
      <Decisions changes={changes} here />
    </>
  );
}

/** `policies.cedar +3 −1 lines, USER_ROLE: 1 row changed`. */
function whatDiffers(): string {
  const words = [
    ...texts.value.map(({ file, added, removed }) => {
      const counts = [added > 0 ? `+${added}` : '', removed > 0 ? `−${removed}` : ''].filter((text) => text !== '');
      return `${file} ${counts.join(' ')} ${added + removed === 1 ? 'line' : 'lines'}`;
    }),
    ...tables.value.map((change) => `${change.table}: ${tableSays(change)}`),
    ...(instants.value === undefined ? [] : ['the time of the decisions']),
  ];
  return `Differs from where you began: ${words.join(', ')}.`;
}
