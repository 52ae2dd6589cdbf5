// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Why something is shown or not, in words for the person in front of the screen. Translate by code.

/** The sentences, by code; ACTION stands for what is asked. */
export const SENTENCES = {
  allowed: 'Here you may: ACTION.',
  pending: 'It is not known yet whether you may do this: ACTION.',
  expired: 'What you may do has to be looked up again.',
  'signed-out': 'You are not signed in.',
  'no-grant': 'Nothing gives you the permission “ACTION” here.',
  // One sentence for both: who may do nothing with a thing must not learn that it is there.
  'not-found-or-not-yours': 'There is no such thing, or none that you may use.',
  forbidden: 'A rule forbids it.',
  incomplete: 'A rule needs to know more to decide it.',
};

/** @typedef {keyof typeof SENTENCES} Code */

/** An action's name as a word: `document:move_up` is `move up`. @param {string} action */
const word = (action) =>
  action
    .slice(action.lastIndexOf(':') + 1)
    .replace(/[-_]/g, ' ')
    .toLowerCase();

/**
 * @param {Code} code @param {string} action
 * @param {string[]} reasons the sentences of the rules that forbid it @param {string[]} allowed what may be done instead
 */
export function sentence(code, action, reasons, allowed) {
  const text = reasons.join(' ') || SENTENCES[code].replace('ACTION', () => word(action));
  if (code === 'allowed' || !allowed.length) return text;
  return `${text} Here you may: ${allowed.map(word).join(', ')}.`;
}
