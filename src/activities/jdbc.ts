import { SafeguardError } from '../domain/errors.js';

const URL = /^jdbc:postgresql:\/\/([^:/?#]+)(?::(\d+))?\/([^?#]+)/;

/**
 * Host, port and database of a JDBC URL.
 * @throws SafeguardError CONFIG_INVALID
 */
export function parseJdbcUrl(url: string): { host: string; port: number; database: string } {
  const [, host, port, database] = URL.exec(url) ?? [];
  if (host === undefined || database === undefined) {
    throw new SafeguardError(
      'CONFIG_INVALID',
      `migrations.url is not of the form jdbc:postgresql://host[:port]/database.`,
    );
  }
  return { host, port: Number(port ?? 5432), database };
}
