// SPDX-License-Identifier: Apache-2.0
// Times in cells: read in the forms that the engine reads, shown so that people can read them, and said relative to the
// instant of the decisions.
import type { Cell } from '../engine/shapes.ts';

/** The years 0000 to 9999. */
const MIN = -62_167_219_200_000;
const MAX = 253_402_300_799_999;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TEXT = /^(\d{4})-(\d\d)-(\d\d)([Tt ])(\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?$/;

/** Milliseconds since 1970; null for NULL, undefined for what is no time. */
export function readTime(cell: Cell): number | null | undefined {
  if (cell === null) return null;
  if (typeof cell === 'number') return Number.isInteger(cell) ? within(cell * 1000) : undefined;
  if (typeof cell !== 'string') return undefined;
  if (/^\d{1,11}$/.test(cell)) return within(Number(cell) * 1000);
  const parts = TEXT.exec(cell);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 5, 6, 7].map((at) => Number(parts[at])) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zone = parts[9];
  // Without a zone, only the form of databases is read: a space between date and time, in UTC.
  if (zone === undefined && parts[4] !== ' ') return undefined;
  if (month < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  // What is below a millisecond is cut off, so that nothing lasts longer than it says.
  const fraction = Number((parts[8] ?? '.0').slice(1, 4).padEnd(3, '0'));
  return within(date.getTime() + hour * HOUR + minute * MINUTE + second * 1000 + fraction - offset(zone));
}

const within = (millis: number) => (millis >= MIN && millis <= MAX ? millis : undefined);

function offset(zone: string | undefined): number {
  if (zone === undefined || zone.length === 1) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return (zone[0] === '-' ? -minutes : minutes) * MINUTE;
}

/** `2026-06-30 12:00`, in UTC; with seconds and milliseconds where there are any. */
export function showTime(millis: number): string {
  const text = new Date(millis).toISOString();
  const [date, time] = [text.slice(0, -14), text.slice(-13)];
  const end = time.endsWith('00.000Z') ? 5 : time.endsWith('.000Z') ? 8 : 12;
  return `${date} ${time.slice(0, end)}`;
}

/** As a cell holds it: `2026-06-30T12:00:00Z`. */
export function writeTime(millis: number): string {
  return new Date(millis).toISOString().replace('.000Z', 'Z');
}

const UNITS: [number, string][] = [
  [365.25 * DAY, 'year'],
  [30.44 * DAY, 'month'],
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
  [1000, 'second'],
];

/** How far a time is from `at`, in words: `5 months ago`, `in 3 days`, `now`. */
export function relative(millis: number, at: number): string {
  const far = Math.abs(millis - at);
  const [size, unit] = UNITS.find(([size]) => far >= size) ?? [0, ''];
  if (size === 0) return 'now';
  const count = Math.floor(far / size);
  const words = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return millis < at ? `${words} ago` : `in ${words}`;
}

/** The same for a time at which a row ends: a row that ends at the very instant conveys nothing any more. */
export function endsIn(millis: number, at: number): string {
  const words = relative(millis, at);
  return millis <= at ? `ended ${words}` : `ends ${words}`;
}

/** Times that one often wants, relative to `at`, each with its words. */
export function nearTimes(at: number): { value: string; label: string }[] {
  const whole = Math.floor(at / 1000) * 1000;
  const steps: [number, string][] = [
    [0, 'the instant of the decisions'],
    [HOUR, 'in 1 hour'],
    [DAY, 'in 1 day'],
    [30 * DAY, 'in 30 days'],
    [365 * DAY, 'in 1 year'],
    [-HOUR, '1 hour ago'],
    [-DAY, '1 day ago'],
    [-30 * DAY, '30 days ago'],
  ];
  return steps.map(([step, label]) => ({ value: writeTime(whole + step), label }));
}
