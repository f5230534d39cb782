import type * as Sdk from '@aws-sdk/client-s3';
import type { S3AuditConfig } from '../config/load.js';
import type { AuditLine, TrailPlace } from '../domain/audit.js';
import { lineName, type StoredLine } from '../domain/audit-check.js';
import { auditText } from '../domain/audit-trail.js';
import { SafeguardError } from '../domain/errors.js';
import { broken, foldersOf, foldersOfLife, unavailable, type Trails } from './audit-store-path.js';
import type { AuditStore } from './audit-store.js';
import { readSecret } from './secrets.js';

/** How long one request may take, in milliseconds; the SDK's own second try included. */
const REQUEST_MS = 8_000;

/** Objects that are read at once. */
const READERS = 16;

interface Bucket {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}

function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Audit trails in a bucket, one object a line, written with `If-None-Match: *`: the store itself refuses to write over one. */
export class AuditBucket implements AuditStore {
  private opened: Promise<Bucket> | null = null;

  constructor(private readonly config: S3AuditConfig) {}

  async keep(line: AuditLine): Promise<void> {
    const Key = this.key(foldersOfLife(line), lineName(line.sequence));
    const text = auditText(line);
    if (await this.putOnce(Key, text)) return;
    if ((await this.get(Key)) !== text) throw broken(line, `s3://${this.config.bucket}/${Key}`);
  }

  async lives(where: Trails): Promise<string[]> {
    const Prefix = this.key(foldersOf(where), '');
    const pages = await this.pages({ Prefix, Delimiter: '/' });
    const folders = pages.flatMap(({ CommonPrefixes = [] }) =>
      CommonPrefixes.map((common) => common.Prefix ?? ''),
    );
    return folders.map((folder) => folder.slice(Prefix.length, -1));
  }

  async read(place: TrailPlace): Promise<StoredLine[]> {
    const Prefix = this.key(foldersOfLife(place), '');
    const pages = await this.pages({ Prefix });
    const keys = pages.flatMap(({ Contents = [] }) => Contents.map(({ Key }) => Key ?? ''));
    const lines: StoredLine[] = [];
    while (keys.length > 0) {
      const some = keys.splice(0, READERS);
      const texts = await Promise.all(some.map((key) => this.get(key)));
      lines.push(...some.map((key, index) => ({ name: key.slice(Prefix.length), text: texts[index] ?? '' })));
    }
    return lines;
  }

  private key(folders: readonly string[], name: string): string {
    const { prefix } = this.config;
    return [...(prefix === '' ? [] : [prefix]), ...folders, name].join('/');
  }

  /** False when an object has this key already. */
  private async putOnce(Key: string, Body: string): Promise<boolean> {
    return this.asking(
      `s3://${this.config.bucket}/${Key} can't be written`,
      async ({ sdk, client }, limit) => {
        const put = new sdk.PutObjectCommand({
          Bucket: this.config.bucket,
          Key,
          Body,
          ContentType: 'application/json',
          IfNoneMatch: '*',
        });
        try {
          await client.send(put, limit);
          return true;
        } catch (error) {
          if (statusOf(error) === 412) return false;
          throw error;
        }
      },
    );
  }

  private get(Key: string): Promise<string> {
    return this.asking(`s3://${this.config.bucket}/${Key} can't be read`, async ({ sdk, client }, limit) => {
      const got = await client.send(new sdk.GetObjectCommand({ Bucket: this.config.bucket, Key }), limit);
      return (await got.Body?.transformToString('utf8')) ?? '';
    });
  }

  private async pages(
    list: Pick<Sdk.ListObjectsV2CommandInput, 'Prefix' | 'Delimiter'>,
  ): Promise<Sdk.ListObjectsV2CommandOutput[]> {
    const { bucket } = this.config;
    const pages: Sdk.ListObjectsV2CommandOutput[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await this.asking(
        `s3://${bucket}/${list.Prefix ?? ''} can't be listed`,
        ({ sdk, client }, limit) =>
          client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, ...list, ContinuationToken }), limit),
      );
      pages.push(page);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return pages;
  }

  private async asking<T>(
    what: string,
    work: (bucket: Bucket, limit: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      this.opened ??= this.open();
      return await work(await this.opened, { abortSignal: AbortSignal.timeout(REQUEST_MS) });
    } catch (error) {
      if (error instanceof SafeguardError) throw error;
      throw unavailable(what, error);
    }
  }

  /** The SDK is loaded by those who need it only; secrets are asked for whenever it signs with credentials that it does not have yet. */
  private async open(): Promise<Bucket> {
    const sdk = await import('@aws-sdk/client-s3');
    const { region, endpoint, accessKey, secretKey } = this.config;
    const credentials = () =>
      Promise.resolve({
        accessKeyId: accessKey ? readSecret(accessKey, 'audit.s3.access_key') : '',
        secretAccessKey: secretKey ? readSecret(secretKey, 'audit.s3.secret_key') : '',
        // Read anew from time to time, so that a secret that was changed is noticed.
        expiration: new Date(Date.now() + 600_000),
      });
    const client = new sdk.S3Client({
      region,
      maxAttempts: 2,
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      ...(accessKey && secretKey ? { credentials } : {}),
    });
    return { sdk, client };
  }
}
