// SPDX-License-Identifier: Apache-2.0
// The line at the foot: what was found, what the engine is doing, and a way to stop it.
import { useEffect, useState } from 'preact/hooks';
import { results, resume, state, stop, took } from '../engine/engine.ts';
import type { Finding } from '../engine/shapes.ts';
import { Dialog, RowLink, TextLink } from '../ui/parts.tsx';
import { findings } from './badges.ts';

/** Work that takes longer than this many milliseconds is said, and can be stopped. */
const LONG = 300;

export function Foot() {
  const [open, setOpen] = useState(false);
  const all = findings.value;
  const count = (severity: string) => all.filter((one) => one.severity === severity).length;
  const errors = count('error');
  const warnings = count('warning');
  const words = [
    errors > 0 ? `✗ ${errors} ${errors === 1 ? 'error' : 'errors'}` : '',
    warnings > 0 ? `! ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}` : '',
  ].filter((text) => text !== '');
  const given = results.answer.value;
  const time = given === undefined || 'problem' in given ? undefined : took.value.answer;
  return (
    <footer class="foot">
      <button
        type="button"
        class={`quiet ${errors > 0 ? 'bad' : warnings > 0 ? 'warn' : ''}`}
        onClick={() => setOpen(true)}
        disabled={all.length === 0}
      >
        {words.length > 0 ? words.join(', ') : '✓ no problems'}
      </button>
      <Working />
      <span class="space" />
      {time !== undefined && (
        <span class="muted">decided in {time < 0.1 ? '< 0.1' : time.toFixed(1)} ms, in this page</span>
      )}
      {open && (
        <Dialog title="What was found" close={() => setOpen(false)} wide>
          <ul class="findings">
            {[...all].sort(byWeight).map((finding, at) => (
              <li key={at} onClick={() => setOpen(false)}>
                <FindingLine finding={finding} />
              </li>
            ))}
          </ul>
        </Dialog>
      )}
    </footer>
  );
}

const WEIGHT = { error: 0, warning: 1, note: 2 };
const byWeight = (a: Finding, b: Finding) => WEIGHT[a.severity] - WEIGHT[b.severity];

/** One finding: how much it matters, what it says, where it is, and the way out. */
export function FindingLine({ finding }: { finding: Finding }) {
  const { severity, message, help, place, row, utf16 } = finding;
  const sign = { error: '✗ error', warning: '! warning', note: 'note' }[severity];
  const tone = { error: 'bad', warning: 'warn', note: 'muted' }[severity];
  return (
    <>
      <span class={tone}>{sign}</span> {message}{' '}
      {place?.file !== undefined && (
        <TextLink
          place={{ file: place.file, line: Math.max(place.line, 1), column: utf16?.column, length: utf16?.length }}
        >
          {place.file}
          {place.line > 0 && `:${place.line}`}
        </TextLink>
      )}
      {row != null && <RowLink row={row}>{row.row === null ? row.table : `${row.table}, row ${row.row + 1}`}</RowLink>}
      {help !== undefined && <div class="muted">{help}</div>}
    </>
  );
}

function Working() {
  const now = state.value;
  const [long, setLong] = useState(false);
  const since = now.is === 'working' ? now.since : undefined;
  useEffect(() => {
    setLong(false);
    if (since === undefined) return;
    const timer = setTimeout(() => setLong(true), LONG);
    return () => clearTimeout(timer);
  }, [since]);
  switch (now.is) {
    case 'loading':
      return <span class="muted">Loading the engine …</span>;
    case 'working':
      return long ? (
        <span>
          Working … <button type="button" onClick={stop}>Stop</button>
        </span>
      ) : null;
    case 'stopped':
      return (
        <span class="warn">
          Stopped: what you see is from before. <button type="button" onClick={resume}>Go on</button>
        </span>
      );
    case 'broken':
      return (
        <span class="bad" title={now.why}>
          The engine broke on this input; your work is kept.{' '}
          <button type="button" onClick={resume}>
            Start it again
          </button>
        </span>
      );
    default:
      return null;
  }
}
