import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ansible } from '../../src/adapters/ansible/ansible.js';
import { AnsibleProgram } from '../../src/adapters/ansible/program.js';
import type { StartedPlay } from '../../src/adapters/ansible/started-play.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { HostFacts } from './host-facts.js';
import { evictHost, recover } from './lost-hosts.js';

// The same program, carried by ansible-playbook.
let campus: CampusLab;
/** How often it was started for what safeguard asks itself. */
let starts = 0;

class CountedAnsible extends Ansible {
  override start(...play: Parameters<Ansible['start']>): StartedPlay {
    starts += 1;
    return super.start(...play);
  }
}

beforeAll(async () => {
  campus = await CampusLab.open({ carriedOut: { transport: 'ansible' } });
  await campus.startWorker({ ansible: new AnsibleProgram(new CountedAnsible()) });
}, 60_000);
afterAll(() => campus.close(), 60_000);

test('a release is brought to every host by one Ansible, and the next one replaces it', async () => {
  await campus.release('1.0.0');
  const first = await campus.deploy('1.0.0');
  expect(starts).toBe(1);
  expect(first.message).toMatch(/serves on all/);
  expect(first).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  await campus.release('2.0.0');
  expect(await campus.deploy('2.0.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 240_000);

test('an abort ends Ansible, and every host goes back', async () => {
  await campus.release('2.1.0', { misbehave: 'never-healthy' });
  const run = await campus.start('2.1.0');
  await until('a host runs the new backend', async () => (await campus.serving('web-1')).backend !== '2.0.0');
  await campus.abort(run, 'enough');

  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 240_000);

test('a host that is lost in a play with others is given up alone, and what the others did counts', async () => {
  const [web1, web2] = [new HostFacts(campus.lab, 'web-1'), new HostFacts(campus.lab, 'web-2')];
  await campus.release('2.2.0');
  const starts = await web1.starts();
  await web2.hold('lock');
  const run = await campus.start('2.2.0');
  await until('web-2 is in the middle', () => web2.change());
  await until('the others are through', async () => {
    const hosts = (await campus.progress(run)).steps.find(({ title }) => title === 'backend')?.hosts;
    return hosts?.['web-1'] === 'done' && hosts['web-3'] === 'done';
  });
  await campus.lab.fault('web-2', 'cut');
  try {
    await until('it is on its way back', async () => (await campus.progress(run)).phase === 'rolling-back');
    await evictHost(campus, 'web-2');
    expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
    expect(await campus.serving('web-1')).toMatchObject({ backend: '2.0.0', frontend: '2.0.0' });
    expect(await campus.serving('web-3')).toMatchObject({ backend: '2.0.0', frontend: '2.0.0' });
    // Activated once and restored once: web-2 was tried again without the others.
    expect((await web1.starts()) - starts).toBe(2);
  } finally {
    await web2.release('lock');
    await campus.lab.fault('web-2', 'heal');
  }
  await recover(campus, { kind: 'rejoin', host: 'web-2' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 240_000);
