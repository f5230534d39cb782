#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';

// These start a worker or look for what one needs, from the files as they are compiled; all else, from few files that start faster.
// Both are the same program, so a word that only looks like one of these costs time and nothing else.
const asCompiled = process.argv.slice(2).some((word) => ['worker', 'dev', 'doctor'].includes(word));
const main = new URL(`../dist/${asCompiled ? 'src/client' : 'client'}/main.js`, import.meta.url);

if (existsSync(main)) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { runCli } = await import(main.href);
  process.exitCode = await runCli(process.argv.slice(2), version);
} else {
  process.stderr.write('safeguard is not built yet. Run: npm run build\n');
  process.exitCode = 1;
}
