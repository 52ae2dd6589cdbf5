// SPDX-License-Identifier: Apache-2.0
// Texts made small, for addresses and for what the browser keeps; and back, never larger than is good for the page.
import { Inflate, deflateSync, type DeflateOptions } from 'fflate';

/** What comes out of a squeezed text at most, in bytes. */
export const MOST_BYTES = 20_000_000;
/**
 * Deflate makes a byte of at most this many: the pieces in which is read are small, so that little is made too much.
 */
const PIECE = 8_192;
/** Functions take only so many arguments. */
const LETTERS = 32_768;

/** Deflated, as base64 for addresses. Throws where it is too large. */
export function squeeze(text: string, level: NonNullable<DeflateOptions['level']> = 9): string {
  const plain = new TextEncoder().encode(text);
  // What could not be read again is not written.
  if (plain.length > MOST_BYTES) throw new Error(`The case is larger than ${size(MOST_BYTES)}.`);
  const bytes = deflateSync(plain, { level });
  let letters = '';
  for (let at = 0; at < bytes.length; at += LETTERS)
    letters += String.fromCharCode(...bytes.subarray(at, at + LETTERS));
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * The text again. Throws where it is none, is cut, or would be larger than `most` bytes; the message completes "it …".
 */
export function unsqueeze(squeezed: string, most = MOST_BYTES): string {
  if (!/^[A-Za-z0-9_-]*$/.test(squeezed) || squeezed.length % 4 === 1)
    throw new Error('holds other letters than it was made of, or lacks some');
  if (squeezed.length > most) throw new Error(`is longer than ${size(most)}`);
  const letters = atob(squeezed.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(inflated(bytes, most));
}

function inflated(bytes: Uint8Array, most: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const inflate = new Inflate((piece) => {
    length += piece.length;
    pieces.push(piece);
  });
  try {
    for (let at = 0; at < bytes.length || at === 0; at += PIECE) {
      inflate.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
      if (length > most) break;
    }
  } catch {
    throw new Error('is cut short or damaged');
  }
  if (length > most) throw new Error(`holds more than ${size(most)}`);
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const size = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`;
