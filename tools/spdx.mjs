// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Which licences may be part of what is shipped, and which only of what builds it.

/** Licences whose code may be part of a work under Apache-2.0. To add one, read it first. */
export const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BSL-1.0',
  'CC0-1.0',
  // Of data: the list of certificate authorities that the command trusts. It asks for nothing but this text to go along.
  'CDLA-Permissive-2.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unicode-3.0',
  'Unlicense',
  'Zlib',
]);

/** Tools are run, not linked and not shipped: for them this does no harm either. */
export const ALLOWED_FOR_TOOLS = new Set([
  ...ALLOWED,
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'EPL-2.0',
  'LGPL-3.0-or-later',
  'MPL-2.0',
]);

/** Packages whose manifest says nothing, by the text that they bring. @type {Record<string, string>} */
export const UNSAID = { khroma: 'MIT' };

/**
 * Whether an SPDX expression can be met with allowed licences alone.
 *
 * @param {string} expression
 * @param {Set<string>} allowed
 */
export function isMet(expression, allowed) {
  // Old manifests write `MIT/Apache-2.0` for OR.
  const tokens = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  /** @type {() => boolean} */
  const either = () => {
    let met = both();
    while (tokens[0] === 'OR') {
      tokens.shift();
      met = both() || met;
    }
    return met;
  };
  /** @type {() => boolean} */
  const both = () => {
    let met = one();
    while (tokens[0] === 'AND') {
      tokens.shift();
      met = one() && met;
    }
    return met;
  };
  /** @type {() => boolean} */
  const one = () => {
    if (tokens[0] === '(') {
      tokens.shift();
      const met = either();
      return tokens.shift() === ')' && met;
    }
    const licence = tokens.shift() ?? '';
    return allowed.has(tokens[0] === 'WITH' ? `${licence} ${tokens.splice(0, 2).join(' ')}` : licence);
  };
  return either() && tokens.length === 0;
}
