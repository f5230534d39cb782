import { resolve } from 'node:path';
import { z } from 'zod';
import { SafeguardError } from '../domain/errors.js';
import { runInGroup } from './process-group.js';

/** A database as Flyway is told about it. Nothing of it stands on the command line. */
export interface FlywayDatabase {
  /** `jdbc:postgresql://host:port/database`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface FlywayRun {
  readonly database: FlywayDatabase;
  /** Directory of the migrations. */
  readonly directory: string;
  /** Carried out on each connection before anything else: an error in it stops Flyway. */
  readonly initSql?: string;
  /** Flyway waits 1, 2, 4 … s between them; 0 unless told. */
  readonly connectRetries?: number;
  readonly signal?: AbortSignal;
}

export type FlywayCommand = 'info' | 'migrate' | 'validate';

const info = z.object({
  /** `null` before the first migration. */
  schemaVersion: z.string().nullable(),
  migrations: z.array(
    z.object({
      category: z.string(),
      /** Empty for a repeatable migration. */
      version: z.string(),
      description: z.string(),
      /** `Pending`, `Success`, `Failed`, `Missing`, … */
      state: z.string(),
      filepath: z.string(),
    }),
  ),
});

const migrate = z.object({
  success: z.literal(true),
  initialSchemaVersion: z.string().nullable(),
  /** `null` when there was nothing to do. */
  targetSchemaVersion: z.string().nullable(),
  migrationsExecuted: z.int(),
  migrations: z.array(z.object({ version: z.string(), description: z.string(), executionTime: z.number() })),
});

const validate = z.object({
  validationSuccessful: z.boolean(),
  validateCount: z.int(),
  allErrorMessages: z.string().nullable(),
  invalidMigrations: z.array(
    z.object({
      version: z.string().nullable(),
      errorDetails: z.object({ errorCode: z.string(), errorMessage: z.string() }),
    }),
  ),
});

const failure = z.object({ error: z.object({ errorCode: z.string().nullish(), message: z.string() }) });

/** Flyway's answers, as far as they are used here. */
export type FlywayInfo = z.infer<typeof info>;
export type FlywayMigration = z.infer<typeof migrate>;
export type FlywayValidation = z.infer<typeof validate>;

/** Flyway ended by itself, and had not succeeded. */
export class FlywayFailed extends SafeguardError {
  /** Flyway says that no script was begun: it had refused before, or could not connect. */
  readonly begunNothing: boolean;

  constructor(message: string, errorCode: string | null, options?: { readonly cause: unknown }) {
    super('MIGRATION_FAILED', message, options);
    this.begunNothing = errorCode !== null && !errorCode.startsWith('FAILED_');
  }
}

/** Flyway's arguments; nothing secret is among them. */
export function flywayArguments(command: FlywayCommand, run: FlywayRun): string[] {
  const { directory, initSql, connectRetries = 0 } = run;
  return [
    command,
    '-outputType=json',
    `-locations=filesystem:${resolve(directory)}`,
    // Else a directory that is not there counts as one without migrations, and all seems well.
    '-failOnMissingLocations=true',
    '-cleanDisabled=true',
    // Its lock in a transaction of its own: a script that fails outside of one would leave no row in the history.
    '-postgresql.transactional.lock=false',
    `-connectRetries=${String(connectRetries)}`,
    ...(initSql === undefined ? [] : [`-initSql=${initSql}`]),
  ];
}

/** The whole environment that Flyway gets: a FLYWAY_… variable of ours must not change what it does. */
export function flywayEnvironment(
  { url, user, password }: FlywayDatabase,
  own: NodeJS.ProcessEnv,
): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'JAVA_HOME', 'JAVA_ARGS', 'TMPDIR'].flatMap((name) => {
    const value = own[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), FLYWAY_URL: url, FLYWAY_USER: user, FLYWAY_PASSWORD: password };
}

/** At most this much of Flyway's own words goes into an error: 2 kB fit into a Temporal failure with room to spare. */
const MESSAGE_CHARACTERS = 2_000;

/**
 * The Flyway command line (11.7). Every method throws MIGRATION_FAILED with Flyway's own words, or the reason of
 * the run's signal once Flyway and all it started have ended. The database may still be busy with the statement it
 * was given last: end its sessions and look at its history before deciding anything.
 */
export class Flyway {
  readonly #program: string;

  /** `program` is a path, or a name on PATH; `SAFEGUARD_FLYWAY` or `flyway` unless told. */
  constructor(program: string = process.env['SAFEGUARD_FLYWAY'] ?? 'flyway') {
    this.#program = program;
  }

  /** What has been applied and what is pending. */
  async info(run: FlywayRun): Promise<FlywayInfo> {
    return this.#run('info', run, info);
  }

  /** Applies what is pending. */
  async migrate(run: FlywayRun): Promise<FlywayMigration> {
    return this.#run('migrate', run, migrate);
  }

  /**
   * Compares what was applied with the files. Resolves in either case: look at `validationSuccessful`.
   * A migration that is not yet applied counts as invalid (`RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED`).
   */
  async validate(run: FlywayRun): Promise<FlywayValidation> {
    return this.#run('validate', run, validate);
  }

  async #run<T>(command: FlywayCommand, run: FlywayRun, schema: z.ZodType<T>): Promise<T> {
    const { exitCode, stdout, stderr, why, cause } = await runInGroup(
      {
        program: this.#program,
        args: flywayArguments(command, run),
        env: flywayEnvironment(run.database, process.env),
        // Flyway reads a flyway.toml from where it stands.
        cwd: '/',
      },
      run.signal,
    );
    if (exitCode === undefined)
      throw new FlywayFailed(`flyway could not be carried out: ${why}`, null, { cause });
    const answer = parseJson(stdout);
    const parsed = schema.safeParse(answer);
    if (exitCode === 0 && parsed.success) return parsed.data;
    const told = failure.safeParse(answer);
    const words = told.success ? told.data.error.message : `${stderr}\n${stdout}`;
    const text = words.trim().slice(0, MESSAGE_CHARACTERS);
    throw new FlywayFailed(
      `flyway ${command} failed: ${text || `exit status ${String(exitCode)}`}`,
      told.success ? (told.data.error.errorCode ?? null) : null,
    );
  }
}

/** The JSON is the last thing written, whatever the JVM or a callback printed before it. */
function parseJson(text: string): unknown {
  const start = text.search(/^\{/m);
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start)) as unknown;
  } catch {
    // No answer: the caller reports the text itself.
    return undefined;
  }
}
