// SPDX-License-Identifier: Apache-2.0
// The tabs with the schema's text and the model's.
import { findingsIn } from '../app/badges.ts';
import { change, current, setText } from '../case/store.ts';
import { Editor } from '../editors/editor.tsx';
import { fileKind, type SchemaFile } from './source.ts';

/** Typing changes a text by little; what brings more than this at once was pasted, and says itself which kind it is. */
const PASTED = 40;

const as = (kind: SchemaFile) => change({ schemaFile: kind }, `call the schema ${kind}`);

/** Which of the two files the schema is. */
export function SchemaTools() {
  const { schemaFile } = current.value;
  return (
    <div class="schema-switch" role="group" aria-label="The schema is written as">
      {(['schema.mmd', 'schema.sql'] as const).map((kind) => (
        <button
          key={kind}
          type="button"
          title={kind}
          aria-pressed={schemaFile === kind}
          onClick={() => schemaFile !== kind && as(kind)}
        >
          {kind === 'schema.mmd' ? 'Mermaid' : 'SQL'}
        </button>
      ))}
    </div>
  );
}

export function SchemaText() {
  const { schema, schemaFile } = current.value;
  const looks = fileKind(schema);
  const type = (text: string) => {
    const kind = fileKind(text);
    if (kind !== undefined && kind !== schemaFile && Math.abs(text.length - schema.length) > PASTED) {
      change({ schema: text, schemaFile: kind }, 'put in another schema', 'schema');
    } else {
      setText('schema', text);
    }
  };
  return (
    <div class="schema-text">
      {looks !== undefined && looks !== schemaFile && (
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

export function ModelTools({ inferAgain }: { inferAgain: () => void }) {
  return (
    <button
      type="button"
      disabled={current.value.schema.trim() === ''}
      title="Compare with a model made from the schema"
      onClick={inferAgain}
    >
      Infer again …
    </button>
  );
}

export function ModelText() {
  const { model } = current.value;
  return (
    <div class="schema-text">
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
