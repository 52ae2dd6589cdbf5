// SPDX-License-Identifier: Apache-2.0
// What a text is that somebody brings: Mermaid, SQL, or a Markdown page with diagrams in its fences.
import type { Case } from '../case/case.ts';

export type SchemaFile = Case['schemaFile'];

/** Which of the two files a text would be; undefined where it says neither. */
export function fileKind(text: string): SchemaFile | undefined {
  if (/^\s*(?:```+|~~~+)?\s*erDiagram\b/mu.test(text)) return 'schema.mmd';
  if (/\bcreate\s+(?:(?:or\s+replace|temp|temporary|unlogged|global|local|external)\s+)*table\b/iu.test(text))
    return 'schema.sql';
  return undefined;
}

/** One of the diagrams of a Markdown page. */
export interface Fence {
  text: string;
  /** Some of its tables, to tell it from the others. */
  names: string[];
}

/** The diagrams of a Markdown page, in their order; none where the text is no page. */
export function fencesOf(text: string): Fence[] {
  const fences: Fence[] = [];
  let fence: { mark: string; lines: string[] } | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (fence === undefined) {
      const mark = /^\s{0,3}(```+|~~~+)/u.exec(line)?.[1];
      if (mark !== undefined) fence = { mark, lines: [] };
    } else if (line.trim().startsWith(fence.mark) && line.trim().replaceAll(fence.mark[0]!, '') === '') {
      const inside = fence.lines.join('\n');
      if (fileKind(inside) === 'schema.mmd') fences.push({ text: `${inside}\n`, names: namesIn(inside) });
      fence = undefined;
    } else {
      fence.lines.push(line);
    }
  }
  return fences;
}

/** The first tables that a diagram describes. */
function namesIn(mermaid: string): string[] {
  const names = [...mermaid.matchAll(/^\s*"?([\p{L}\p{N}_ .-]+?)"?\s*(?:\[[^\]]*\]\s*)?\{\s*$/gmu)].map(
    (found) => found[1]!,
  );
  return [...new Set(names)];
}

/** What a case is called that is made of a file. */
export function nameFrom(file: string): string {
  const name = file.replace(/^.*[\\/]/u, '').replace(/\.[^.]*$/u, '').replace(/[^\p{L}\p{N} _-]+/gu, ' ').trim();
  return name === '' || name === 'schema' ? 'my schema' : name.slice(0, 60);
}
