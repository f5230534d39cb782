// Draws a terminal as it stood when a record of it ended. Usage: picture.js RECORD PNG, where RECORD is what `script` wrote of a
// terminal of 110 columns and 49 lines. See CONTRIBUTING.md.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ensurePackages } from '../setup/apt.js';
import { checkoutRoot } from '../setup/checkout.js';
import { CHROMIUM, startChromium } from '../setup/chromium.js';

const SIZE = { cols: 110, rows: 49 };
const LOOK = { fontSize: 13, fontFamily: 'DejaVu Sans Mono', theme: { background: '#1b1f27' } };

/** `script` frames what the terminal was sent with lines of its own. */
function sent(record: string): string {
  return record.replace(/^Script started on .*\n/, '').replace(/\n?Script done on .*\n?$/, '');
}

/** A page with a terminal emulator that was sent the text. */
async function draw(page: Page, text: string): Promise<void> {
  const emulator = join(checkoutRoot(), 'node_modules', '@xterm', 'xterm');
  await page.setContent(
    '<div id="picture" style="display:inline-block;padding:12px;background:#1b1f27"><div id="terminal"></div></div>',
  );
  await page.addStyleTag({ path: join(emulator, 'css', 'xterm.css') });
  await page.addScriptTag({ path: join(emulator, 'lib', 'xterm.js') });
  const options = JSON.stringify({ ...SIZE, ...LOOK, cursorInactiveStyle: 'none' });
  await page.evaluate(`new Promise((drawn) => {
    const terminal = new Terminal(${options});
    terminal.open(document.getElementById('terminal'));
    terminal.write(${JSON.stringify(text)}, drawn);
  })`);
}

async function picture(record: string, png: string): Promise<void> {
  await ensurePackages([CHROMIUM.package]);
  const profile = await mkdtemp(join(tmpdir(), 'safeguard-chromium-'));
  try {
    const context = await startChromium(profile, { width: 1000, height: 900 });
    try {
      const page = await context.newPage();
      await draw(page, sent(await readFile(record, 'utf8')));
      await page.locator('#picture').screenshot({ path: png, animations: 'disabled' });
    } finally {
      await context.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

const [record = '', png = ''] = process.argv.slice(2);
await picture(record, png);
