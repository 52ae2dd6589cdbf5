// SPDX-License-Identifier: Apache-2.0
// Which lines and rows differ: texts side by side where there is room, rows by their key.
import { useRef } from 'preact/hooks';
import { showText } from '../app/places.ts';
import { Empty, RowLink } from '../ui/parts.tsx';
import { useAtLeast } from '../ui/width.ts';
import {
  type Line,
  type RowChanged,
  type TableChange,
  type TextChange,
  around,
  cellText,
  pairs,
  tableSays,
} from './diff.ts';
import { instants, tables, texts } from './state.ts';

/** From this width on, both texts stand side by side. */
const WIDE = 640;
/** Lines of a text, and rows of a table, that are shown. */
const MOST = 400;

export function Differences() {
  const root = useRef<HTMLDivElement>(null);
  const wide = useAtLeast(WIDE, root);
  const at = instants.value;
  return (
    <div class="changes-differences" ref={root}>
      {at !== undefined && (
        <p>
          Decisions are made at another time: <del>{at.before || 'now'}</del> <ins>{at.after || 'now'}</ins>
        </p>
      )}
      {texts.value.map((change) => (
        <TextDifference key={change.key} change={change} wide={wide} />
      ))}
      {tables.value.map((change) => (
        <RowsDifference key={change.table} change={change} />
      ))}
      {texts.value.length + tables.value.length === 0 && at === undefined && (
        <Empty>Texts and rows are as they were.</Empty>
      )}
    </div>
  );
}

function TextDifference({ change, wide }: { change: TextChange; wide: boolean }) {
  const all = around(change.lines);
  const shown = all.slice(0, MOST);
  const go = (line: number) => showText({ file: change.file, line });
  const first = change.lines.find(({ sign }) => sign === '+')?.after ?? 1;
  return (
    <section>
      <h3>
        <button type="button" class="link" onClick={() => go(first)}>
          {change.file}
        </button>{' '}
        <LineCounts change={change} />
      </h3>
      {change.added + change.removed === 0 ? (
        <p class="muted">Only line ends differ.</p>
      ) : wide ? (
        <table class="changes-diff" aria-label={`${change.file}: before and now`}>
          <Columns count={2} />
          <thead>
            <tr>
              <th colSpan={2}>before</th>
              <th colSpan={2}>now</th>
            </tr>
          </thead>
          <tbody>
            {pairs(shown).map((pair) =>
              'left' in pair ? (
                <Left count={pair.left} columns={4} />
              ) : (
                <tr>
                  <Side line={pair.before} number={pair.before?.before} />
                  <Side line={pair.after} number={pair.after?.after} />
                </tr>
              ),
            )}
          </tbody>
        </table>
      ) : (
        <table class="changes-diff" aria-label={`${change.file}: lines that went and came`}>
          <Columns count={1} />
          <tbody>
            {shown.map((line) =>
              'left' in line ? (
                <Left count={line.left} columns={2} />
              ) : (
                <tr>
                  <Side line={line} number={line.after ?? line.before} />
                </tr>
              ),
            )}
          </tbody>
        </table>
      )}
      {all.length > MOST && <p class="muted">and {all.length - MOST} more lines</p>}
    </section>
  );
}

const LineCounts = ({ change: { added, removed } }: { change: TextChange }) => (
  <small>
    {added > 0 && <span class="good">+{added}</span>} {removed > 0 && <span class="bad">−{removed}</span>}{' '}
    {added + removed === 1 ? 'line' : 'lines'}
  </small>
);

/** Numbers have a column of one width, texts share the rest. */
const Columns = ({ count }: { count: number }) => (
  <colgroup>
    {Array.from({ length: count }, (_, at) => (
      <>
        <col key={`number${at}`} class="changes-number" />
        <col key={`text${at}`} />
      </>
    ))}
  </colgroup>
);

const Left = ({ count, columns }: { count: number; columns: number }) => (
  <tr class="changes-left">
    <td colSpan={columns}>
      {count} {count === 1 ? 'line' : 'lines'} alike
    </td>
  </tr>
);

function Side({ line, number }: { line: Line | undefined; number: number | undefined }) {
  if (line === undefined) return <><td class="changes-number" /><td class="changes-nothing" /></>;
  return (
    <>
      <td class="changes-number">{number}</td>
      <td data-sign={line.sign === ' ' ? undefined : line.sign}>
        <span class="changes-sign">{line.sign === '-' ? '−' : line.sign}</span>
        {line.text}
      </td>
    </>
  );
}

function RowsDifference({ change }: { change: TableChange }) {
  const { table, added, removed, changed } = change;
  const signed = (sign: string, rows: RowChanged[]) => rows.map((row) => ({ sign, row }));
  const all = [...signed('~', changed), ...signed('+', added), ...signed('−', removed)];
  return (
    <section>
      <h3>
        {table} <small class="muted">{tableSays(change)}</small>
      </h3>
      <ul class="changes-rows">
        {all.slice(0, MOST).map(({ sign, row }) => (
          <li>
            <span class={`changes-sign ${sign === '+' ? 'good' : sign === '−' ? 'bad' : 'warn'}`} aria-hidden="true">
              {sign}
            </span>
            <span class="hidden">{{ '+': 'added: ', '−': 'removed: ', '~': 'changed: ' }[sign]}</span>
            <span>
              {row.row === null ? (
                row.key
              ) : (
                <RowLink row={{ table, row: row.row, column: sign === '~' ? (row.cells[0]?.column ?? null) : null }}>
                  {row.key}
                </RowLink>
              )}{' '}
              <Cells of={row.cells} />
            </span>
          </li>
        ))}
      </ul>
      {all.length > MOST && <p class="muted">and {all.length - MOST} more rows</p>}
    </section>
  );
}

const Cells = ({ of }: { of: RowChanged['cells'] }) => (
  <span class="changes-cells">
    {of.slice(0, 12).map(({ column, before, after }) => (
      <span>
        {column}{' '}
        {before !== undefined && after !== undefined ? (
          <>
            <del>{cellText(before)}</del> → <ins>{cellText(after)}</ins>
          </>
        ) : (
          <span>{cellText(before ?? after)}</span>
        )}
      </span>
    ))}
  </span>
);
