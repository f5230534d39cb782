import type { CampusLab } from './campus-lab.js';

const PROGRAM = '/usr/local/sbin/safeguard-host';
const REAL = `${PROGRAM}.real`;

/**
 * `write` writes bytes at once; the request's line was read. Every other operation is the real program's. It stays for many calls as
 * that does.
 */
function pythonText(operation: string, text: string): string {
  return `#!/usr/bin/python3 -I
import json, os, subprocess, sys, time
REAL = ${JSON.stringify(REAL)}
if len(sys.argv) > 1:
    os.execv(REAL, [REAL, *sys.argv[1:]])
line = sys.stdin.buffer.readline()
if json.loads(line)['operation'] == 'stay':
    print('{"type": "result", "result": {"stays": true, "receives": true}}', flush=True)
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        size = 0
        if request['operation'] == 'stage':
            print('{"type": "ready"}', flush=True)
            size = request['manifest']['components'][request['component']]['artifact']['size']
        one = subprocess.Popen([sys.argv[0]], stdin=subprocess.PIPE)
        try:
            one.stdin.write(line)
            while size > 0 and (piece := sys.stdin.buffer.read1(min(size, 1 << 16))):
                size -= len(piece)
                one.stdin.write(piece)
            one.stdin.close()
        except BrokenPipeError:
            one.stdin = None
        print('{"type": "ended", "status": %d}' % one.wait(), flush=True)
        if size > 0 or request['operation'] == 'stage' and one.returncode != 0:
            sys.exit(1)
    sys.exit(0)
if json.loads(line)['operation'] != ${JSON.stringify(operation)}:
    with subprocess.Popen([REAL], stdin=subprocess.PIPE) as real:
        try:
            real.stdin.write(line)
            while piece := sys.stdin.buffer.read1(1 << 16):
                real.stdin.write(piece)
            real.stdin.close()
        except BrokenPipeError:
            real.stdin = None
    sys.exit(real.returncode)
def write(data): os.write(1, data)
${text}
`;
}

/** Replaces the program of a host by one that does harm in one operation; answers what puts the real one back. */
export async function plantProgram(
  { lab }: CampusLab,
  host: string,
  operation: string,
  text: string,
): Promise<() => Promise<void>> {
  const run = async (argv: string[], input = ''): Promise<void> => {
    const { exitCode, stderr } = await lab.run(host, argv, { input });
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} on ${host}: ${stderr}`);
  };
  await run(['cp', '-p', PROGRAM, REAL]);
  await run(
    ['sh', '-ec', 'cat > "$1".new; chmod 755 "$1".new; mv "$1".new "$1"', 'sh', PROGRAM],
    pythonText(operation, text),
  );
  return () => run(['mv', REAL, PROGRAM]);
}
