import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

/**
 * Which rooms of `src/` each room may import at run time. Imports point one way: domain ← everything.
 * Types may cross further where the table in docs/architecture.md says so (activities, for workflows).
 */
const rooms = {
  domain: [],
  config: ['domain'],
  workflows: ['domain'],
  checks: ['domain', 'config', 'adapters'],
  activities: ['domain', 'config', 'adapters', 'checks', 'workflows/messages'],
  adapters: ['domain', 'config'],
  client: [
    'domain',
    'config',
    'workflows/messages',
    'adapters/temporal-connection',
    'adapters/audit-store',
    'adapters/secrets',
    'checks/smoke',
  ],
  dev: ['domain', 'config', 'adapters', 'client', 'worker'],
  doctor: ['domain', 'config', 'adapters', 'workflows/messages'],
};

function roomRule(room, allowed) {
  const others = Object.keys(rooms).filter((name) => name !== room && !allowed.includes(name));
  const group = others.flatMap((name) => [`../${name}/*`, `../../${name}/*`]);
  const exceptions = allowed.filter((name) => name.includes('/')).map((name) => `!../${name}.js`);
  const pure = room === 'domain' || room === 'workflows';
  const message = `src/${room} is pure: no Node built-ins`;
  const paths = pure ? builtinModules.map((name) => ({ name, message })) : [];
  const patterns = [
    ...(pure ? [{ group: ['node:*'], message }] : []),
    {
      group: [...group, '../worker.js', '../../worker.js', ...exceptions].filter(
        (p) => !(room === 'dev' && p.includes('worker.js')),
      ),
      message: `src/${room} may import only ${['itself', ...allowed].join(', ')}`,
      allowTypeImports: room === 'workflows',
    },
  ];
  return {
    files: [`src/${room}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths, patterns }] },
  };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', 'bin/*.js', 'setup/run.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  ...Object.entries(rooms).map(([room, allowed]) => roomRule(room, allowed)),
  // What checks the promise must not believe anything that the product believes.
  {
    files: ['chaos/checker/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^\\.\\./',
              message: 'the checker shares no code with the product',
            },
          ],
        },
      ],
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
