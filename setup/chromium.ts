import { chromium, type BrowserContext } from 'playwright-core';

/** Debian's package, and its program. */
export const CHROMIUM = { package: 'chromium', program: '/usr/bin/chromium' } as const;

/** Without these it looks for updates, accounts and the like on the Internet as soon as it starts. */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

/** Root has no sandbox, and a server no display. */
const HEADLESS = ['--headless', '--no-sandbox', '--disable-gpu'];

/** How a page is shown: its size in pixels. */
export interface Screen {
  readonly width: number;
  readonly height: number;
}

/** Starts Debian's Chromium with an empty folder as its profile; the clock of its pages is UTC. */
export function startChromium(profile: string, screen: Screen): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM.program,
    args: [...HEADLESS, ...QUIET],
    viewport: screen,
    timezoneId: 'UTC',
  });
}
