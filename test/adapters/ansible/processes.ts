import { readFileSync, readdirSync } from 'node:fs';

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** Processes of this machine whose command line has a word. */
export function pidsWithWord(word: string): number[] {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return pids.filter((pid) => wordsOf(pid).some((one) => one.includes(word)));
}

/** Their command lines. */
export function withWord(word: string): string[] {
  return pidsWithWord(word).map((pid) => wordsOf(pid).join(' '));
}
