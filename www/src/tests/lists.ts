// SPDX-License-Identifier: Apache-2.0
// Rows without a test, by their table.

/** In the order in which the tables come first. A row's source is `TABLE/KEY`. */
export function byTable<T extends { source: string; row: { table: string } | null }>(
  rows: readonly T[],
): { table: string; of: T[] }[] {
  const tables = new Map<string, T[]>();
  for (const one of rows) {
    const table = one.row?.table ?? one.source.split('/')[0] ?? '';
    const of = tables.get(table);
    if (of === undefined) tables.set(table, [one]);
    else of.push(one);
  }
  return [...tables].map(([table, of]) => ({ table, of }));
}
