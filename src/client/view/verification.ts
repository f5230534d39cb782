import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Verification, VerifiedHost } from '../../domain/recovery.js';
import { printable } from './printable.js';
import { PLAIN_TABLE } from './progress-table.js';

const WORDS: Readonly<Record<VerifiedHost['state'], string>> = {
  serves: '✓ serves it',
  differs: '✗ differs',
  unknown: '? unknown',
};

function stateOf({ state, evicted }: VerifiedHost, colour: ChalkInstance): string {
  const word = evicted ? `${WORDS[state]} (evicted)` : WORDS[state];
  if (evicted) return colour.dim(word);
  return state === 'serves' ? colour.green(word) : colour.red(word);
}

function hostTable(hosts: readonly VerifiedHost[], colour: ChalkInstance): string {
  const head = ['host', 'state'].map((text) => colour.dim(text));
  const table = new Table({ ...PLAIN_TABLE, head });
  table.push(...hosts.map((host) => [host.host, stateOf(host, colour)]));
  return table.toString();
}

function schemaLines({ schema }: Verification): string[] {
  if (schema === null) return [];
  const { version, differences } = schema;
  const verdict = differences.length === 0 ? 'as the release needs it' : 'not as the release needs it';
  return [`schema ${version ?? 'without a version'}: ${verdict}`];
}

function differences({ hosts, schema }: Verification): string[] {
  return [
    ...hosts.flatMap((host) => host.differences.map((sentence) => `${host.host}: ${printable(sentence)}`)),
    ...(schema?.differences ?? []).map((sentence) => `schema: ${printable(sentence)}`),
  ];
}

function verdict({ consistent, environment }: Verification, colour: ChalkInstance): string {
  return consistent
    ? colour.green('Every host that counts serves it.')
    : `${colour.red('Not as committed.')} Bring it in order: safeguard converge ${environment} --reason '…' --follow`;
}

/** Host by state, what differs in sentences, and what to do about it. */
export function describeVerification(found: Verification, colour: ChalkInstance): string {
  const { environment, committed, hosts, holder } = found;
  const sentences = differences(found);
  return [
    `${colour.bold(environment)} has committed ${committed}`,
    ...(holder === null
      ? []
      : [colour.yellow(`${printable(holder)} is changing it just now; differences may be its work.`)]),
    '',
    hostTable(hosts, colour),
    ...schemaLines(found),
    ...(sentences.length === 0 ? [] : ['', ...sentences]),
    '',
    verdict(found, colour),
  ].join('\n');
}
