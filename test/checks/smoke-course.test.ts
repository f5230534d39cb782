import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { get, SmokeBench } from './smoke-bench.js';

let bench: SmokeBench;
beforeAll(async () => {
  bench = await SmokeBench.open();
}, 120_000);
afterAll(() => bench.close(), 30_000);

test('a TCP port that accepts, and one that does not', async () => {
  const [plain, down] = [new URL(bench.at['plain'] ?? ''), new URL(bench.at['down'] ?? '')];
  const tcp = (name: string, { port }: URL): object => ({
    name,
    tcp: { host: '127.0.0.1', port: Number(port) },
  });
  const found = await bench.results('plain', [tcp('open', plain), tcp('closed', down)]);
  expect(found.map(({ verdict }) => verdict)).toEqual(['pass', 'unknown']);
});

const SIGN_IN = {
  name: 'sign in',
  http: {
    url: '/sign-in',
    method: 'POST',
    json: { password: '{password}' },
    expect: { json: { '/token': { present: true } } },
    extract: { token: { json: '/token' } },
  },
};
const ME = {
  name: 'me',
  http: {
    url: '/me',
    headers: { authorization: 'Bearer {token}' },
    expect: { json: { '/is': 'Bearer tok-4711' } },
  },
};
const SECRETS = { more: { secrets: { password: { env: 'SMOKE_PASSWORD' } } } };

test('a value from one answer goes into the next request', async () => {
  const found = await bench.results('plain', [SIGN_IN, ME], {
    ...SECRETS,
    secrets: { password: 'open-sesame' },
  });
  expect(found.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
});

test('a value that is filled into JSON stays a value, whatever stands in it', async () => {
  const secret = 'a"b\\c", "x": "y';
  const expected = { json: { '/denied': '{password}', '/x': { present: false } } };
  const asked = get('/sign-in', expected, { method: 'POST', json: { password: '{password}' } });
  const found = await bench.results('plain', [asked], { ...SECRETS, secrets: { password: secret } });
  expect(found).toMatchObject([{ verdict: 'pass' }]);
});

test('where there is no value, what takes it is not asked, and says why', async () => {
  const [first, second] = await bench.results('plain', [SIGN_IN, ME], {
    ...SECRETS,
    secrets: { password: 'wrong-word' },
  });
  expect(first).toMatchObject({ verdict: 'fail' });
  expect(second).toMatchObject({
    verdict: 'unknown',
    evidence: 'not asked: sign in did not pass',
    attempts: 0,
  });
});

test('secrets and values from answers are in no evidence', async () => {
  const wrong = { ...SIGN_IN, http: { ...SIGN_IN.http, expect: { body: 'nothing', json: {} } } };
  const found = await bench.results('plain', [wrong], {
    ...SECRETS,
    secrets: { password: 'very-secret-word' },
  });
  expect(found[0]?.evidence).toContain('[secret]');
  const shown = { ...ME, http: { ...ME.http, expect: { json: { '/is': 'another' } } } };
  const later = await bench.results('plain', [SIGN_IN, shown], {
    ...SECRETS,
    secrets: { password: 'open-sesame' },
  });
  expect(JSON.stringify([found, later])).not.toMatch(/very-secret-word|tok-4711/);
});

test('a secret that the end of what is shown would cut in two is not shown by half', async () => {
  const secret = 'begin-of-it-and-"more"-of-it-end';
  for (const before of [60, 70, 280, 290]) {
    const echo = await bench.site.plain((_, response) => response.end(`${'x'.repeat(before)}${secret}`));
    const asked = get('/{password}', { body: 'nothing' });
    const found = await bench.results(echo, [asked], { ...SECRETS, secrets: { password: secret } });
    expect(found[0]?.verdict).toBe('fail');
    expect(found[0]?.evidence).not.toContain('begin');
  }
  for (const before of [255, 265, 275]) {
    const asked = get(`/${'x'.repeat(before)}{password}`);
    const [found] = await bench.results('down', [asked], { ...SECRETS, secrets: { password: secret } });
    expect(found?.verdict).toBe('unknown');
    expect(found?.evidence).not.toContain('begin');
  }
});

test('headers are not sent on to another place', async () => {
  const seen: (string | undefined)[] = [];
  const other = await bench.site.plain(({ headers }, response) => {
    seen.push(headers.authorization);
    response.end();
  });
  const first = await bench.site.sendingOn(() => `${other}/`);
  const asked = get('/', {}, { redirects: 2, headers: { authorization: 'Bearer x' } });
  expect(await bench.results(first, [asked])).toMatchObject([{ verdict: 'pass' }]);
  expect(seen).toEqual([undefined]);
});

test('nor is what was sent, by a redirection that would repeat it', async () => {
  const seen: (string | undefined)[] = [];
  const other = await bench.site.plain(({ method }, response) => {
    seen.push(method);
    response.end();
  });
  const first = await bench.site.sendingOn(() => `${other}/`, 307);
  const asked = get('/', {}, { method: 'POST', redirects: 2, json: { password: 'x' } });
  const [found] = await bench.results(first, [asked]);
  expect(found).toMatchObject({
    verdict: 'fail',
    evidence: expect.stringContaining('would send') as unknown,
  });
  expect(seen).toEqual([]);
});

test('what fails is asked again, as often as is said, and passes as soon as it does', async () => {
  let left = 2;
  const moody = await bench.site.plain((_, response) => response.writeHead(--left >= 0 ? 503 : 200).end());
  const patience = { attempts: 4, intervalMs: 10 };
  expect(await bench.results(moody, [get('/')], { patience })).toMatchObject([
    { verdict: 'pass', attempts: 3 },
  ]);
  left = 9;
  expect(await bench.results(moody, [get('/')], { patience })).toMatchObject([
    { verdict: 'fail', attempts: 4 },
  ]);
});

test('tests are asked at once: what does not answer costs its own time-out, not a sum', async () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ ...get('/silent'), name: `x${index}` }));
  const started = performance.now();
  await bench.results('plain', many, { timeoutMs: 1_000 });
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('told to stop, it stops', async () => {
  const stop = new AbortController();
  const asked = bench.results('plain', [get('/silent')], { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});
