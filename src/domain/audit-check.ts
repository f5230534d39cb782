import type { AuditHead, AuditLine, TrailPlace } from './audit.js';
import { auditText, BEFORE_THE_FIRST, eventFrom, waitingLines } from './audit-trail.js';
import { canonicalJson, type Json } from './canonical-json.js';
import { sha256 } from './sha256.js';

/** What lies in the store under one name. */
export interface StoredLine {
  readonly name: string;
  readonly text: string;
}

/** The name that a line is kept under. */
export function lineName(sequence: number): string {
  return `${String(sequence).padStart(12, '0')}.json`;
}

/**
 * What is wrong with a trail.
 * - `changed`: the line is not what the next one, or the environment, says it was
 * - `moved`: another line lies in its place
 * - `removed`: it is not there
 * - `unknown`: the environment never wrote it
 * - `foreign`: no line of a trail at all
 */
export interface AuditFinding {
  readonly problem: 'changed' | 'moved' | 'removed' | 'unknown' | 'foreign';
  /** `null` where it is not about a line's place. */
  readonly sequence: number | null;
  /** For people. */
  readonly sentence: string;
}

/** What the environment itself says of its trail, asked before the store was read and after it. */
export interface Remembered {
  readonly before: AuditHead;
  readonly after: AuditHead;
}

/** A trail that was read and checked. */
export interface CheckedTrail {
  readonly place: TrailPlace;
  /** The lines that can be read, in order. */
  readonly lines: readonly AuditLine[];
  readonly findings: readonly AuditFinding[];
}

interface Item {
  readonly text: string;
  /** `null`: it is no line of this trail's form. */
  readonly line: AuditLine | null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The line that a text is, byte for byte; `null` where it is none. */
export function lineFrom(text: string): AuditLine | null {
  const value = parsed(text);
  const event = eventFrom(value);
  if (value === null || event === null || `${canonicalJson(value as Json)}\n` !== text) return null;
  const { schema, application, environment, incarnation, sequence, previous } = value;
  const place = { schema, application, environment, incarnation, sequence, previous };
  const line = { ...event, ...place } as AuditLine;
  const isLine = schema === 'safeguard/audit/v1' && Number.isSafeInteger(sequence);
  return isLine && auditText(line) === text ? line : null;
}

const NAME = /^(\d{12})\.json$/;

function itemsOf(stored: readonly StoredLine[]): Map<number, Item> {
  const numbered = stored.flatMap(({ name, text }): [number, Item][] => {
    const sequence = Number(NAME.exec(name)?.[1] ?? 0);
    return sequence === 0 ? [] : [[sequence, { text, line: lineFrom(text) }]];
  });
  return new Map(numbered.sort(([a], [b]) => a - b));
}

function foreign(stored: readonly StoredLine[]): AuditFinding[] {
  return stored
    .filter(({ name }) => Number(NAME.exec(name)?.[1] ?? 0) === 0)
    .map(({ name }) => ({ problem: 'foreign', sequence: null, sentence: `${name} is no line of a trail.` }));
}

function isOf(place: TrailPlace, line: AuditLine): boolean {
  return (
    line.application === place.application &&
    line.environment === place.environment &&
    line.incarnation === place.incarnation
  );
}

/** Who says what a line's hash is. */
interface Word {
  readonly hash: string;
  readonly by: string;
  /** Whether the one who says it was found to be true: yes; no, it is the last one; no, the one after it was found to be wrong. */
  readonly vouched: 'yes' | 'last' | 'no';
}

/** Hashes that the environment vouches for, by sequence number. */
function wordsOf(place: TrailPlace, remembered: Remembered | null): Map<number, Word> {
  if (!remembered) return new Map();
  const by = 'the environment';
  const heads = [remembered.before, remembered.after].map(({ sequence, hash }): [number, Word] => [
    sequence,
    { hash, by, vouched: 'yes' },
  ]);
  const waiting = [remembered.before, remembered.after].flatMap((head) =>
    waitingLines(head, place).map((line): [number, Word] => [
      line.sequence,
      { hash: sha256(auditText(line)), by, vouched: 'yes' },
    ]),
  );
  return new Map([...waiting, ...heads]);
}

function about(problem: AuditFinding['problem'], sequence: number, sentence: string): AuditFinding {
  return { problem, sequence, sentence };
}

/** What is wrong with one line by itself. */
function wrongInItself(place: TrailPlace, sequence: number, { line }: Item): AuditFinding | null {
  if (!line)
    return about('changed', sequence, `line ${sequence} is not of the form in which it was written.`);
  if (!isOf(place, line))
    return about('moved', sequence, `line ${sequence} belongs to another trail (${line.incarnation}).`);
  return line.sequence === sequence
    ? null
    : about('moved', sequence, `in place of line ${sequence} there is line ${line.sequence}.`);
}

function follows(items: ReadonlyMap<number, Item>, sequence: number): boolean {
  const before = sequence === 1 ? BEFORE_THE_FIRST : sha256(items.get(sequence - 1)?.text ?? '');
  return items.get(sequence)?.line?.previous === before;
}

/** Two lines contradict each other: the one that somebody vouches for is right, or else the one that fits the lines before it. */
function wrongByWord(
  items: ReadonlyMap<number, Item>,
  sequence: number,
  word: Word | undefined,
): AuditFinding | null {
  if (!word || sha256(items.get(sequence)?.text ?? '') === word.hash) return null;
  if (word.vouched === 'yes')
    return about('changed', sequence, `line ${sequence} is not what ${word.by} says it was.`);
  const suspect = word.vouched === 'no' && follows(items, sequence) ? sequence + 1 : sequence;
  const sentence = `line ${sequence} is not what ${word.by} says it was, for which nothing vouches: one of them was changed.`;
  return about('changed', suspect, sentence);
}

/** The lines from the last to the first: each one that is true vouches for the one before it. */
function walkBack(
  place: TrailPlace,
  items: ReadonlyMap<number, Item>,
  last: number,
  words: ReadonlyMap<number, Word>,
): AuditFinding[] {
  const findings: AuditFinding[] = [];
  let successor: Word | undefined;
  for (let sequence = last; sequence > 0; sequence -= 1) {
    const item = items.get(sequence);
    const word = words.get(sequence) ?? successor;
    const wrong = item
      ? (wrongInItself(place, sequence, item) ?? wrongByWord(items, sequence, word))
      : about('removed', sequence, `line ${sequence} is missing.`);
    if (wrong) findings.unshift(wrong);
    const isWrong = wrong?.sequence === sequence;
    const vouched = word && !wrong ? 'yes' : sequence === last ? 'last' : 'no';
    successor =
      isWrong || !item?.line ? undefined : { hash: item.line.previous, by: `line ${sequence}`, vouched };
  }
  if (successor && successor.hash !== BEFORE_THE_FIRST)
    findings.unshift(about('changed', 1, 'line 1 says that there was a line before it.'));
  return findings;
}

/** Lines that an environment which remembers its trail can't have written. */
function unknownTo(items: ReadonlyMap<number, Item>, remembered: Remembered | null): AuditFinding[] {
  if (!remembered) return [];
  const { sequence, outbox } = remembered.after;
  return [...items.keys()]
    .filter((number) => number > sequence + outbox.length)
    .map((number) => about('unknown', number, `the environment never wrote line ${number}.`));
}

/**
 * Checks one trail. Without what the environment remembers (its life is over, or nobody answers) nothing vouches for the last line, and
 * lines that were removed after it are not missed.
 */
export function checkTrail(
  place: TrailPlace,
  stored: readonly StoredLine[],
  remembered: Remembered | null = null,
): CheckedTrail {
  const items = itemsOf(stored);
  const unknown = unknownTo(items, remembered);
  const known = new Map(
    [...items].filter(([number]) => !unknown.some(({ sequence }) => sequence === number)),
  );
  const last = Math.max(0, remembered?.before.sequence ?? 0, ...known.keys());
  const words = wordsOf(place, remembered);
  const lines = [...items.values()].flatMap(({ line }) => (line ? [line] : []));
  return {
    place,
    lines,
    findings: [...walkBack(place, known, last, words), ...unknown, ...foreign(stored)],
  };
}
