import { Command } from 'commander';
import { print } from '../print.js';
import { demandWritable, readSecretFile, writeSecretFile } from '../render/secret-file.js';
import { withVault } from '../with-vault.js';
import { Door } from './door.js';
import { TotpKeys } from './keys.js';

interface Options {
  readonly json?: boolean;
  readonly name?: string;
  readonly out?: string;
  readonly codes?: string;
  readonly codeFile?: string;
  readonly listen?: string;
}

/** `ofitec secrets totp …` */
export function totpCommand(): Command {
  return new Command('totp')
    .description('authenticator apps before Grafana and the Traefik dashboard')
    .addCommand(
      gives(
        verb('add', 'give a person a key and recovery codes, in the place of earlier ones'),
      ).action(add),
    )
    .addCommand(
      gives(verb('recover', 'give another key to who lost the phone and has a recovery code'))
        .requiredOption('--code-file <file>', 'file with the recovery code; it is spent')
        .action(recover),
    )
    .addCommand(
      verb('remove', 'take a person’s key away')
        .requiredOption('--name <name>', 'the person, as login')
        .action(remove),
    )
    .addCommand(verb('list', 'who has a key').action(list))
    .addCommand(
      verb('serve', 'answer ForwardAuth and auth_request, until stopped')
        .option('--listen <address>', 'host:port', '127.0.0.1:9300')
        .action(serve),
    );
}

function verb(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON');
}

function gives(command: Command): Command {
  return command
    .requiredOption('--name <name>', 'the person, as login')
    .requiredOption('--out <file>', 'file that gets the address for the app; show it, delete it')
    .option('--codes <file>', 'file that gets the recovery codes; <out>.codes unless told');
}

async function add(options: Options): Promise<void> {
  await give(options, (keys, name) => keys.make(name));
}

async function recover({ codeFile = '', ...options }: Options): Promise<void> {
  const code = readSecretFile(codeFile)?.toString('utf8').trim();
  if (!code)
    throw new Error(`${codeFile} is not there, we may not read it, or others may (chmod 600).`);
  await give(options, (keys, name) => keys.recover(name, code));
}

async function give(
  { name = '', out = '', codes = `${out}.codes`, json }: Options,
  make: (keys: TotpKeys, name: string) => ReturnType<TotpKeys['make']>,
): Promise<void> {
  // What could not be written down afterwards would be lost, and the earlier key with it.
  demandWritable(out, codes);
  const { url, recoveryCodes } = await withVault((vault) => make(new TotpKeys(vault), name));
  writeSecretFile(out, `${url}\n`);
  writeSecretFile(codes, `${recoveryCodes.join('\n')}\n`);
  const result = { name, file: out, codes };
  const line = `${name} has a new key: its address is in ${out}`;
  print(result, [line, `${recoveryCodes.length} recovery codes are in ${codes}`], json);
}

async function remove({ name = '', json }: Options): Promise<void> {
  await withVault((vault) => new TotpKeys(vault).remove(name));
  print({ removed: name }, [`${name} has no key; an open session ends within eight hours`], json);
}

async function list({ json }: Options): Promise<void> {
  const names = await withVault((vault) => new TotpKeys(vault).list());
  print(names, names, json);
}

async function serve({ listen = '', json }: Options): Promise<void> {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(listen) ?? [];
  if (host === '') throw new Error('--listen is host:port');
  await withVault(async (vault) => {
    const keys = new TotpKeys(vault);
    const server = await new Door((name, code) => keys.judge(name, code)).listen(
      Number(port),
      host,
    );
    const address = server.address();
    const at = typeof address === 'object' && address ? `${host}:${address.port}` : listen;
    print(
      { listening: at },
      [`Listening on ${at}: /door/check for the proxy, /door for people`],
      json,
    );
    await new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}
