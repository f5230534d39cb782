import { CAMPUS } from './application.js';
import type { Judged, Served } from './backend.js';
import { violation } from './violation.js';

const VERSION_FILE = 'version.txt';

/** What nginx really serves, file by file. */
export function judgeSite({ host, facts, releases }: Judged): Served {
  const owners = facts.listeners[String(CAMPUS.sitePort)] ?? [];
  const nginx = facts.processes.filter(({ exe }) => exe === '/usr/sbin/nginx');
  const master = nginx.find(({ argv }) => argv[0]?.startsWith('nginx: master'));
  const workers = nginx.filter(({ pid, parent }) => parent === master?.pid && owners.includes(pid));
  const strangers = facts.processes.filter(
    ({ pid, exe }) => owners.includes(pid) && exe !== '/usr/sbin/nginx',
  );
  if (strangers.length > 0)
    return {
      version: null,
      violations: [violation('I1', host, "Another program than nginx listens on the site's port", strangers)],
    };

  const answer = facts.site[`/${VERSION_FILE}`];
  if (answer?.status !== 200) return { version: null, violations: [] };
  if (workers.length === 0)
    return {
      version: null,
      violations: [violation('I1', host, 'The site answers, and no worker of nginx listens', nginx)],
    };

  const release = releases.find(({ frontend }) => frontend[VERSION_FILE] === answer.sha256);
  if (!release)
    return {
      version: null,
      violations: [violation('I1', host, 'The site serves a version file of no release', answer)],
    };
  const wrong = Object.entries(release.frontend).filter(
    ([path, sha256]) => facts.site[`/${path}`]?.status !== 200 || facts.site[`/${path}`]?.sha256 !== sha256,
  );
  if (wrong.length === 0) return { version: release.version, violations: [] };
  const evidence = wrong.map(([path, wanted]) => ({
    path,
    wanted,
    ...facts.site[`/${path}`],
    text: undefined,
  }));
  const what = `The site's version file is the one of ${release.version}, and other files are not`;
  return { version: release.version, violations: [violation('I1', host, what, evidence)] };
}
