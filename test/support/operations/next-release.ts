import { readFileSync, writeFileSync } from 'node:fs';
import { CARRIED } from './install.js';
import type { CleanRoot } from './clean-root.js';

/** Where the second release is. */
export const NEXT = '/root/ofitec-next';
/** Its version, which it says of itself. */
export const NEXT_VERSION = '0.2.0';
const TABLE = 'sales_order';
const COLUMN = 'of_the_next_release';

/**
 * Carries a second release there: the same code as a later version, with a migration that adds a column, as most releases
 * have one. It is what a build of that code would have given.
 */
export async function carryNext(root: CleanRoot): Promise<string> {
  await root.read('cp', ['-a', CARRIED, NEXT]);
  const change = (file: string, edit: (text: string) => string): void => {
    const path = root.path(`${NEXT}/${file}`);
    const before = readFileSync(path, 'utf8');
    const after = edit(before);
    if (after === before) throw new Error(`${file} is not as the walk takes it to be.`);
    writeFileSync(path, after);
  };
  const id = `${NEXT_VERSION}-walk`;
  // Every shipped addon has the version of the code: older code starts over it, since nothing contracts.
  change('dist/src/kernel/version.js', (text) =>
    text.replace(/VERSION = '[^']+'/, `VERSION = '${NEXT_VERSION}'`),
  );
  root.writeFile('etc/ofitec/green.env', `PORT='3002'\nOFITEC_RELEASE='${NEXT_VERSION}'\n`);
  change('package.json', (text) =>
    text.replace(/"version": "[^"]+"/, `"version": "${NEXT_VERSION}"`),
  );
  change('release.json', () => `${JSON.stringify({ id })}\n`);
  root.writeFile(
    `${NEXT}/dist/migrations/sales/0999-next.js`,
    [
      'export class Next {',
      "  name = 'Next0999';",
      `  up(runner) { return runner.query('ALTER TABLE ${TABLE} ADD COLUMN ${COLUMN} text'); }`,
      `  down(runner) { return runner.query('ALTER TABLE ${TABLE} DROP COLUMN ${COLUMN}'); }`,
      '}',
    ].join('\n'),
  );
  change('dist/migrations/sales/index.js', (text) =>
    text.replace(/^/, "import { Next } from './0999-next.js';\n").replace(/\];/, ', Next];'),
  );
  return id;
}

/** Whether the second release's migration was applied. */
export async function hasNextColumn(root: CleanRoot): Promise<boolean> {
  const ask = `SELECT count(*) FROM information_schema.columns WHERE table_name = '${TABLE}' AND column_name = '${COLUMN}'`;
  const words = ['-u', 'postgres', '--', 'psql', '-d', 'ofitec', '-XAtqc', ask];
  return (await root.read('runuser', words)).trim() === '1';
}
