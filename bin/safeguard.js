#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadBundle } from './bundle.js';

// These start a worker or look for what one needs, from the files as they are compiled; all else, from one file that starts faster.
// Both are the same program, so a word that only looks like one of these costs time and nothing else.
const asCompiled = process.argv.slice(2).some((word) => ['worker', 'dev', 'doctor'].includes(word));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

if (existsSync(`${dist}client/main.cjs`)) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { runCli } = asCompiled ? await import(`${dist}src/client/main.js`) : loadBundle(`${dist}client`);
  process.exitCode = await runCli(process.argv.slice(2), version);
} else {
  process.stderr.write('safeguard is not built yet. Run: npm run build\n');
  process.exitCode = 1;
}
