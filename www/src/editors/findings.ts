// SPDX-License-Identifier: Apache-2.0
// Findings as CodeMirror underlines them.
import type { Diagnostic } from '@codemirror/lint';
import type { Text } from '@codemirror/state';
import type { Finding } from '../engine/shapes.ts';

/** A place in a text, clamped to what is there. */
export function rangeOf(doc: Text, line: number, column = 1, length = 0): { from: number; to: number } {
  const at = doc.line(Math.min(Math.max(Math.trunc(line) || 1, 1), doc.lines));
  const from = Math.min(at.from + Math.max(Math.trunc(column) - 1 || 0, 0), at.to);
  return { from, to: Math.min(from + Math.max(Math.trunc(length) || 0, 0), at.to) };
}

/** Findings that name no line stand at the first one. */
export function diagnostics(doc: Text, findings: readonly Finding[]): Diagnostic[] {
  return findings
    .filter(({ place }) => place !== undefined)
    .map((finding): Diagnostic => {
      const { severity, message, help, place, utf16 } = finding;
      let { from, to } = rangeOf(doc, place!.line, utf16?.column ?? place!.column, utf16?.length ?? place!.length);
      // What has no width would not be seen: the character beside it is underlined.
      const line = doc.lineAt(from);
      if (from === to && place!.line > 0) {
        if (to < line.to) to += 1;
        else if (from > line.from) from -= 1;
      }
      return {
        from,
        to,
        severity: severity === 'note' ? 'info' : severity,
        message: help === undefined ? message : `${message}\n${help}`,
        renderMessage: () => rendered(finding),
      };
    });
}

const SAYS = { error: '✗ ', warning: '! ', note: '' };

function rendered({ severity, message, help }: Finding): Node {
  const whole = document.createElement('span');
  whole.append(SAYS[severity] + message);
  if (help !== undefined) {
    const more = document.createElement('div');
    more.className = 'muted';
    more.textContent = help;
    whole.append(more);
  }
  return whole;
}
