// SPDX-License-Identifier: Apache-2.0
// A sentence of the engine: what stands between backticks is a name of the schema or a piece of Cedar.
export function Said({ text }: { text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
