// SPDX-License-Identifier: Apache-2.0
// The tabs with the schema's text and the model's.
import { useState } from 'preact/hooks';
import { findingsIn } from '../app/badges.ts';
import { change, current, setText } from '../case/store.ts';
import { Editor } from '../editors/editor.tsx';
import { importing } from './look.ts';
import { fileKind, type SchemaFile } from './source.ts';

/** Typing changes a text by little; what brings more than this at once was pasted, and says itself which kind it is. */
const PASTED = 40;

export function SchemaText() {
  const { schema, schemaFile } = current.value;
  const [dismissed, setDismissed] = useState<SchemaFile>();
  const looks = fileKind(schema);
  const type = (text: string) => {
    const kind = fileKind(text);
    if (kind !== undefined && kind !== schemaFile && Math.abs(text.length - schema.length) > PASTED) {
      change({ schema: text, schemaFile: kind }, 'put in another schema', 'schema');
    } else {
      setText('schema', text);
    }
  };
  const as = (kind: SchemaFile) => {
    setDismissed(kind);
    change({ schemaFile: kind }, `read the schema as ${kind}`);
  };
  return (
    <div class="schema-text">
      <div class="schema-bar">
        <div class="schema-switch" role="group" aria-label="The schema is written as">
          {(['schema.mmd', 'schema.sql'] as const).map((kind) => (
            <button key={kind} type="button" aria-pressed={schemaFile === kind} onClick={() => schemaFile !== kind && as(kind)}>
              {kind === 'schema.mmd' ? 'Mermaid' : 'SQL'}
            </button>
          ))}
        </div>
        <code class="muted schema-file">{schemaFile}</code>
        <span class="space" />
        <button type="button" onClick={() => (importing.value = true)}>
          Use your own schema
        </button>
      </div>
      {looks !== undefined && looks !== schemaFile && dismissed !== schemaFile && (
        <p class="schema-hint">
          This looks like {looks === 'schema.sql' ? 'SQL' : 'Mermaid'}.{' '}
          <button type="button" class="link" onClick={() => as(looks)}>
            Keep it as {looks}
          </button>
        </p>
      )}
      <Editor
        file={schemaFile}
        label={`The schema, ${schemaFile}`}
        language={schemaFile === 'schema.sql' ? 'sql' : 'mermaid'}
        value={schema}
        onChange={type}
        findings={findingsIn(schemaFile)}
      />
    </div>
  );
}

export function ModelText({ inferAgain }: { inferAgain: () => void }) {
  const { model, schema } = current.value;
  return (
    <div class="schema-text">
      <div class="schema-bar">
        <span class="muted schema-line">What each table means: one section a table.</span>
        <span class="space" />
        <button type="button" disabled={schema.trim() === ''} title="Compare with a model made from the schema" onClick={inferAgain}>
          Infer again …
        </button>
      </div>
      <Editor
        file="model.toml"
        label="The model, model.toml"
        language="toml"
        value={model}
        onChange={(text) => setText('model', text)}
        findings={findingsIn('model.toml')}
      />
    </div>
  );
}
