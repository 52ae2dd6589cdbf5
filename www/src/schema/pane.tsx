// SPDX-License-Identifier: Apache-2.0
// The pane "What does my schema say?".
import { useState } from 'preact/hooks';
import { badgeOf, type Badge } from '../app/badges.ts';
import { schemaTab } from '../app/places.ts';
import { current } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import { Pane } from '../ui/pane.tsx';
import { type Tab, TabPanel, Tabs } from '../ui/parts.tsx';
import { DiagramTools, DiagramView } from './diagram.tsx';
import { ImportDialog } from './import.tsx';
import { InferAgain } from './infer-again.tsx';
import { diagram, importing, sections, tables } from './look.ts';
import { ReportView } from './report.tsx';
import { ModelText, ModelTools, SchemaText, SchemaTools } from './texts.tsx';
import './schema.css';

type Name = typeof schemaTab.value;

export function SchemaPane() {
  const [inferring, setInferring] = useState(false);
  const chosen = schemaTab.value;
  const { schema, model } = current.value;
  const empty = schema.trim() === '';
  const inferAgain = () => setInferring(true);
  return (
    <Pane
      name="schema"
      heading="What does my schema say?"
      tools={
        <button type="button" class="schema-own" onClick={() => (importing.value = true)}>
          Use your own<span class="schema-wide"> schema</span>
        </button>
      }
    >
      <div class="schema-bar">
        <Tabs
          id="schema"
          label="The schema"
          tabs={tabs()}
          chosen={chosen}
          choose={(name) => (schemaTab.value = name)}
        />
        <span class="space" />
        {chosen === 'diagram' && tables.value.length > 0 && <DiagramTools />}
        {chosen === 'schema' && <SchemaTools />}
        {chosen === 'model' && <ModelTools inferAgain={inferAgain} />}
      </div>
      <TabPanel id="schema" chosen={chosen}>
        {chosen === 'schema' ? (
          <SchemaText />
        ) : chosen === 'model' && !(empty && model.trim() === '') ? (
          <ModelText />
        ) : empty ? (
          <Nothing />
        ) : chosen === 'report' ? (
          <ReportView inferAgain={inferAgain} />
        ) : (
          <Drawn />
        )}
      </TabPanel>
      {inferring && <InferAgain close={() => setInferring(false)} />}
      {importing.value && <ImportDialog close={() => (importing.value = false)} />}
    </Pane>
  );
}

function tabs(): Tab<Name>[] {
  const { schemaFile } = current.value;
  return [
    { name: 'diagram', label: 'Diagram' },
    { name: 'schema', label: 'Schema', ...badgeOf(schemaFile) },
    { name: 'model', label: 'Model', ...badgeOf('model.toml') },
    { name: 'report', label: 'Report', ...missing() },
  ];
}

/** How many tables of the schema the model does not have. */
function missing(): Badge {
  const has = new Set(sections.value.map(({ table }) => table));
  const count = tables.value.filter(({ name }) => !has.has(name)).length;
  if (count === 0) return {};
  const says = `${count} ${count === 1 ? 'table has' : 'tables have'} no section in model.toml`;
  return { badge: String(count), badgeSays: says, tone: 'warn' };
}

/** The diagram; or why there is none. */
function Drawn() {
  if (results.compiled.value === undefined) return <p class="empty">Reading the schema …</p>;
  if (diagram.value !== null && diagram.value.tables.length > 0) return <DiagramView />;
  return (
    <div class="schema-nothing">
      <p>The schema cannot be read, so there is nothing to draw.</p>
      <p>
        <button type="button" onClick={() => (schemaTab.value = 'schema')}>
          See what is wrong with it
        </button>{' '}
        <button type="button" onClick={() => (importing.value = true)}>
          Use another schema
        </button>
      </p>
    </div>
  );
}

function Nothing() {
  return (
    <div class="schema-nothing">
      <p>
        Bring the tables you have, as a Mermaid diagram or as SQL, and see at once what each of them means for who may
        do what.
      </p>
      <p>
        <button type="button" class="first" onClick={() => (importing.value = true)}>
          Use your own schema
        </button>
      </p>
    </div>
  );
}
