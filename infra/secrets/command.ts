import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { spoolAlert } from './alert-spool.js';
import { readPlan, secretsConfig } from './config.js';
import { doctorCommand } from './doctor/command.js';
import { leaseCommand } from './lease/command.js';
import { aligned, print } from './print.js';
import { gather } from './render/gather.js';
import { renderNewest } from './render/render.js';
import type { Rendering } from './render/render.js';
import { demandWritable, writeSecretFile } from './render/secret-file.js';
import { rotateCommand } from './rotate/command.js';
import { totpCommand } from './totp/command.js';
import { Kv } from './vault/kv.js';
import { readSignIn, ROLE_NAMES, setUp, setUpJwt, wrapSecretId } from './vault/setup.js';
import { readDatabase, setUpDatabase } from './vault/setup-database.js';
import { isTrouble, VaultFault } from './vault/vault-fault.js';
import { withVault } from './with-vault.js';

interface Options {
  readonly json?: boolean;
  readonly auth?: string;
  readonly database?: string;
  readonly check?: boolean;
  readonly role?: string;
  readonly out?: string;
  readonly minutes?: string;
}

/** `ofitec secrets …`: what keeps the secrets. None of it needs the ERP or its database to run. */
export function secretsCommand(): Command {
  return new Command('secrets')
    .description('secrets in Vault or OpenBao; SECRETS_CONFIG names what is rendered and rotated')
    .addCommand(
      verb('setup', 'give a server its engine, policies and roles; may be run again')
        .option(
          '--auth <file>',
          'JSON of a further sign-in: mount, kind (jwt, kubernetes), config, role',
        )
        .option(
          '--database <file>',
          'JSON of a PostgreSQL whose logins are leased: connection, role',
        )
        .action(setup),
    )
    .addCommand(
      verb('wrap', 'wrap a new secret id of a role into a file, to be opened once')
        .addOption(
          new Option('--role <role>', 'whose secret id').choices(ROLE_NAMES).makeOptionMandatory(),
        )
        .requiredOption('--out <file>', 'file that gets the wrapping’s token, for that host only')
        .option('--minutes <minutes>', 'how long it may be opened', '30')
        .action(wrap),
    )
    .addCommand(
      verb('render', 'write the secrets into their files; on any failure the old ones stay')
        .option('--check', 'only say which files differ; exit 1 if any does')
        .action(render),
    )
    .addCommand(
      verb('restore', 'put what this host’s files hold into a server that has no secrets').action(
        restore,
      ),
    )
    .addCommand(rotateCommand())
    .addCommand(leaseCommand())
    .addCommand(doctorCommand())
    .addCommand(totpCommand())
    .addHelpText('after', () => variables());
}

/** What all of them read, which an option could not hold: arguments are seen by every user of a host. */
function variables(): string {
  const rows = Object.entries(secretsConfig).map(([name, { summary, secret }]) => [
    `  ${name}`,
    `${summary}${secret ? `; or ${name}_FILE` : ''}`,
  ]);
  const more =
    'Each has --help. Without an exit code of its own a failure is 1. infra/secrets/rotation.md.';
  return ['', 'Environment:', ...aligned(rows), '', more].join('\n');
}

function verb(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON');
}

async function setup({ json, auth, database }: Options): Promise<void> {
  const further = auth === undefined ? null : readSignIn(auth);
  const leased = database === undefined ? null : readDatabase(database);
  const provisions = await withVault(async (vault) => [
    ...(await setUp(vault)),
    ...(further ? [await setUpJwt(vault, further)] : []),
    ...(leased ? await setUpDatabase(vault, leased) : []),
  ]);
  const lines = aligned(provisions.map(({ what, done, note }) => [what, done, note]));
  print(provisions, lines, json);
  if (provisions.some(({ done }) => done === 'missing')) process.exitCode = 1;
}

async function wrap({ role = '', out = '', minutes = '', json }: Options): Promise<void> {
  const wrapMinutes = /^\d{1,4}$/.test(minutes) ? Number(minutes) : 0;
  if (wrapMinutes < 1) throw new Error('--minutes goes from 1 to 9999');
  demandWritable(out);
  const token = await withVault((vault) => wrapSecretId(vault, role, wrapMinutes * 60));
  writeSecretFile(out, token);
  const result = { role, file: out, opensOnceWithinMinutes: wrapMinutes };
  print(result, [`${out}: opens once within ${wrapMinutes} minutes`], json);
}

async function render({ check, json }: Options): Promise<void> {
  const plan = readPlan(process.env);
  let rendering: Rendering;
  try {
    rendering = await withVault((vault) => {
      const kv = new Kv(vault);
      return renderNewest(() => kv.get(plan.path), plan.targets, check);
    });
  } catch (error) {
    const alert = { type: 'vault.unavailable', key: hostname(), label: plan.path } as const;
    if (!check) spoolAlert(plan.alertSpool, { ...alert, good: false });
    const kept = error instanceof VaultFault ? ' The files stay as they are.' : '';
    throw new Error(`${(error as Error).message}${kept}`, { cause: error });
  }
  const { files, version, notRendered } = rendering;
  const lines = files.map(({ file, state, keys }) => [file, state, keys.join(', ')]);
  const others = notRendered.length > 0 ? [`Not rendered: ${notRendered.join(', ')}`] : [];
  print(rendering, [`Version ${version} of ${plan.path}`, ...aligned(lines), ...others], json);
  if (files.some(({ state }) => state === 'differs')) process.exitCode = 1;
}

/** The way back when a server is lost with its unseal keys: hosts have the last copy. */
async function restore({ json }: Options): Promise<void> {
  const { path, targets } = readPlan(process.env);
  const values = gather(targets);
  const keys = [...values.keys()].sort();
  await withVault(async (vault) => {
    try {
      await new Kv(vault).write(path, Object.fromEntries(values), 0);
    } catch (error) {
      if (!isTrouble(error, 'conflict')) throw error;
      throw new Error(`${path} holds secrets already: nothing was written.`, { cause: error });
    }
  });
  print({ path, keys }, [`${path}: ${keys.join(', ')}`], json);
}
