import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { startChromium } from '../../setup/chromium.js';

const SCREEN = { width: 1400, height: 900 };

/** How long a page may take to show what a test looks for, in milliseconds. */
const PATIENCE_MS = 120_000;

/** A browser as an operator has it, with an empty profile. It sees what this process can reach: inside a lab, nothing else. */
export class Chromium {
  private constructor(
    private readonly profile: string,
    private readonly context: BrowserContext,
    readonly page: Page,
    /** Addresses outside of `home` that its pages asked for. */
    readonly elsewhere: readonly string[],
  ) {}

  /** Starts it; `home` is the only place that its pages should ask. */
  static async open(home: string): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), 'safeguard-chromium-'));
    const context = await startChromium(profile, SCREEN);
    const elsewhere: string[] = [];
    context.on('request', (request) => {
      if (!request.url().startsWith(`${home}/`)) elsewhere.push(request.url());
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Chromium(profile, context, context.pages()[0] ?? (await context.newPage()), elsewhere);
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.profile, { recursive: true, force: true });
  }

  /** Keeps what is on the screen for the documentation, when `SAFEGUARD_PICTURES` names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env['SAFEGUARD_PICTURES'] ?? '';
    if (folder === '') return;
    await this.page.screenshot({ path: join(folder, `web-ui-${name}.png`), animations: 'disabled' });
  }
}
