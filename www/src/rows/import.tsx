// SPDX-License-Identifier: Apache-2.0
// Rows from CSV or SQL: pasted, dropped, or a file. What would come of it is shown first; nothing changes until one
// says so.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { change, current, setTable } from '../case/store.ts';
import { ask } from '../engine/engine.ts';
import type { Rows, SqlRead } from '../engine/shapes.ts';
import { Dialog } from '../ui/parts.tsx';
import { notice } from '../ui/notices.tsx';
import { textOf } from './cell.ts';
import { type Problem, convert, joined, looksLikeHeader, looksLikeSql, mapColumns, parseCsv } from './csv.ts';
import { type View, byHand, importing, view } from './state.ts';
import { table as wantedTable } from '../app/places.ts';

/** A text longer than this is not put into a field: browsers take long to show it. */
const MOST_SHOWN = 200_000;
/** Problems that are written out. */
const MOST_PROBLEMS = 50;
const PREVIEW = 10;

const DELIMITERS: [string, string][] = [
  ['', 'as it seems'],
  [',', 'comma'],
  [';', 'semicolon'],
  ['\t', 'tab'],
  ['|', 'bar |'],
];

export function ImportDialog() {
  const given = importing.value;
  return given === undefined ? null : <Import key={given.name} given={given} />;
}

function Import({ given }: { given: { text: string; name: string } }) {
  const [text, setText] = useState(given.text);
  const [name, setName] = useState(given.name);
  const [kind, setKind] = useState<'csv' | 'sql' | undefined>(undefined);
  const [replace, setReplace] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const shown = view.value;
  const close = () => (importing.value = undefined);
  const is = kind ?? (looksLikeSql(text) || name.toLowerCase().endsWith('.sql') ? 'sql' : 'csv');
  const take = async (chosen: File | undefined) => {
    if (chosen === undefined) return;
    setText(await chosen.text());
    setName(chosen.name);
  };
  return (
    <Dialog title="Import rows" close={close} wide>
      <div
        class="rows-import"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <div class="rows-import-line">
          <span>
            CSV for {shown?.name ?? 'a table'}, or SQL with INSERTs for any tables: paste it, drop a file here, or
          </span>
          <button type="button" onClick={() => file.current?.click()}>
            Choose a file …
          </button>
          <input
            ref={file}
            type="file"
            class="hidden"
            tabIndex={-1}
            aria-label="A file of CSV or SQL"
            accept=".csv,.tsv,.txt,.sql,text/csv,text/plain,application/sql"
            onChange={(event) => void take(event.currentTarget.files?.[0])}
          />
        </div>
        {text.length > MOST_SHOWN ? (
          <p class="rows-import-file">
            {name === '' ? 'A long text' : name}, {Math.round(text.length / 1000)} kB{' '}
            <button type="button" onClick={() => setText('')}>
              Take another
            </button>
          </p>
        ) : (
          <textarea
            class="mono"
            rows={6}
            spellcheck={false}
            aria-label="CSV or SQL"
            placeholder={
              `${shown?.inSchema.slice(0, 4).join(',') ?? 'id,name'}\n…\n\nor\n\n` +
              `INSERT INTO ${shown?.name ?? 'users'} (…) VALUES (…);`
            }
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
        <fieldset class="rows-import-line">
          <legend class="hidden">How it is read</legend>
          <label>
            <input type="radio" name="rows-kind" checked={is === 'csv'} onChange={() => setKind('csv')} /> CSV
          </label>
          <label>
            <input type="radio" name="rows-kind" checked={is === 'sql'} onChange={() => setKind('sql')} /> SQL
          </label>
          <span class="space" />
          <label>
            <input type="radio" name="rows-how" checked={!replace} onChange={() => setReplace(false)} /> add to the rows
            that are there
          </label>
          <label>
            <input type="radio" name="rows-how" checked={replace} onChange={() => setReplace(true)} /> put in their
            place
          </label>
        </fieldset>
        {text.trim() === '' ? (
          <>
            <p class="muted rows-import-none">What comes of it is shown here before anything changes.</p>
            <End can={false} say="Import" act={close} close={close} />
          </>
        ) : is === 'sql' ? (
          <FromSql text={text} replace={replace} close={close} />
        ) : shown === undefined ? (
          <p class="warn">There is no table yet that CSV could go to: write a schema first, or import SQL.</p>
        ) : (
          <FromCsv text={text} shown={shown} replace={replace} close={close} />
        )}
      </div>
    </Dialog>
  );
}

function End(props: { can: boolean; say: string; act: () => void; close: () => void }) {
  return (
    <div class="rows-form-end">
      <button type="button" class="first" disabled={!props.can} onClick={props.act}>
        {props.say}
      </button>
      <button type="button" onClick={props.close}>
        Cancel
      </button>
    </div>
  );
}

const count = (many: number) => (many === 1 ? '1 row' : `${many} rows`);
/** The tables that an import is about, in a few words. */
const named = (names: string[]) => (names.length === 1 ? names[0]! : `${names.length} tables`);

function FromCsv({ text, shown, replace, close }: { text: string; shown: View; replace: boolean; close: () => void }) {
  // A file without names has its fields as the schema has its columns.
  const columns = useMemo(
    () => shown.inSchema.map((name) => shown.columns.find((column) => column.name === name)!),
    [shown.columns],
  );
  const [delimiter, setDelimiter] = useState('');
  const [header, setHeader] = useState<boolean | undefined>(undefined);
  const [chosen, setChosen] = useState<Record<number, string>>({});
  const csv = useMemo(() => parseCsv(text, delimiter), [text, delimiter]);
  const first = csv.records[0] ?? [];
  const headed = header ?? looksLikeHeader(first, columns);
  const guessed = mapColumns(first, headed, columns);
  const taken = new Set(Object.values(chosen));
  const mapping = guessed.map((name, at) => chosen[at] ?? (taken.has(name) ? '' : name));
  const mapped = mapping.join('\n');
  const ready = useMemo(() => convert(csv, headed, mapping, columns), [csv, headed, mapped, columns]);
  const { rows } = ready.table;
  const act = () => {
    const before = current.value.rows[shown.name];
    byHand(() =>
      setTable(shown.name, joined(before, ready.table, replace), `import ${count(rows.length)} into ${shown.name}`),
    );
    notice(`${count(rows.length)} imported into ${shown.name}. Undo takes them back.`);
    close();
  };
  return (
    <>
      <div class="rows-import-line">
        <label>
          Between the fields:{' '}
          <select value={delimiter} onChange={(event) => setDelimiter(event.currentTarget.value)}>
            {DELIMITERS.map(([value, says]) => (
              <option key={value} value={value}>
                {value === '' ? `${says} (${csv.delimiter === '\t' ? 'tab' : csv.delimiter})` : says}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={headed}
            onChange={(event) => {
              setHeader(event.currentTarget.checked);
              setChosen({});
            }}
          />{' '}
          the first line names the columns
        </label>
      </div>
      <div class="rows-preview" tabIndex={0} role="region" aria-label="What comes of it">
        <table>
          <thead>
            <tr>
              <th scope="col">Line</th>
              {mapping.map((name, at) => (
                <th key={at} scope="col">
                  <div class="muted rows-field-of">{headed ? first[at] : `field ${at + 1}`}</div>
                  <select
                    aria-label={`Column for ${headed ? first[at] : `field ${at + 1}`}`}
                    value={name}
                    onChange={(event) => setChosen({ ...chosen, [at]: event.currentTarget.value })}
                  >
                    <option value="">(left out)</option>
                    {columns.map((column) => (
                      <option
                        key={column.name}
                        value={column.name}
                        disabled={mapping.includes(column.name) && column.name !== name}
                      >
                        {column.name}
                      </option>
                    ))}
                  </select>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, PREVIEW).map((cells, row) => (
              <tr key={row}>
                <th scope="row">{csv.lines[row + (headed ? 1 : 0)]}</th>
                {mapping.map((name, at) => {
                  const column = columns.findIndex((one) => one.name === name);
                  const problem = ready.cells.get(`${row}/${name}`);
                  const cell = cells[column] ?? null;
                  const original = csv.records[row + (headed ? 1 : 0)]?.[at] ?? '';
                  return (
                    <td
                      key={at}
                      class={problem !== undefined ? 'rows-error' : column < 0 ? 'muted' : ''}
                      title={problem}
                    >
                      {problem !== undefined && (
                        <span class="bad">
                          ✗<span class="hidden"> {problem}</span>{' '}
                        </span>
                      )}
                      {column < 0 ? (
                        <s>{original}</s>
                      ) : cell === null ? (
                        <span class="rows-null">NULL</span>
                      ) : columns[column]?.secret === true ? (
                        '••••••'
                      ) : (
                        textOf(cell)
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > PREVIEW && <p class="muted">… and {count(rows.length - PREVIEW)} more.</p>}
      <Problems problems={ready.problems} />
      <End
        can={rows.length > 0 && mapping.some((name) => name !== '')}
        say={
          rows.length === 0
            ? 'Import'
            : replace
              ? `Put ${count(rows.length)} in place of ${shown.name}’s ${shown.count}`
              : `Add ${count(rows.length)} to ${shown.name}`
        }
        act={act}
        close={close}
      />
    </>
  );
}

function Problems({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return <p class="good">✓ Everything fits its column.</p>;
  return (
    <details class="rows-problems" open={problems.length <= 6}>
      <summary class="warn">
        ! {problems.length} {problems.length === 1 ? 'thing does' : 'things do'} not fit. What does not is kept as text,
        and marked.
      </summary>
      <ul>
        {problems.slice(0, MOST_PROBLEMS).map(({ line, column, says }, at) => (
          <li key={at}>
            Line {line}
            {column !== '' && `, ${column}`}: {says}
          </li>
        ))}
        {problems.length > MOST_PROBLEMS && <li>… and {problems.length - MOST_PROBLEMS} more</li>}
      </ul>
    </details>
  );
}

function FromSql({ text, replace, close }: { text: string; replace: boolean; close: () => void }) {
  const [read, setRead] = useState<SqlRead | undefined>(undefined);
  const [broke, setBroke] = useState('');
  useEffect(() => {
    let old = false;
    setBroke('');
    const timer = setTimeout(() => {
      ask('readSql', { sql: text }).then(
        (found) => old || setRead(found),
        (error: unknown) => {
          if (old) return;
          setRead(undefined);
          setBroke(error instanceof Error ? error.message : String(error));
        },
      );
    }, 150);
    return () => {
      old = true;
      clearTimeout(timer);
    };
  }, [text]);
  if (broke !== '') return <p class="bad">✗ The text cannot be read: {broke}</p>;
  if (read === undefined) return <p class="muted rows-import-none">Reading …</p>;
  const tables = Object.entries(read.rows).filter(([, { rows }]) => rows.length > 0);
  const all = tables.reduce((sum, [, { rows }]) => sum + rows.length, 0);
  const into = named(tables.map(([name]) => name));
  const errors = read.findings.filter(({ severity }) => severity === 'error').length;
  const act = () => {
    const rows: Rows = { ...current.value.rows };
    for (const [name, added] of tables) rows[name] = joined(rows[name], added, replace);
    byHand(() => change({ rows }, `import ${count(all)} from SQL`));
    if (tables[0] !== undefined && !tables.some(([name]) => name === view.value?.name))
      wantedTable.value = tables[0][0];
    notice(`${count(all)} imported into ${into}. Undo takes them back.`);
    close();
  };
  return (
    <>
      <div class="rows-preview" tabIndex={0} role="region" aria-label="What comes of it">
        <table>
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col">There now</th>
              <th scope="col">In the text</th>
              <th scope="col">Afterwards</th>
            </tr>
          </thead>
          <tbody>
            {tables.map(([name, { rows }]) => {
              const now = current.value.rows[name]?.rows.length ?? 0;
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{now}</td>
                  <td>{rows.length}</td>
                  <td>{replace ? rows.length : now + rows.length}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {tables.length === 0 && <p class="warn">No rows in this text.</p>}
      {read.findings.length > 0 ? (
        <details class="rows-problems" open={read.findings.length <= 6}>
          <summary class={errors > 0 ? 'bad' : 'warn'}>
            {errors > 0 ? '✗' : '!'} {read.findings.length} {read.findings.length === 1 ? 'thing' : 'things'} to say
            about the text
            {errors > 0 && '; what cannot be read is left out'}
          </summary>
          <ul>
            {read.findings.slice(0, MOST_PROBLEMS).map(({ message, help, place }, at) => (
              <li key={at}>
                {place !== undefined &&
                  place !== null &&
                  place.line > 0 &&
                  `Line ${place.line}, column ${place.column}: `}
                {message} {help !== undefined && <span class="muted">{help}</span>}
              </li>
            ))}
            {read.findings.length > MOST_PROBLEMS && <li>… and {read.findings.length - MOST_PROBLEMS} more</li>}
          </ul>
        </details>
      ) : (
        tables.length > 0 && <p class="good">✓ Everything could be read.</p>
      )}
      <End
        can={all > 0}
        say={
          all === 0
            ? 'Import'
            : replace
              ? `Put ${count(all)} in place of what is there`
              : `Add ${count(all)} to ${into}`
        }
        act={act}
        close={close}
      />
    </>
  );
}
