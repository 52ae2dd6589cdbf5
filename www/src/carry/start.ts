// SPDX-License-Identifier: Apache-2.0
// With which case the page begins.
import { EMPTY } from '../case/case.ts';
import { begin } from '../case/store.ts';

export async function start(): Promise<void> {
  begin(EMPTY);
}
