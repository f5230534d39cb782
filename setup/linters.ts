import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../src/adapters/find-program.js';
import { ANSIBLE_CORE, ansibleVenv } from './ansible.js';
import { ensurePackages } from './apt.js';
import { checkoutRoot } from './checkout.js';
import { goTool, type GoTool } from './go-tool.js';
import type { LintCommand, Linter } from './linter.js';
import { pythonEnvironment } from './python-environment.js';
import { shellScripts } from './shell-scripts.js';

const ANSIBLE_LINT = '26.10.1';
const PLAYBOOKS = ['prepare', 'deploy', 'rollback', 'verify', 'capture', 'requests'].map(
  (name) => `playbooks/${name}.yml`,
);

function ofNode(script: string, ...args: readonly string[]): () => Promise<LintCommand> {
  return () => Promise.resolve({ argv: [process.execPath, join('node_modules', script), ...args] });
}

async function shellcheck(): Promise<LintCommand | string> {
  if ((await findProgram('shellcheck')) === undefined) {
    if (process.getuid?.() !== 0)
      return 'shellcheck is not installed, and installing Debian packages needs root.';
    await ensurePackages(['shellcheck']);
  }
  return { argv: ['shellcheck', '--', ...(await shellScripts(checkoutRoot()))] };
}

const ACTIONLINT: GoTool = {
  name: 'actionlint',
  version: '1.7.12',
  package: 'github.com/rhysd/actionlint/cmd/actionlint',
  takes: 'half a minute, 9 MB',
};

async function workflows(): Promise<LintCommand | string> {
  const program = await goTool(ACTIONLINT);
  return program === undefined
    ? 'There is no Go here to build actionlint with, nor actionlint itself: .github/workflows is UNCHECKED.'
    : { argv: [program, ...(await Promise.all(WORKFLOWS.map(filesIn))).flat()] };
}

/** Our own, and those that users copy. */
const WORKFLOWS = [join('.github', 'workflows'), join('examples', 'github')];

const ZIZMOR = '1.32.0';

/** What others could do with our workflows and our action, and with those that users copy. */
async function zizmor(): Promise<LintCommand> {
  const bin = join(await pythonEnvironment('zizmor', ZIZMOR, [`zizmor==${ZIZMOR}`]), 'bin');
  const files = (await Promise.all(WORKFLOWS.map(filesIn))).flat();
  return { argv: [join(bin, 'zizmor'), '--offline', '--no-progress', '--quiet', 'action.yml', ...files] };
}

const COMPOSE: GoTool = {
  name: 'compose-spec',
  version: '2.16.2',
  package: 'github.com/compose-spec/compose-go/v2/cmd',
  takes: '10 s, 5 MB',
};

/** The compose file by the very library that reads it; this program of it knows no variables. */
async function compose(): Promise<LintCommand | string> {
  const program = await goTool(COMPOSE);
  return program === undefined
    ? 'There is no Go here to build compose-go with: docker-compose.temporal.yml is UNCHECKED.'
    : { argv: [program, '-no-interpolation', 'docker-compose.temporal.yml'] };
}

async function filesIn(directory: string): Promise<string[]> {
  const names = await readdir(join(checkoutRoot(), directory));
  return names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(directory, name));
}

async function playbooks(): Promise<LintCommand> {
  const program = join(await ansibleVenv(), 'bin/ansible-playbook');
  return { argv: [program, '--syntax-check', '-i', 'localhost,', ...PLAYBOOKS], cwd: 'ansible' };
}

async function ansibleLint(): Promise<LintCommand> {
  const packages = [`ansible-core==${ANSIBLE_CORE}`, `ansible-lint==${ANSIBLE_LINT}`];
  const bin = join(await pythonEnvironment('ansible-lint', ANSIBLE_LINT, packages), 'bin');
  const configuration = join(checkoutRoot(), 'setup', 'ansible-lint.yaml');
  return {
    argv: [
      join(bin, 'ansible-lint'),
      '-c',
      configuration,
      '--project-dir',
      '.',
      '--offline',
      '--nocolor',
      '-q',
    ],
    cwd: 'ansible',
    // It calls ansible-playbook by name.
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  };
}

/** Every linter of this repository, the slowest first. */
export const LINTERS: readonly Linter[] = [
  { name: 'eslint', command: ofNode('eslint/bin/eslint.js', '--max-warnings=0', '.') },
  { name: 'ansible-lint', command: ansibleLint },
  { name: 'tsc', command: ofNode('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json') },
  { name: 'prettier', command: ofNode('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.') },
  { name: 'ansible-playbook --syntax-check', command: playbooks },
  { name: 'shellcheck', command: shellcheck },
  { name: 'actionlint', command: workflows },
  { name: 'zizmor', command: zizmor },
  { name: 'compose-go', command: compose },
];
