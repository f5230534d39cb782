import { onHost, told, withStatus, type Plant } from './chaos-plants.js';

const UNIT = '/etc/systemd/system/campus-production-backend.service';
const SITE = '/etc/nginx/conf.d/campus-production.conf';

// Answers what the right release answers, whatever it is asked.
const IMPOSTOR = `
import http.server
class Impostor(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{\\"build\\": {\\"version\\": \\"2.0.0\\"}}")
http.server.HTTPServer(("127.0.0.1", 8080), Impostor).serve_forever()
`;

function site(change: string): string {
  return `cp ${SITE} /root; sed -i "${change}" ${SITE}; nginx -s reload; settled`;
}

const SITE_AGAIN = `mv /root/campus-production.conf ${SITE}; nginx -s reload; settled`;

/** A process of the service user beside the one that serves, from the folder of a release. */
function beside(version: string): { put: string; undo: string } {
  const place = `--uid=campus --working-directory="$(folder ${version})/backend" --setenv=PORT=8085`;
  const program = `/usr/bin/python3 "$(folder ${version})/backend/campus.py"`;
  return {
    put: `systemd-run --quiet --collect --unit=second ${place} ${program}`,
    undo: 'systemctl stop second.service',
  };
}

const MIXED = [['I1', null, /^Hosts serve different releases$/]] as const;

/** I1: what serves. */
export const SERVING: readonly Plant[] = [
  {
    ...onHost('one host serves another release', 'web-2', {
      put: `cp ${UNIT} ${SITE} /root
        sed -i "s|$(folder 2.0.0)|$(folder 1.0.0)|g; /ConditionPathExists/d; s/2\\.0\\.0/1.0.0/" ${UNIT}
        sed -i "s|$(folder 2.0.0)/frontend|$(folder 1.0.0)/frontend|" ${SITE}; restart`,
      undo: `mv /root/campus-production-backend.service ${UNIT}; mv /root/campus-production.conf ${SITE}; restart`,
    }),
    finds: MIXED,
  },
  {
    ...onHost('one host serves nothing', 'web-3', {
      put: `systemctl stop $AE-backend.service; mv ${SITE} /root; nginx -s reload; settled`,
      undo: `mv /root/campus-production.conf ${SITE}; restart`,
    }),
    finds: MIXED,
  },
  told(
    'every host serves another release than the one that completed last',
    (rest) => withStatus(rest, 1, 'FAILED'),
    ['I1', /^Every host serves 2\.0\.0, .* should be 1\.0\.0$/],
    ['I4', /has ended as FAILED, and its record says SUCCEEDED$/],
  ),
  onHost(
    'another program answers the right version',
    'web-1',
    {
      put: `systemctl stop $AE-backend.service
        systemd-run --quiet --collect --unit=impostor --uid=campus --working-directory="$(folder 2.0.0)/backend" \\
          /usr/bin/python3 -c '${IMPOSTOR}'; answers`,
      undo: 'systemctl stop impostor.service; restart',
    },
    [
      'I1',
      /^The process that listens .* is not what a release starts: it does not run the program of its folder/,
    ],
  ),
  onHost(
    'the right process runs from a folder that was deleted',
    'web-1',
    { put: 'cd "$(folder 2.0.0)"; cp -a backend copy; rm -r backend; mv copy backend', undo: 'restart' },
    ['I1', /^The process that serves runs from files that were deleted$/],
  ),
  onHost(
    'a file of the release was changed',
    'web-3',
    {
      put: 'cd "$(folder 2.0.0)/backend"; cp -a campus.py /root; echo "# more" >> campus.py',
      undo: 'cp -a /root/campus.py "$(folder 2.0.0)/backend"; rm /root/campus.py; restart',
    },
    ['I1', /^The folder \w+\/backend has not the bytes of any release/],
  ),
  onHost(
    'a file was changed after the process started, and is the right one again',
    'web-3',
    // No sooner than clocks may differ.
    {
      put: `cd "$(folder 2.0.0)/backend"
        while [ "$(ps -o etimes= -p "$(systemctl show -p MainPID --value $AE-backend)")" -lt 4 ]; do sleep 0.1; done
        chmod u+x campus.py; chmod u-x campus.py`,
      undo: 'restart',
    },
    ['I1', /^Files of the backend were changed after the process started/],
  ),
  onHost(
    'nginx serves the site of another release',
    'web-2',
    { put: site('s|$(folder 2.0.0)/frontend|$(folder 1.0.0)/frontend|'), undo: SITE_AGAIN },
    ['I1', /^The backend serves 2\.0\.0 and the site 1\.0\.0$/],
  ),
  onHost(
    'nginx serves one page of another release',
    'web-2',
    {
      put: site('s|location / {|location = /courses.html { root $(folder 1.0.0)/frontend; }\\n&|'),
      undo: SITE_AGAIN,
    },
    ['I1', /^The site's version file is the one of 2\.0\.0, and other files are not$/],
  ),
  onHost('a second process of the backend', 'web-1', beside('2.0.0'), [
    'I1',
    /^A second process of the backend runs$/,
  ]),
  onHost('a process of the release before', 'web-1', beside('1.0.0'), [
    'I1',
    /^A process runs from another release's folder/,
  ]),
];
