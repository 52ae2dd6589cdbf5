// SPDX-License-Identifier: Apache-2.0
// A sentence of the engine: what stands between backticks is a name of the schema or a piece of Cedar.
import { readable } from '../ui/visible.ts';

export function Said({ text }: { text: string }) {
  return <>{readable(text).split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
