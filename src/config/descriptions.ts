/** What each key of `safeguard.yaml` means, by its path as in `schemaKeys`; a test holds it to the schema. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  application: "Name of the application. With the environment's name it is a key of the hosts' host.json.",
  release: 'Where releases are found.',
  'release.directory':
    'Directory of one release, seen from this file; {version} stands for its version. It holds release.json, SHA256SUMS, the archives and migrations.',
  'release.version': 'Form of versions: semver such as 1.4.2, or any tag.',
  records: "Directory on the runner, seen from this file, for runs' records and incident markers.",

  components: 'What a release is made of, by name, in the order in which it is put in place.',
  ...systemd('components.*[kind=systemd]'),
  ...staticSite('components.*[kind=static]'),

  migrations: 'How the database is brought to the schema that a release needs. Left out: it has none.',
  'migrations.provider': 'What applies them.',
  'migrations.directory': 'Folder in the release that has them.',
  'migrations.url': 'The database, as jdbc:postgresql://host[:port]/database.',
  'migrations.user': 'Who logs in there.',
  'migrations.password': 'Where the password is found.',
  ...secret('migrations.password'),
  'migrations.minimum_tables': 'A health check fails where the database has fewer tables than this.',
  'migrations.timeout': 'How long all migrations together may take.',

  cache: 'A Redis that the application needs; a health check asks it.',
  'cache.host': 'Its name or address, as hosts see it.',
  'cache.port': 'Its port.',

  environments: 'Where the application is deployed to, by name.',
  'environments.*.policy':
    'Preset for everything that follows: dev needs no approval; uat and production need one by another person.',
  'environments.*.hosts': 'The hosts by name: an address, or a map.',
  'environments.*.hosts.*.address': 'Name or IP address, as the runner sees it.',
  'environments.*.hosts.*.port': 'Port of its SSH server.',
  'environments.*.inventory':
    'In place of hosts: an Ansible inventory, which each run reads anew; hosts are reached at their ansible_host and ansible_port.',
  'environments.*.inventory.file': 'The inventory (file, directory or program), seen from this file.',
  'environments.*.inventory.group': 'The group in it whose hosts are meant.',
  'environments.*.ssh': 'How the worker logs in on hosts.',
  'environments.*.ssh.user': 'The user that may run safeguard-host with sudo, and nothing else.',
  'environments.*.ssh.key': 'File of the private key on the runner, seen from this file.',
  'environments.*.ssh.known_hosts':
    "File with the hosts' keys on the runner, seen from this file. A host that is not in it is refused.",
  'environments.*.vars':
    "Values of one's own: {vars.x} stands for x in any text of components, migrations and cache.",
  'environments.*.components': "Laid over the application's components, key by key.",
  'environments.*.migrations': "Laid over the application's migrations, key by key.",

  'environments.*.approval': 'Who has to agree before anything is changed.',
  'environments.*.approval.required': 'Whether anybody has to.',
  'environments.*.approval.timeout': 'How long a run waits for it.',
  'environments.*.approval.four_eyes': 'Whoever asked for the run can not approve it.',
  'environments.*.approval.count': 'How many different people.',
  'environments.*.approval.groups': 'Who must be among them, by name of the group.',
  'environments.*.approval.groups.*.members': 'Names of its people.',
  'environments.*.approval.groups.*.count': 'How many of them.',
  'environments.*.approval.valid_for': 'An approval that is older when the environment is free is void.',
  'environments.*.approval.signatures':
    'required: only approvals that are signed count. Where allowed_signers is set, required unless said otherwise.',
  'environments.*.approval.allowed_signers':
    "File of OpenSSH's form on the runner, seen from this file: who may sign with which key.",

  'environments.*.queue': 'How deployments wait for each other.',
  'environments.*.queue.max_wait':
    'How long a run waits for the environment at most. Left out: as long as it takes.',
  'environments.*.queue.supersede': 'Only the newest waiting deployment is kept.',

  'environments.*.windows': 'Times without deployments, and the only times with them.',
  'environments.*.windows.timezone': 'IANA name of the time zone of all times here, such as Europe/Berlin.',
  'environments.*.windows.freeze': 'No deployments then.',
  ...calendarWindow('environments.*.windows.freeze[]'),
  'environments.*.windows.allowed': 'Deployments only then. Left out: always.',
  ...calendarWindow('environments.*.windows.allowed[]'),

  'environments.*.release_checks': 'Where a release has to come from; judged where github is configured.',
  'environments.*.release_checks.tag': 'Tag that must exist, such as v{version}; null: none.',
  'environments.*.release_checks.branches': 'Branches of which one must have the commit; null: any, or none.',
  'environments.*.release_checks.checks':
    'Checks that must have passed: required (those that the branch requires), or their names; null: none.',

  'environments.*.retries': 'How often a step that fails in passing is tried.',
  'environments.*.retries.tries': 'How often at most.',
  'environments.*.retries.delay': 'Pause before it is tried again.',

  'environments.*.limits': 'How long things may take.',
  'environments.*.limits.step': 'One step on one host.',
  'environments.*.limits.run': 'A whole run from the moment it got the environment; the way back is exempt.',
  'environments.*.limits.rollback': 'How long the way back is tried before it is called PARTIAL.',
  'environments.*.limits.rollback_delay': 'Pause before the way back tries again; it grows from there.',
  'environments.*.limits.stabilise': 'How long a restored release is given before it is judged.',
  'environments.*.limits.lease': 'How long a host serves what is not committed without hearing from the run.',

  'environments.*.forensics': 'What is kept of a release that failed.',
  'environments.*.forensics.enabled': 'Whether anything is.',
  'environments.*.forensics.limit': 'How long collecting it may take.',
  'environments.*.forensics.logs': 'How much of the logs, back from the failure.',

  'environments.*.checks': 'How health checks are asked.',
  'environments.*.checks.attempts': 'How often a check is tried before it counts as failed.',
  'environments.*.checks.page_attempts': 'The same for pages.',
  'environments.*.checks.interval': 'Pause between two tries.',
  'environments.*.checks.timeout': 'How long one answer may take.',
  'environments.*.checks.phase': 'How long all checks together may take.',
  'environments.*.checks.slow_ms': 'An answer that takes longer is remarked on; milliseconds.',
  'environments.*.checks.stabilise':
    'How long a new release that passed has to go on passing; one that fails meanwhile is taken back. 0s: not at all.',

  'environments.*.own_checks':
    "Health checks of one's own, beside those that follow from the rest of this file; {vars.x} stands for x in their texts.",
  ...ownCheck('http', {
    url: 'Asked with GET from the runner; redirections are not followed.',
    status: 'What it must answer.',
    contains: 'Text that the body must have in it.',
    headers: 'Headers that are sent, by name in lower case.',
    secret_headers: 'Headers whose values stand elsewhere.',
    ca: 'File on the runner, seen from this file, with the certificates that are trusted. Left out: the usual ones.',
  }),
  ...secret(ownCheckPath('http', 'secret_headers.*')),
  ...ownCheck('tcp', {
    host: 'Name or address, as the runner sees it.',
    port: 'Port that must accept a connection.',
  }),
  ...ownCheck('tls', {
    host: 'Name or address, as the runner sees it; the certificate has to be for it.',
    port: 'Its port.',
    days_left: 'For how many days the certificate must still be valid.',
    ca: 'File on the runner, seen from this file, with the certificates that are trusted. Left out: the usual ones.',
  }),
  ...ownCheck('command', {
    run: 'What each host runs as the deploying user, word by word and without a shell; it must end with status 0.',
    contains: 'Text that its standard output must have in it.',
  }),
  ...ownCheck('prometheus', {
    url: 'Address of the Prometheus, as the runner sees it, without /api.',
    secret_headers: 'Headers whose values stand elsewhere, such as authorization.',
    ca: 'File on the runner, seen from this file, with the certificates that are trusted. Left out: the usual ones.',
    query: 'What it is asked; it comes to samples or a number.',
    below: 'Every sample must be below this.',
    above: 'Every sample must be above this.',
  }),
  ...secret(ownCheckPath('prometheus', 'secret_headers.*')),
  ...ownCheck('container', {
    engine: 'What runs it.',
    container:
      'Name of the container, which must run on each host and, where it has a health check, be healthy.',
    rootless:
      'True for a container of the deploying user. Otherwise it is one of root, and safeguard-host asks for it.',
  }),
  ...ownCheck('nginx-route', {
    port: 'Port of nginx on each host.',
    path: 'Path that is passed on; the evidence says whether nginx or what is behind it answered.',
    status: 'What must be answered.',
  }),

  'environments.*.smoke': 'Smoke tests after the health checks; one that fails takes the release back.',
  'environments.*.smoke.set': 'Which tests of the file are asked; each level includes those before it.',
  'environments.*.smoke.file': 'smoke.yaml with the tests, seen from this file. Left out: none are asked.',
  'environments.*.smoke.url':
    "The public way in. Left out: every host's own site (or the first service), through its SSH connection.",
  'environments.*.smoke.vars': 'Values of placeholders of the file; {version} is the release.',

  'environments.*.keep_releases': 'How many releases stay on each host.',
  'environments.*.preflight': 'What is looked at before anything changes; docs/preflight.md has it all.',
  'environments.*.preflight.level':
    'How much of it: basic, standard or strict; by default as the policy says.',
  'environments.*.backup': 'Not carried out by this version.',
  'environments.*.backup.mode': 'When the database is backed up. Not carried out by this version.',
  'environments.*.incidents': 'Not carried out by this version.',
  'environments.*.incidents.channels': 'Who is told of incidents. Not carried out by this version.',

  github: "Repository of the application; left out: the caller's word on the origin of a release is taken.",
  'github.repository': 'owner/name.',
  prometheus: 'Asked how the runner is, before a deployment; left out: the runner asks itself.',
  'prometheus.url': 'Address of Prometheus, such as http://prometheus.internal:9090.',
  'prometheus.runner': 'Label selector of this runner\'s metrics, such as {instance="ci-1:9100"}.',
  'prometheus.secret_headers': 'Headers whose values stand elsewhere, such as authorization.',
  ...secret('prometheus.secret_headers.*'),
  'prometheus.ca':
    'File on the runner, seen from this file, with the certificates that are trusted. Left out: the usual ones.',
  'github.api':
    'Address of the API; GitHub Enterprise has its own, such as https://github.example.com/api/v3.',
  'github.token': 'Where the token is found. Left out: asked without a login.',
  ...secret('github.token'),

  audit: 'Where the audit trail is kept: a directory (default: audit below records), or a bucket.',
  'audit.s3': 'A bucket of Amazon S3, or of a store that speaks its language.',
  'audit.s3.bucket': 'Its name.',
  'audit.s3.prefix': 'What names of objects begin with.',
  'audit.s3.region': 'Its region.',
  'audit.s3.endpoint': "Address of a store that is not Amazon's; asked by path.",
  'audit.s3.access_key':
    "Where the access key is found. Left out: as the AWS SDK finds it, from the environment, its files, or the machine's role.",
  ...secret('audit.s3.access_key'),
  'audit.s3.secret_key': 'Where the secret key is found; given where access_key is.',
  ...secret('audit.s3.secret_key'),
};

type Described = Readonly<Record<string, string>>;

function ownCheckPath(kind: string, key: string): string {
  return `environments.*.own_checks[][kind=${kind}].${key}`;
}

function ownCheck(kind: string, keys: Described): Described {
  const all = {
    kind: 'What is looked at, and from where.',
    name: 'What people call it.',
    severity:
      'critical: a release that fails it is taken back; warning: said; info: kept. Left out: by the kind.',
    ...keys,
  };
  return Object.fromEntries(Object.entries(all).map(([key, text]) => [ownCheckPath(kind, key), text]));
}

function secret(path: string): Described {
  return {
    [`${path}.env`]: "Variable of the worker's environment that has it.",
    [`${path}.file`]: 'File on the runner, seen from this file, that has it.',
  };
}

function calendarWindow(path: string): Described {
  return {
    [`${path}.name`]: 'What people call it.',
    [`${path}.days`]:
      'Days of the week ([fri, sat]) or of the month ([1, 15, last]). Left out: from and until name days.',
    [`${path}.from`]:
      'When it begins: 2026-12-20T18:00 (once), 12-20 (each year), fri 18:00 (each week) or, with days, 15:00.',
    [`${path}.until`]: 'When it ends, in the same form. A date without a time is the whole day.',
  };
}

function transport(path: string): Described {
  return {
    [`${path}.transport`]:
      "What brings it to its hosts: safeguard's own SSH connection, or ansible-playbook. The way back is always SSH.",
    [`${path}.playbook`]:
      "A playbook of one's own, seen from this file, that activates it; docs/ansible.md says what it is told and must do.",
    [`${path}.undo_playbook`]:
      'Carried out on each host that has gone back to another release, to undo what playbook does beside that.',
  };
}

function systemd(path: string): Described {
  return {
    [`${path}.kind`]: 'A service of systemd.',
    ...transport(path),
    [`${path}.artifact`]: 'Archive in the release that has it.',
    [`${path}.exec`]:
      "What is run, word by word; the first is an absolute path. {release} is the component's directory on the host.",
    [`${path}.user`]: 'Who runs it.',
    [`${path}.port`]: 'Where it listens; it is told as PORT.',
    [`${path}.environment`]: 'Variables that it gets.',
    [`${path}.secrets`]: 'Variables that it gets, whose values stand elsewhere.',
    ...secret(`${path}.secrets.*`),
    [`${path}.stop_timeout`]: 'How long it may take to stop before it is killed.',
    [`${path}.ready_timeout`]: 'How long it may take until it answers, in each try that `retries` allows.',
    [`${path}.unit`]:
      "Name of its unit. Left out: made of application, environment and the component's name.",
    [`${path}.health`]: 'How one sees that it works.',
    [`${path}.health.path`]: 'Answers 200 with {"status": "UP"}.',
    [`${path}.health.api`]: 'Further paths that must answer 200.',
    [`${path}.health.version`]: 'Where it says its version.',
    [`${path}.health.version.path`]: 'Path that answers with JSON.',
    [`${path}.health.version.pointer`]: 'JSON pointer to the version in it.',
    [`${path}.health.up`]: 'JSON pointers into the health answer that must say UP.',
  };
}

function staticSite(path: string): Described {
  return {
    [`${path}.kind`]: 'Files that nginx serves.',
    ...transport(path),
    [`${path}.artifact`]: 'Archive in the release that has them.',
    [`${path}.listen`]: 'Port of nginx.',
    [`${path}.server_name`]: 'Name of the site; _ stands for any.',
    [`${path}.routes`]: 'Prefixes that are passed on, and to which component.',
    [`${path}.assets`]:
      'Prefix of files whose names change with their content; those of the release before are served too.',
    [`${path}.pages`]: 'Paths that must answer 200.',
    [`${path}.version`]: 'File whose whole content is the version.',
    [`${path}.proxied`]: 'Paths that must answer 200 through a route.',
    [`${path}.ready_timeout`]: 'How long it may take until it answers, in each try that `retries` allows.',
  };
}
