import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { checkoutRoot } from '../../setup/checkout.js';
import { CampusLab } from './campus-lab.js';
import type { KioskCheckout } from './kiosk-checkout.js';
import { KioskLab } from './kiosk-lab.js';

const CAMPUS_BACKEND = 'campus-production-backend.service';

let campus: CampusLab;
let lab: KioskLab;
let kiosk: KioskCheckout;

beforeAll(async () => {
  campus = await CampusLab.open();
  lab = await KioskLab.beside(campus);
  kiosk = lab.checkout;
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterAll(async () => {
  await lab.close();
  await campus.close();
}, 60_000);

test('another application is deployed to the same hosts, and the first one does not notice', async () => {
  const before = await kiosk.processes(CAMPUS_BACKEND);
  await kiosk.build('1.0.0');

  expect(await lab.deploy('1.0.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await kiosk.servedEverywhere()).toBe('1.0.0');
  expect(new Set(await kiosk.answers(':8088/api/notice'))).toEqual(new Set(['{"notice": "Welcome!"}']));
  expect((await kiosk.answers(':8088/map')).every((page) => page.includes('You are here.'))).toBe(true);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await kiosk.processes(CAMPUS_BACKEND)).toEqual(before);
}, 120_000);

test('its secret reached it, from a file beside its safeguard.yaml', async () => {
  const put = (token: string): Promise<string[]> => {
    const request = ['-X', 'PUT', '-d', 'Closed', '-o', '/dev/null', '-w', '%{http_code}', '-H', '@-'];
    return kiosk.onHosts(
      ['curl', '-s', ...request, 'http://127.0.0.1:8088/api/notice'],
      `Authorization: Bearer ${token}`,
    );
  };
  expect(new Set(await put('guessed'))).toEqual(new Set(['401']));
  expect(new Set(await put(kiosk.token))).toEqual(new Set(['200']));
}, 60_000);

test('its next version replaces the first', async () => {
  await kiosk.edit('backend/kiosk.py', 'Welcome!', 'Welcome back!');
  await kiosk.build('1.1.0');

  expect(await lab.deploy('1.1.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await kiosk.servedEverywhere()).toBe('1.1.0');
  expect(new Set(await kiosk.answers(':8088/api/notice'))).toEqual(new Set(['{"notice": "Welcome back!"}']));
}, 120_000);

test('a version that says that it is down is taken back', async () => {
  await kiosk.edit('backend/kiosk.py', "'UP'", "'DOWN'");
  await kiosk.build('1.2.0');
  const run = await lab.deploy('1.2.0');

  expect(run).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK', result: { serving: '1.1.0' } });
  expect(run.message).toMatch(/backend is UP on web-1 .*DOWN/);
  expect(await kiosk.servedEverywhere()).toBe('1.1.0');
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);

test('both are deployed at the same time, and neither stands in the other’s way', async () => {
  await kiosk.edit('backend/kiosk.py', "'DOWN'", "'UP'");
  await Promise.all([kiosk.build('2.0.0'), campus.release('2.0.0')]);
  const runs = await Promise.all([lab.deploy('2.0.0'), campus.deploy('2.0.0')]);

  expect(runs).toMatchObject([{ outcome: 'SUCCEEDED' }, { outcome: 'SUCCEEDED' }]);
  expect(await kiosk.servedEverywhere()).toBe('2.0.0');
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 120_000);

test('the way back of one leaves the other one’s processes alone', async () => {
  const before = await kiosk.processes();
  await campus.release('2.1.0', { misbehave: 'wrong-version' });

  expect(await campus.deploy('2.1.0')).toMatchObject({ outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
  expect(await kiosk.servedEverywhere()).toBe('2.0.0');
  expect(await kiosk.processes()).toEqual(before);
}, 120_000);

test('the documentation shows the very configuration that was used here', async () => {
  const read = (...path: string[]): Promise<string> => readFile(join(checkoutRoot(), ...path), 'utf8');
  expect(await read('docs', 'bring-your-own-application.md')).toContain(
    await read('examples', 'kiosk', 'safeguard.yaml'),
  );
});
