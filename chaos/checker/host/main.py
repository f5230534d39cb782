"""Everything that the checker wants to know of this host, as one JSON object on standard output."""
import hashlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

CLIENT_SECONDS = 3


def fetch(address, port, paths):
    """Status and SHA-256 of each answer, over one connection; the text of short ones too."""
    answers = {}
    connection = http.client.HTTPConnection(address, port, timeout=CLIENT_SECONDS)
    for path in paths:
        try:
            connection.request('GET', path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            answers[path] = {'status': 0, 'sha256': '', 'text': type(error).__name__}
            connection.close()
            continue
        text = body.decode(errors='replace') if len(body) < 500 else ''
        answers[path] = {'status': answer.status, 'sha256': hashlib.sha256(body).hexdigest(), 'text': text}
    connection.close()
    return answers


QUERIES = """
select to_regclass('flyway_schema_history') is not null as migrated, to_regclass(:'table') is not null as written \\gset
\\if :migrated
select coalesce(jsonb_agg(q), '[]') from (
    select installed_rank as rank, version, success from flyway_schema_history order by installed_rank) q;
\\else
select '[]';
\\endif
\\if :written
select coalesce(jsonb_agg(:"column"), '[]') from :table;
\\else
select '[]';
\\endif
select coalesce(jsonb_agg(q), '[]') from (select application_name as name, state from pg_stat_activity
    where datname = current_database() and application_name like 'safeguard %') q;
"""


def database(asked):
    """As PostgreSQL's own superuser, and as one program: each answer is a line. Null for what it did not say."""
    told = run('runuser', '-u', 'postgres', '--', 'psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-v', f'table={asked["written"]["table"]}',
               '-v', f'column={asked["written"]["column"]}', '-d', asked['database'], given=QUERIES.encode())
    lines = [json.loads(line) for line in told.splitlines()]
    return dict(zip(('history', 'written', 'sessions'), [*lines, None, None, None]))


def facts(asked):
    name, root = asked['name'], f'/opt/{asked["name"]}'
    # Before anything is started here that would be seen.
    running = processes(root)
    told = {'processes': running, 'listeners': listeners(asked['ports']),
            'locks': locks([f'/var/lib/safeguard/{name}', f'/run/safeguard/{name}']),
            'leakedInArguments': leaked_in_arguments(asked['forms'], running)}
    listed = units(name)
    active = {unit['name'] for unit in listed if unit['active'] not in ('inactive', 'failed')}
    work = {
        'leakedFiles': lambda: leaked_files(asked['forms']),
        'leakedInJournal': lambda: leaked_in_journal(asked['forms'], asked['since']),
        'changes': lambda: changes(name, asked['since'], active),
        'starts': lambda: starts(name, asked['since']),
        'releases': lambda: releases(root),
        'site': lambda: fetch(asked['address'], asked['sitePort'], asked['paths']),
        'backend': lambda: fetch('127.0.0.1', asked['backendPort'], asked['backendPaths']),
        'database': lambda: database(asked) if asked['role'] == 'db' else None,
    }
    with ThreadPoolExecutor(len(work)) as pool:
        waiting = {key: pool.submit(one) for key, one in work.items()}
        told.update({key: one.result() for key, one in waiting.items()})
    return {**told, 'units': listed, 'scratch': scratch(name)}


print(json.dumps(facts(ASKED)))
