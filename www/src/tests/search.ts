// SPDX-License-Identifier: Apache-2.0
// Looks for a question that a policy or a row decides, so that a test can be written for it. It asks a bounded number
// of questions, those first whose words stand in the row or in the policy, and can be stopped between any two.
import type { Answer, Matrix, MatrixQuestion, Question, Uid } from '../engine/shapes.ts';

/** What is looked for: the id of a policy, or the source of a row. */
export interface Sought {
  policy?: string;
  source?: string;
  /** Texts that have something to do with it: the cells of the row, the words of the policy. */
  hints: string[];
}

export interface World {
  resources: Uid[];
  matrix: (question: MatrixQuestion) => Promise<Matrix>;
  decide: (question: Question) => Promise<Answer>;
}

export interface Found {
  question: Question;
  answer: Answer;
}

/** Resources whose matrix is asked for, and single questions that are asked. */
const MOST_RESOURCES = 60;
const MOST_QUESTIONS = 4_000;
/** Of one resource, so that many principals of a large case do not fill the memory. */
const MOST_OF_ONE = 400;
/** Asked at once, between two looks at whether to go on. */
const TOGETHER = 40;

/**
 * The first question of which the sought policy or row is a reason; undefined where none of those that were asked is.
 * `step` is told how much is done, from 0 to 1, and answers whether to go on.
 */
export async function search(
  sought: Sought,
  world: World,
  step: (done: number) => boolean,
): Promise<Found | undefined> {
  const mentioned = mentions(sought.hints);
  const first = <T>(all: T[], score: (one: T) => number) =>
    all
      .map((one, at) => ({ one, at, score: score(one) }))
      .sort((a, b) => b.score - a.score || a.at - b.at)
      .map(({ one }) => one);
  const resources = first(spread(world.resources), (uid) => mentioned(uid.id) * 3 + mentioned(uid.type)).slice(
    0,
    MOST_RESOURCES,
  );
  const candidates: Candidate[] = [];
  for (const [at, resource] of resources.entries()) {
    if (!step((at / resources.length) * 0.3)) return undefined;
    const { entities, actions, cells } = await world.matrix({ over: 'principals', resource });
    const own: Candidate[] = [];
    entities.forEach((principal, row) =>
      actions.forEach((action, column) => {
        const letter = cells[row * actions.length + column];
        if (letter !== 'a' && letter !== 'f') return;
        const score =
          mentioned(principal.id) * 3 + mentioned(action) * 2 + mentioned(resource.id) * 3 + mentioned(resource.type);
        own.push({ question: { principal, action, resource }, score });
      }),
    );
    for (const one of first(varied(own), ({ score }) => score).slice(0, MOST_OF_ONE)) candidates.push(one);
  }
  const asked = first(varied(candidates), ({ score }) => score).slice(0, MOST_QUESTIONS);
  for (let from = 0; from < asked.length; from += TOGETHER) {
    if (!step(0.3 + (from / asked.length) * 0.7)) return undefined;
    const some = asked.slice(from, from + TOGETHER);
    const answers = await Promise.all(some.map(({ question }) => world.decide(question)));
    const at = answers.findIndex(
      ({ undecided, reasons }) =>
        !undecided &&
        reasons.some(({ policy, source }) =>
          sought.source === undefined ? policy === sought.policy : source === sought.source,
        ),
    );
    if (at >= 0) return { question: some[at]!.question, answer: answers[at]! };
  }
  return undefined;
}

interface Candidate {
  question: Question;
  score: number;
}

/** How much a word has to do with what is looked for: 1 where it stands there whole, and 0 where it does not. */
function mentions(hints: string[]): (word: string) => number {
  const whole = new Set(hints.map((hint) => hint.toLowerCase()));
  const within = hints.filter((hint) => hint.length > 24).map((hint) => hint.toLowerCase());
  return (word) => {
    const text = word.toLowerCase();
    if (text === '') return 0;
    return whole.has(text) ||
      within.some((hint) => hint.includes(`"${text}"`) || hint.includes(` is ${text}`) || hint.includes(`${text}::`))
      ? 1
      : 0;
  };
}

/** One of each type first, then the second of each: a few of many types rather than many of one. */
function spread(all: Uid[]): Uid[] {
  const seen = new Map<string, number>();
  return all
    .map((uid) => {
      const nth = seen.get(uid.type) ?? 0;
      seen.set(uid.type, nth + 1);
      return { uid, nth };
    })
    .sort((a, b) => a.nth - b.nth)
    .map(({ uid }) => uid);
}

/** Questions about each action in turn, since what is decided of one action is mostly decided for one reason. */
function varied(all: Candidate[]): Candidate[] {
  const seen = new Map<string, number>();
  return all
    .map((one) => {
      const key = `${one.question.action}\0${one.question.resource.type}`;
      const nth = seen.get(key) ?? 0;
      seen.set(key, nth + 1);
      return { one, nth };
    })
    .sort((a, b) => a.nth - b.nth)
    .map(({ one }) => one);
}
