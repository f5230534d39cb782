import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig, type LoadClientProfileOptions } from '@temporalio/envconfig';
import { SafeguardError, type ErrorCode } from '../domain/errors.js';
import { objectionToText } from '../domain/texts.js';
import { RETRIES } from './temporal-retries.js';

/** Where a server is expected when nobody says anything. */
export const DEFAULT_ADDRESS = '127.0.0.1:7233';

/** How long a server may take to answer before it counts as unreachable, in milliseconds. */
export const CONNECT_MS = 5_000;

/** Where Temporal is and how to talk to it. Holds secrets (`apiKey`, keys): never log it whole. */
export interface TemporalSettings {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
  /** True when an address was given by a person, in the environment or in a profile, so it is used as it is. */
  readonly configured: boolean;
  /** TLS, API key and metadata, in the form that both kinds of connection take. */
  readonly credentials: Pick<ConnectionOptions, 'tls' | 'metadata'> & { readonly apiKey?: string };
}

/** What a command line may say instead of the environment and the profile. */
export interface TemporalOverrides {
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
  /** Profile of Temporal's TOML file; default `TEMPORAL_PROFILE`, then `default`. */
  readonly profile?: string | undefined;
  /** Instead of `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A variable that is empty counts as one that is not set, as a workflow of CI leaves it when it has nothing to say. */
function profileOptions({ profile, environment = process.env }: TemporalOverrides): LoadClientProfileOptions {
  const set = Object.entries(environment).filter((one): one is [string, string] => (one[1] ?? '') !== '');
  return { ...(profile === undefined ? {} : { profile }), overrideEnvVars: Object.fromEntries(set) };
}

function assertText(code: ErrorCode, name: string, text: string | undefined): void {
  const objection = text === undefined ? null : objectionToText(name, text);
  if (objection !== null) throw new SafeguardError(code, objection);
}

function load(overrides: TemporalOverrides): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig(profileOptions(overrides));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SafeguardError(
      'CONFIG_INVALID',
      `Temporal's settings (TEMPORAL_* or its TOML file) can't be used: ${why}`,
      {
        cause,
      },
    );
  }
}

/**
 * Where Temporal is: overrides, then `TEMPORAL_*`, then the profile of Temporal's own TOML file, then
 * `127.0.0.1:7233` and namespace `default`. Throws REQUEST_INVALID when what overrides them is blank or no line, CONFIG_INVALID when
 * the others are, or on a broken file or an unknown profile.
 */
export function temporalSettings(overrides: TemporalOverrides = {}): TemporalSettings {
  for (const name of ['address', 'namespace', 'profile'] as const)
    assertText('REQUEST_INVALID', `--${name}`, overrides[name]);
  const { connectionOptions, namespace } = load(overrides);
  const { tls, apiKey, metadata } = connectionOptions;
  assertText('CONFIG_INVALID', 'The address in TEMPORAL_ADDRESS or the profile', connectionOptions.address);
  assertText('CONFIG_INVALID', 'The namespace in TEMPORAL_NAMESPACE or the profile', namespace);
  const address = overrides.address ?? connectionOptions.address;
  return {
    address: address ?? DEFAULT_ADDRESS,
    namespace: overrides.namespace ?? namespace ?? 'default',
    configured: address !== undefined,
    credentials: {
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

/** Nothing answered there in time. */
export function unreachable(address: string, cause: unknown): SafeguardError {
  const message = `Temporal does not answer at ${address} (waited up to ${CONNECT_MS / 1000} s).`;
  return new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
}

/**
 * A connection for everything but workers. The caller closes it.
 * Throws TEMPORAL_UNREACHABLE within five seconds when nothing answers.
 */
export async function connect({ address, credentials }: TemporalSettings): Promise<Connection> {
  const options = { ...credentials, address, connectTimeout: CONNECT_MS, interceptors: [...RETRIES] };
  return Connection.connect(options).catch((cause: unknown) => Promise.reject(unreachable(address, cause)));
}

/** A client over a connection of its own; the caller closes it: `client.connection.close()`. Throws as `connect`. */
export async function connectClient(settings: TemporalSettings): Promise<Client> {
  return new Client({ connection: await connect(settings), namespace: settings.namespace });
}
