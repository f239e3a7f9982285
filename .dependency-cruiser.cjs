/** Who may import whom; the plan of the house as rules. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'What goes round cannot be read once from top to bottom.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'kernel-knows-no-business',
      comment: 'The kernel uses npm, itself and its own migrations.',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { path: '^(src/(?!kernel/)|modules/|infra/|migrations/(?!kernel/))' },
    },
    {
      name: 'kernel-through-its-door',
      comment: 'What kernel/index.ts does not export is private.',
      severity: 'error',
      from: { pathNot: '^(src/kernel/|test/)' },
      to: { path: '^src/kernel/', pathNot: '^src/kernel/index\\.ts$' },
    },
    {
      name: 'addons-through-their-door',
      comment: 'An addon is used through its index.ts.',
      severity: 'error',
      from: { path: '^(modules/([^/]+)|src)/' },
      to: { path: '^modules/([^/]+)/', pathNot: ['^modules/[^/]+/index\\.ts$', '^modules/$2/'] },
    },
    {
      name: 'addons-know-no-ways-in',
      comment: 'main, worker, cli and bootstrap are above the addons.',
      severity: 'error',
      from: { path: '^modules/' },
      to: { path: '^(src/(?!kernel/)|infra/)' },
    },
    {
      name: 'addons-own-migrations-only',
      comment: 'Each folder of migrations belongs to one addon.',
      severity: 'error',
      from: { path: '^modules/([^/]+)/' },
      to: { path: '^migrations/', pathNot: '^migrations/$1/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration must mean the same in ten years: it uses typeorm and sql.ts.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|modules|infra|test)/' },
    },
    {
      name: 'nothing-needs-tests',
      severity: 'error',
      from: { pathNot: '(^test/|\\.test\\.ts$)' },
      to: { path: '^test/' },
    },
    { name: 'unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
