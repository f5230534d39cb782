import { expect, test } from '@jest/globals';
import { complaint, GOOD, parsed } from './fixture.js';

test('without a word, trails lie below the records; a directory is found from where the file stands', () => {
  const records = parsed().environments.values().next().value?.records;
  expect(parsed().audit).toEqual({ kind: 'directory', directory: `${records ?? ''}/audit` });
  expect(parsed(`${GOOD}\naudit: trails\n`).audit).toEqual({
    kind: 'directory',
    directory: '/srv/campus/trails',
  });
});

test('a bucket has what the store is asked with; secrets stay references', () => {
  const text = `${GOOD}\naudit: { s3: { bucket: trails, endpoint: 'http://127.0.0.1:7070', access_key: { env: A }, secret_key: { file: s } } }\n`;
  expect(parsed(text).audit).toEqual({
    kind: 's3',
    bucket: 'trails',
    prefix: '',
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:7070',
    accessKey: { env: 'A' },
    secretKey: { file: '/srv/campus/s' },
  });
});

test.each([
  ['{ s3: { bucket: trails, access_key: { env: A } } }', 'both access_key and secret_key'],
  ['{ s3: { bucket: trails, prefix: /trails/ } }', 'prefix'],
  ['{ bucket: trails }', 'audit'],
])('%s is refused', (audit, said) => {
  expect(complaint(`${GOOD}\naudit: ${audit}\n`)).toContain(said);
});
