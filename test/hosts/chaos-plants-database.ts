import type { CampusLab } from './campus-lab.js';
import { told, withStatus, type Plant } from './chaos-plants.js';
import type { Invariant } from '../../chaos/checker/types.js';

/** What the writer's acknowledgements are about in these tests. */
export const ROWS = [1, 2, 3, 4, 5];

/** The writer's table, with its rows. */
export async function writeRows(campus: CampusLab): Promise<void> {
  await campus.sql(`drop schema if exists chaos cascade; create schema chaos;
    create table chaos.written (number integer primary key);
    insert into chaos.written values ${ROWS.map((row) => `(${row})`).join(', ')}`);
}

/** The history of migrations with one more line. */
function migration(version: string, success: boolean): { put: string; undo: string } {
  const columns = 'installed_rank, version, description, type, script, installed_by, execution_time, success';
  return {
    put: `insert into flyway_schema_history (${columns}) values (90, '${version}', 'x', 'SQL', 'x', 'x', 1, ${success})`,
    undo: 'delete from flyway_schema_history where installed_rank = 90',
  };
}

function sql(name: string, { put, undo }: { put: string; undo: string }, find: [Invariant, RegExp]): Plant {
  return {
    name,
    put: ({ campus }) => campus.sql(put).then(() => undefined),
    undo: ({ campus }) => campus.sql(undo).then(() => undefined),
    finds: [[find[0], 'db-1', find[1]]],
  };
}

/** I1 and I2: what lies in the database, and what never ended. */
export const DATABASE: readonly Plant[] = [
  sql('a migration that failed', migration('3', false), ['I1', /^The migration 3 has failed/]),
  sql('a schema on which the release does not run', migration('4', true), [
    'I1',
    /^The schema is 4, and 2\.0\.0 serves, which runs on 1 to 3$/,
  ]),
  sql(
    'a row that was acknowledged is lost',
    { put: 'delete from chaos.written where number = 3', undo: 'insert into chaos.written values (3)' },
    ['I2', /^Rows that were acknowledged are not in the database$/],
  ),
  told('a run that never ended', (rest) => withStatus(rest, 2, 'RUNNING'), [
    'I2',
    /^The run \S+ has not ended$/,
  ]),
  told('a workflow that nobody waits for', () => ({ running: ['rollback/production/x'] }), [
    'I2',
    /^The workflow rollback\/production\/x is still running$/,
  ]),
];
