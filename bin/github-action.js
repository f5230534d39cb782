#!/usr/bin/env node
// What action.yml runs: `safeguard deploy` with the action's inputs, which come as variables and never as a part of a script.
import { fileURLToPath } from 'node:url';

const client = new URL('safeguard.js', import.meta.url);
const input = (name) => process.env[`SAFEGUARD_${name}`] ?? '';
const given = (option, name) => (input(name) === '' ? [] : [`${option}=${input(name)}`]);

const words = [
  'deploy',
  // A name that begins with a dash is a name.
  ...[...given('--version', 'VERSION'), ...given('--on-cancel', 'ON_CANCEL')],
  ...[...given('--address', 'ADDRESS'), ...given('--config', 'CONFIG')],
  '--follow',
  ...input('ARGUMENTS')
    .split('\n')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
  '--',
  input('ENVIRONMENT'),
];
process.argv = [process.argv[0], fileURLToPath(client), ...words];
await import(client.href);
