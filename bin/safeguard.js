#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';

const main = new URL('../dist/src/client/main.js', import.meta.url);

if (existsSync(main)) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { runCli } = await import(main.href);
  process.exitCode = await runCli(process.argv.slice(2), version);
} else {
  process.stderr.write('safeguard is not built yet. Run: npm run build\n');
  process.exitCode = 1;
}
