// SPDX-License-Identifier: Apache-2.0
// Text of strangers (a link's rows, say) within sentences of ours. Characters that cannot be seen, and those that turn the
// order of what follows, could make a sentence read as another one: they are shown by their numbers. The text itself stays
// as it is.

const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
/** More letters than this without a space are no word that anybody reads. */
const LONG = /\S{121,}/gu;

const number = (character: string) => `‹U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}›`;

/** With everything in it that has a say in how it reads. */
export const visible = (text: string) => text.replace(HIDDEN, number);

/** The same for a sentence: of endless words, the beginning and the end. */
export const readable = (text: string) =>
  visible(text).replace(LONG, (word) => {
    const letters = [...word];
    return `${letters.slice(0, 60).join('')}…${letters.slice(-20).join('')}`;
  });
