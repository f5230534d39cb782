import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SmokeResult } from '../../src/domain/smoke.js';
import { get, SmokeBench } from './smoke-bench.js';

let bench: SmokeBench;
beforeAll(async () => {
  bench = await SmokeBench.open();
}, 120_000);
afterAll(() => bench.close(), 30_000);

describe('each kind of test, and each way to be wrong', () => {
  test.each<[string, string, object, SmokeResult['verdict'], RegExp]>([
    ['a page that answers', 'plain', get('/'), 'pass', /^200 in \d+ ms$/],
    ['a body as expected', 'plain', get('/', { body: { contains: 'Campus' } }), 'pass', /^200/],
    [
      'another body',
      'plain',
      get('/', { body: { contains: 'Kiosk' } }),
      'fail',
      /the body is .*without "Kiosk"/,
    ],
    ['another status', 'plain', get('/503'), 'fail', /^answered 503, expected 200$/],
    [
      'the 404 page',
      'plain',
      get('/nowhere', { status: 404, body: { contains: 'no such page' } }),
      'pass',
      /^404/,
    ],
    [
      'a header',
      'plain',
      get('/info', { headers: { 'Content-Type': { contains: 'json' } } }),
      'pass',
      /^200/,
    ],
    [
      'no such header',
      'plain',
      get('/', { headers: { 'x-a': { present: true } } }),
      'fail',
      /header x-a is nothing, not there/,
    ],
    [
      'a value in JSON',
      'plain',
      get('/info', { json: { '/build/version': '2.0.0', '/build/number': { min: 7, max: 7 } } }),
      'pass',
      /^200/,
    ],
    [
      'another value in JSON',
      'plain',
      get('/info', { json: { '/build/version': '3.0.0' } }),
      'fail',
      /\/build\/version is "2.0.0", not "3.0.0"/,
    ],
    [
      'a number out of bounds',
      'plain',
      get('/info', { json: { '/build/number': { max: 6 } } }),
      'fail',
      /is 7, more than 6/,
    ],
    [
      'no JSON',
      'plain',
      get('/', { json: { '/a': { present: true } } }),
      'fail',
      /\/a is nothing, not there/,
    ],
    ['too slow', 'plain', get('/late', { within: '100ms' }), 'fail', /took \d+ ms, expected at most 100 ms/],
    [
      'everything wrong at once',
      'plain',
      get('/503', { body: 'a', json: { '/a': 1 } }),
      'fail',
      /503.*; the body is .*; \/a is nothing/,
    ],
    ['a redirection that is followed', 'plain', get('/home', {}, { redirects: 1 }), 'pass', /^200/],
    ['a redirection that is not', 'plain', get('/home'), 'fail', /answered 302/],
    [
      'a redirection without end',
      'plain',
      get('/loop', {}, { redirects: 5 }),
      'fail',
      /sent on more than 5 times/,
    ],
    [
      'a redirection to elsewhere',
      'plain',
      get('/elsewhere', {}, { redirects: 5 }),
      'fail',
      /no address of the web/,
    ],
    ['no answer', 'plain', get('/silent'), 'fail', /no answer within 2000 ms/],
    ['half an answer', 'plain', get('/hang-up'), 'fail', /aborted|hang up/],
    ['an endless body', 'plain', get('/endless'), 'fail', /the body is larger than 1048576 bytes/],
    ['100 MB', 'plain', get('/100-megabytes'), 'fail', /the body is larger than 1048576 bytes/],
    ['a compressed bomb', 'plain', get('/bomb'), 'fail', /the body is compressed \(gzip\)/],
    ['a port that never answers', 'silent', get('/'), 'fail', /no answer within 2000 ms/],
    ['nothing that listens', 'down', get('/'), 'unknown', /ECONNREFUSED/],
    ['no such name', 'unknown', get('/'), 'unknown', /ENOTFOUND/],
    ['a page over TLS', 'secure', get('/'), 'pass', /^200/],
    ['an expired certificate', 'expired', get('/'), 'fail', /not trusted: it has expired/],
    ['a certificate nobody vouches for', 'selfSigned', get('/'), 'fail', /not trusted: only itself/],
    ["another name's certificate", 'otherName', get('/'), 'fail', /not trusted: it is for another name/],
    ['TLS that never answers', 'silentTls', get('/'), 'fail', /no answer within 2000 ms/],
    ['TLS where there is none', 'plainAsTls', get('/'), 'fail', /wrong version number|packet/i],
    [
      'a certificate with days left',
      'secure',
      { name: 'x', tls: { days_left: 14 } },
      'pass',
      /valid until \d{4}-\d\d-\d\d \((19|20) days\), TLSv1.3/,
    ],
    [
      'a certificate with too few',
      'secure',
      { name: 'x', tls: { days_left: 30 } },
      'fail',
      /expected at least 30 days/,
    ],
    [
      'an expired one',
      'expired',
      { name: 'x', tls: {} },
      'fail',
      /not trusted: it has expired .*; valid until/,
    ],
    ['a self-signed one', 'selfSigned', { name: 'x', tls: {} }, 'fail', /not trusted: only itself vouches/],
    ['one where there is no TLS', 'plain', { name: 'x', tls: {} }, 'fail', /is not served by HTTPS/],
    ['one of what is down', 'downTls', { name: 'x', tls: {} }, 'unknown', /ECONNREFUSED/],
    ['HTTPS that is enforced', 'enforcing', { name: 'x', https_enforced: {} }, 'pass', /^301 to https:/],
    ['HTTPS that is not', 'plain', { name: 'x', https_enforced: {} }, 'fail', /plain HTTP answered 200/],
    [
      'HTTPS of somebody else',
      'toStranger',
      { name: 'x', https_enforced: {} },
      'fail',
      /sent on to https:\/\/stranger.test/,
    ],
    [
      'an origin that may',
      'plain',
      { name: 'x', cors: { url: '/cors', origin: 'https://campus.test' } },
      'pass',
      /allow-origin is "https/,
    ],
    [
      'an origin that may not',
      'plain',
      { name: 'x', cors: { url: '/cors', origin: 'https://evil.test' } },
      'fail',
      /expected https:\/\/evil.test to be allowed/,
    ],
    [
      'an origin that should not',
      'plain',
      { name: 'x', cors: { url: '/cors', origin: 'https://evil.test', allowed: false } },
      'pass',
      /is nothing/,
    ],
    ['one version everywhere', 'plain', same('/version.txt'), 'pass', /"2.0.0" 2 times/],
    [
      'two versions',
      'plain',
      same('/other-version.txt'),
      'fail',
      /other-version.txt says "1.0.0", \/info says "2.0.0"/,
    ],
    ['no version', 'plain', same('/503'), 'fail', /\/503 says nothing/],
    [
      "a service's health",
      'plain',
      { name: 'x', service: { url: '/health', version: '2.0.0' } },
      'pass',
      /status "UP", version "2.0.0"/,
    ],
    [
      'of another version',
      'plain',
      { name: 'x', service: { url: '/health', version: '3' } },
      'fail',
      /expected 3/,
    ],
    [
      'of none',
      'plain',
      { name: 'x', service: { url: '/health-without-version' } },
      'fail',
      /expected a version/,
    ],
    [
      'that is bad',
      'plain',
      { name: 'x', service: { url: '/ailing' } },
      'fail',
      /answered 503, expected 200; status "DOWN"/,
    ],
  ])('%s', async (_title, base, asked, verdict, evidence) => {
    const started = performance.now();
    const [result] = await bench.results(base, [asked]);
    expect(result).toMatchObject({
      verdict,
      evidence: expect.stringMatching(evidence) as unknown,
      attempts: 1,
    });
    // Whatever it is asked of, a look ends with its time-out.
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});

function same(path: string): object {
  return {
    name: 'x',
    same: [
      { url: path, at: { text: true } },
      { url: '/info', at: { json: '/build/version' } },
    ],
  };
}
