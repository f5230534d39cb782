import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Lab } from '../lab/lab.js';
import { cacheDirectory } from '../setup/cache.js';
import { ensureRequirements } from '../setup/requirements.js';
import { say } from '../setup/say.js';
import { prepareCampus } from './campus.js';
import { DevProcess } from './dev-process.js';
import { openWindows } from './windows.js';
import { tellStory } from './story.js';
import { untilKey } from './until-key.js';

const LAB = 'demo';
const WEB_HOSTS = 3;

async function demo(): Promise<void> {
  console.log(
    'safeguard demo: three releases of campus on three web hosts and a database, all on this machine.\n',
  );
  await ensureRequirements();

  const directory = join(cacheDirectory(), 'demo');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  say(`lab ${LAB}: ${WEB_HOSTS} web hosts and a database`);
  await Lab.remove(LAB);
  const lab = await Lab.up({ name: LAB, web: WEB_HOSTS });
  try {
    await lab.assertContained();
    const campus = await prepareCampus(lab, directory);
    const dev = await DevProcess.start(lab, campus);
    try {
      const windows = await openWindows(lab);
      await tellStory(lab, campus);
      console.log(`\nWeb UI: ${windows.ui}\nSite:   ${windows.site}\nRecords: ${join(directory, 'records')}`);
      await untilKey();
    } finally {
      await dev.stop();
    }
  } finally {
    say('taking the lab down');
    await lab.down();
  }
}

await demo();
