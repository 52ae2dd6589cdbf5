// SPDX-License-Identifier: Apache-2.0
// The dialog for a schema of one's own: paste it, drop it, or pick a file; read at once what can be made of it; begin.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { schemaTab, showPane } from '../app/places.ts';
import { arrive } from '../carry/open.ts';
import { EMPTY } from '../case/case.ts';
import { ask } from '../engine/engine.ts';
import type { Inferred } from '../engine/shapes.ts';
import { Dialog } from '../ui/parts.tsx';
import { Cards, CountLine, Findings } from './report.tsx';
import { countsOf } from './report.ts';
import { fencesOf, fileKind, nameFrom } from './source.ts';
import { given, wantedForm } from './look.ts';

/** What the engine reads at most, in bytes. */
const MOST = 4 << 20;
const PAUSE = 250;

const HERE =
  'What can be made of it appears here at once: the kind of each table, what is assumed, what cannot be said.';
const OPENS = 'Opens a new case without rows and rules of your own. Undo brings the present one back.';

type Read = { schema: string; inferred: Inferred } | { schema: string; problem: string };

export function ImportDialog({ close }: { close: () => void }) {
  const [text, setText] = useState(given.peek()?.text ?? '');
  const [name, setName] = useState(given.peek()?.name ?? 'my schema');
  /** Which diagram of a Markdown page, from 0; -1 for all as one. */
  const [chosen, setChosen] = useState(-1);
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState('');
  const [read, setRead] = useState<Read>();
  const [reading, setReading] = useState(false);
  useEffect(() => () => void (given.value = undefined), []);
  const area = useRef<HTMLTextAreaElement>(null);

  const fences = useMemo(() => fencesOf(text), [text]);
  const schema = fences.length === 1 ? fences[0]!.text : (fences[chosen]?.text ?? text);
  const kind = fileKind(schema) ?? 'schema.mmd';

  useEffect(() => {
    if (schema.trim() === '') {
      setRead(undefined);
      setReading(false);
      return;
    }
    let current = true;
    setReading(true);
    const timer = setTimeout(() => {
      ask('infer', { schema }).then(
        (inferred) => {
          if (current) setRead({ schema, inferred });
        },
        (error: unknown) => {
          if (current) setRead({ schema, problem: error instanceof Error ? error.message : String(error) });
        },
      ).finally(() => {
        if (current) setReading(false);
      });
    }, PAUSE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [schema]);

  const take = (next: string) => {
    setText(next);
    setChosen(-1);
    setProblem('');
  };
  const takeFile = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > MOST) {
      setProblem(`${file.name} is larger than 4 MiB, more than is read. Take out what does not matter for access.`);
      return;
    }
    try {
      take(await file.text());
      setName(nameFrom(file.name));
    } catch (error) {
      setProblem(`${file.name} could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) void takeFile(file);
    else take(event.dataTransfer?.getData('text/plain') ?? '');
  };

  const inferred = read !== undefined && 'inferred' in read ? read.inferred : undefined;
  const ready = inferred !== undefined && inferred.model !== '' && read?.schema === schema && !reading;
  const start = () => {
    if (!ready) return;
    const called = name.trim() === '' ? 'my schema' : name.trim();
    arrive(
      { ...EMPTY, name: called, schemaFile: kind, schema, model: inferred.model },
      'open your own schema',
      `${called} was opened, with a first model for it`,
    );
    close();
    wantedForm.value = undefined;
    schemaTab.value = 'diagram';
    showPane('schema');
  };

  return (
    <Dialog title="Use your own schema" close={close} wide>
      <div
        class="schema-import"
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <div class="schema-import-in">
          <label for="schema-import-text">
            Paste a Mermaid ER diagram, a Markdown page with such diagrams, or <code>CREATE TABLE</code> statements; or
            drop a file here. It stays in this page.
          </label>
          <textarea
            id="schema-import-text"
            ref={area}
            autofocus
            spellcheck={false}
            wrap="off"
            placeholder={'erDiagram\n  USERS {\n    uuid id PK\n    uuid role_id FK\n  }\n  ROLES ||--o{ USERS : have'}
            value={text}
            onInput={(event) => take(event.currentTarget.value)}
          />
          <p class="schema-buttons">
            <label class="schema-file-button">
              Open a file
              <input
                type="file"
                class="hidden"
                accept=".mmd,.mermaid,.md,.markdown,.sql,.ddl,.txt,text/*"
                onChange={(event) => {
                  void takeFile(event.currentTarget.files?.[0]);
                  event.currentTarget.value = '';
                }}
              />
            </label>
            <label>
              Name <input value={name} onInput={(event) => setName(event.currentTarget.value)} />
            </label>
          </p>
          {problem !== '' && (
            <p class="bad" role="alert">
              {problem}
            </p>
          )}
          {fences.length > 1 && (
            <fieldset>
              <legend>This page has {fences.length} diagrams</legend>
              <label>
                <input type="radio" name="schema-fence" checked={chosen === -1} onChange={() => setChosen(-1)} /> all of
                them as one schema
              </label>
              {fences.map(({ names }, at) => (
                <label key={at}>
                  <input type="radio" name="schema-fence" checked={chosen === at} onChange={() => setChosen(at)} /> only
                  number {at + 1}:{' '}
                  <span class="muted">
                    {names.slice(0, 4).join(', ')}
                    {names.length > 4 && ` and ${names.length - 4} more`}
                  </span>
                </label>
              ))}
            </fieldset>
          )}
        </div>
        <div
          class="schema-import-out"
          role="region"
          aria-label="What was understood"
          tabIndex={0}
          aria-live="polite"
          aria-busy={reading}
        >
          {read === undefined ? (
            <p class="muted">{reading ? 'Reading …' : HERE}</p>
          ) : 'problem' in read ? (
            <p class="bad">It could not be read: {read.problem}</p>
          ) : (
            <Report inferred={read.inferred} />
          )}
        </div>
      </div>
      <p class="schema-buttons schema-import-end">
        <button type="button" class="first" disabled={!ready} onClick={start}>
          Start with this
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
        <span class="muted">{ready ? OPENS : 'Nothing changes until then.'}</span>
      </p>
    </Dialog>
  );
}

function Report({ inferred: { model, fidelity, findings } }: { inferred: Inferred }) {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (model === '' || fidelity === null) {
    return (
      <>
        <p class="bad">
          ✗ This schema cannot be read
          {errors > 0 && `: ${errors === 1 ? 'it has an error' : `it has ${errors} errors`}`}.
        </p>
        <Findings findings={findings} />
      </>
    );
  }
  // What was assumed stands in the report, table by table.
  const others = findings.filter(({ severity }) => severity !== 'note');
  return (
    <>
      <CountLine counts={countsOf(fidelity.tables)} tables={fidelity.tables.length} />
      <Findings findings={others} />
      <Cards fidelity={fidelity} />
    </>
  );
}
